/* test_dwe.c - the embedding as a learner: its gradient against finite
 * differences of its loss, validation, refusals, the model in a file. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "barrow/random.h"
#include "model/dwe.h"

#include "dwe_case.h"
#include "raw_file.h"

/* The loss of a batch: a step at rate 0, which changes nothing; with `rate` 1
 * and sgd, values lose their gradient. */
static double step(dwe_case *s, double rate)
{
    const uint32_t example[] = {3, 0, 7, 7, 1};
    bw_step at = {.step = 1, .rate_factor = 1};
    double terms[BW_MAX_TERMS], total = 0;
    bw_error err = BW_ERROR_INIT;

    s->training.rate = rate;
    s->l->loaded(s->l->self);
    cr_assert(!s->l->step(s->l->self, example, 5, &at, terms, &err));
    for (size_t k = 0; k < s->l->n_terms; k++)
        if (s->l->term[k].weight > 0)
            total += s->l->term[k].weight * terms[k];
    return total;
}

static void check_gradient(size_t n_planes, bool is_regressor)
{
    dwe_case s = {.comm = NULL};

    dwe_case_make(&s, n_planes, is_regressor, 0);
    size_t n = s.dwe->model->n_values;
    float *value = s.dwe->model->values, *start = malloc(n * sizeof *start);
    /* Larger than Glorot's, so that every term has a slope of some size. */
    for (size_t k = 0; k < n; k++)
        start[k] = value[k] *= 3;
    step(&s, 1);
    float *slope = malloc(n * sizeof *slope);
    double most = 0;
    for (size_t k = 0; k < n; k++) {
        slope[k] = start[k] - value[k];
        most = fmax(most, fabs((double)slope[k]));
    }
    cr_assert_gt(most, 0.1);
    memcpy(value, start, n * sizeof *start);
    for (size_t k = 0; k < n; k++) {
        const float h = 4e-3F;
        value[k] = start[k] + h;
        double up = step(&s, 0);
        value[k] = start[k] - h;
        double down = step(&s, 0);
        value[k] = start[k];
        double want = (up - down) / (2 * (double)h);
        cr_assert_float_eq((double)slope[k], want, 2e-3 * most + 1e-3,
                           "value %zu of %zu: %g, not %g", k, n,
                           (double)slope[k], want);
    }
    free(start);
    free(slope);
    dwe_case_clear(&s);
}

Test(dwe, gradient_of_the_embedding)
{
    check_gradient(1, false);
}

Test(dwe, gradient_of_the_embedding_of_channels)
{
    check_gradient(3, false);
}

Test(dwe, gradient_of_the_regressor)
{
    check_gradient(1, true);
}

Test(dwe, validation_is_the_loss_of_the_held_pairs)
{
    dwe_case s = {.comm = NULL};
    bw_error err = BW_ERROR_INIT;
    double terms[BW_MAX_TERMS], cost, mse = 0;
    bw_dwe_pass *pass;

    dwe_case_make(&s, 1, false, 19);
    cr_assert_eq(s.l->n_examples, 1);
    cr_assert(!s.l->validate(s.l->self, terms, &err));
    cr_assert(!bw_dwe_pass_create(s.dwe, 3, s.tasks, NULL, &pass, &err));
    /* The pair that is left to train on is the only one not in the mean. */
    double all = 0, of_one = HUGE_VAL;
    for (size_t k = 0; k < N_PAIRS; k++) {
        cr_assert(!bw_dwe_predict(pass, &s.images, &s.images, 1,
                                  (const uint32_t(*)[2]) & s.pairs.pair[k],
                                  &cost, &err));
        all += pow(cost - s.pairs.cost[k], 2);
    }
    for (size_t k = 0; k < N_PAIRS; k++) {
        cr_assert(!bw_dwe_predict(pass, &s.images, &s.images, 1,
                                  (const uint32_t(*)[2]) & s.pairs.pair[k],
                                  &cost, &err));
        mse = (all - pow(cost - s.pairs.cost[k], 2)) / 19;
        of_one = fmin(of_one, fabs(mse - terms[1]));
    }
    cr_assert_lt(of_one, 1e-5 * terms[1], "%g", of_one);
    cr_assert_float_eq(terms[0], terms[1] * 0.25, 1e-6 * terms[1]);
    bw_dwe_pass_destroy(pass);
    dwe_case_clear(&s);
}

Test(dwe, split_follows_the_seed_and_may_not_take_all)
{
    dwe_case s = {.comm = NULL};
    bw_error err = BW_ERROR_INIT;
    bw_dwe_learner *none;

    dwe_case_make(&s, 1, false, 0.25);
    cr_assert_eq(s.l->n_examples, 15);
    s.training.validation = N_PAIRS;
    cr_assert_eq(bw_dwe_learner_create(&s.training, &none, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "pairs: of 20 pairs none is left to train on "
                               "when 20 are held out");
    dwe_case_clear(&s);
}

/* One step at a huge rate makes the next one's terms infinite or none. */
Test(dwe, nothing_is_updated_by_what_is_not_finite)
{
    dwe_case s = {.comm = NULL};

    dwe_case_make(&s, 1, false, 0);
    size_t n = s.dwe->model->n_values;
    float *copy = malloc(n * sizeof *copy);
    s.dwe->model->values[0] = NAN;
    memcpy(copy, s.dwe->model->values, n * sizeof *copy);
    cr_assert(isnan(step(&s, 1)));
    cr_assert(!memcmp(copy, s.dwe->model->values, n * sizeof *copy));
    free(copy);
    dwe_case_clear(&s);
}

Test(dwe, codes_are_in_the_unit_of_costs)
{
    dwe_case s = {.comm = NULL};
    bw_error err = BW_ERROR_INIT;
    bw_dwe_pass *pass;
    float codes[N_IMAGES * 5], planes[N_IMAGES * H * W];
    double cost;

    dwe_case_make(&s, 1, false, 0);
    cr_assert(!bw_dwe_pass_create(s.dwe, 4, s.tasks, NULL, &pass, &err));
    cr_assert(!bw_dwe_encode(pass, &s.images, N_IMAGES, NULL, codes, &err));
    for (uint32_t k = 1; k < N_IMAGES; k++) {
        const uint32_t pair[1][2] = {{0, k}};
        double sum = 0;
        for (size_t i = 0; i < 5; i++)
            sum += pow((double)codes[i] - (double)codes[k * 5 + i], 2);
        cr_assert(
            !bw_dwe_predict(pass, &s.images, &s.images, 1, pair, &cost, &err));
        cr_assert_float_eq(cost, sum, 1e-5 * sum);
    }
    cr_assert(!bw_dwe_decode(pass, N_IMAGES, codes, planes, &err));
    for (size_t k = 0; k < N_IMAGES; k++) {
        double sum = 0;
        for (size_t i = 0; i < H * W; i++)
            sum += (double)planes[k * H * W + i];
        cr_assert_float_eq(sum, 1, 1e-5);
    }
    bw_dwe_pass_destroy(pass);
    dwe_case_clear(&s);
}

Test(dwe, label_scale_is_a_power_of_two)
{
    cr_assert_float_eq(bw_dwe_label_scale(11.3), 1, 0);
    cr_assert_float_eq(bw_dwe_label_scale(10.7), 1, 0);
    cr_assert_float_eq(bw_dwe_label_scale(11.3 * 300), 1.0 / 256, 0);
    cr_assert_float_eq(bw_dwe_label_scale(2.9), 4, 0);
    cr_assert_float_eq(bw_dwe_label_scale(0), 1, 0);
    cr_assert_float_eq(bw_dwe_input_scale(1.0 / 103), 128, 0);
    cr_assert_float_eq(bw_dwe_input_scale(0), 1, 0);
}

static void write_model(const dwe_case *s, const char *path)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *writer;
    bw_provenance *p = bw_provenance_create("dwe", 0, NULL, NULL);

    cr_assert(!bw_writer_create(path, &writer, &err));
    cr_assert(!bw_model_put(s->dwe->model, NULL, writer, &err));
    cr_assert(!bw_provenance_stamp(p, writer, "model", &err));
    cr_assert(!bw_writer_commit(writer, &err));
    bw_writer_destroy(writer);
    bw_provenance_destroy(p);
}

Test(dwe, comes_back_from_a_file, .init = raw_enter, .fini = raw_leave)
{
    dwe_case s = {.comm = NULL};
    bw_error err = BW_ERROR_INIT;
    bw_dwe *dwe;

    dwe_case_make(&s, 1, false, 0);
    write_model(&s, "m.st.zst");
    cr_assert(!bw_dwe_open("m.st.zst", &dwe, &err), "%s", err.text);
    cr_assert_eq(dwe->model->n_values, s.dwe->model->n_values);
    cr_assert(!memcmp(dwe->model->values, s.dwe->model->values,
                      dwe->model->n_values * sizeof(float)));
    cr_assert_eq(dwe->latent, 5);
    cr_assert_float_eq(dwe->label_scale, 0.5, 0);
    cr_assert_float_eq(dwe->input_scale, 4, 0);
    cr_assert_str_eq(dwe->problem.ground, "l2");
    cr_assert(!bw_dwe_check_pairs(dwe, &s.pairs, &err));
    s.pairs.problem.p = 1;
    cr_assert_eq(bw_dwe_check_pairs(dwe, &s.pairs, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text,
                     "pairs: p is 1, that of the model m.st.zst is 2");
    bw_dwe_destroy(dwe);
    dwe_case_clear(&s);
}

/* A design of one text more, which must not fit. */
static void check_misfit(const char *encoder, const char *decoder,
                         const char *message)
{
    dwe_case s = {.comm = NULL};
    bw_error err = BW_ERROR_INIT;
    bw_dwe *dwe;

    memset(&s, 0, sizeof s);
    dwe_case_data(&s, 1);
    bw_dwe_design design = {.preset = "dwe-mnist",
                            .encoder = encoder,
                            .encoder_name = "e",
                            .decoder = decoder,
                            .decoder_name = "d",
                            .width = 1,
                            .latent = 5,
                            .images = &s.images,
                            .pairs = &s.pairs,
                            .label_scale = NAN,
                            .input_scale = NAN};
    cr_assert_eq(bw_dwe_create(&design, &dwe, &err), BW_ERR_DIMENSION);
    cr_assert_str_eq(err.text, message);
    bw_dwe_images_clear(&s.images);
    bw_dwe_pairs_clear(&s.pairs);
}

Test(dwe, networks_that_do_not_fit)
{
    check_misfit("conv 2 3x3\n", dwe_case_decoder,
                 "the encoder's output is 4x3x2, where 24 is wanted");
    check_misfit(dwe_case_encoder, "dense 13\nsoftmax\n",
                 "the decoder's output is 13, where 12 is wanted");
    check_misfit(dwe_case_encoder, "dense 12\nsigmoid\n",
                 "the decoder does not end in softmax: its output has to be a "
                 "histogram");
}
