/* test_wae.c - the model: what its design makes of it, what it refuses, what a
 * file keeps of it, passes through it. */
#include "config.h"

#include "barrow/provenance.h"
#include "raw_file.h"
#include "wae_case.h"

TestSuite(wae, RAW_FOLDER);

static wae_case case_of(bw_wae_penalty penalty)
{
    wae_case c = {.loss = {.cost = BW_WAE_L1,
                           .scale = 0.02,
                           .penalty = penalty,
                           .lambda = 1.0 / 3,
                           .kernel = BW_MMD_RBF,
                           .is_biased = true,
                           .has_log_prior = penalty == BW_WAE_GAN},
                  .is_gaussian = true,
                  .prior = {.scale = 1.4142135623730951}};

    items_case_make(&c.items, CASE_ITEMS, (bw_shape){CASE_H, CASE_W, 1, false},
                    0);
    c.items.origin.digest = 0xfedcba9876543210;
    return c;
}

/* ---- in a file ---- */

static void save(const bw_wae *wae, const char *path)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *writer;

    cr_assert(!bw_writer_create(path, &writer, &err));
    cr_assert(!bw_model_put(wae->model, NULL, writer, &err), "%s", err.text);
    cr_assert(!bw_writer_set_meta(writer, BW_META_KIND, "model", &err));
    cr_assert(!bw_writer_commit(writer, &err), "%s", err.text);
    bw_writer_destroy(writer);
}

Test(wae, comes_back_from_a_file)
{
    for (int penalty = 0; penalty < 4; penalty++) {
        wae_case c = case_of((bw_wae_penalty)penalty);
        bw_error err = BW_ERROR_INIT;
        bw_wae *again;

        wae_case_make(&c);
        save(c.wae, "m.st.zst");
        cr_assert(!bw_wae_open("m.st.zst", &again, &err), "%s", err.text);
        cr_assert_str_eq(again->origin.name, "m.st.zst");
        cr_assert_eq(again->loss.cost, c.loss.cost);
        cr_assert_eq(again->loss.penalty, c.loss.penalty);
        cr_assert_eq(again->loss.kernel, c.loss.kernel);
        cr_assert_eq(again->loss.is_biased, c.loss.is_biased);
        cr_assert_eq(again->loss.has_log_prior, c.loss.has_log_prior);
        cr_assert_float_eq(again->loss.scale, c.loss.scale, 0);
        cr_assert_float_eq(again->loss.lambda, c.loss.lambda, 0);
        cr_assert_float_eq(again->prior.scale, c.prior.scale, 0);
        cr_assert_eq(again->prior.kind, BW_PRIOR_NORMAL);
        cr_assert_eq(again->prior.d, CASE_D);
        cr_assert_eq(again->latent, CASE_D);
        cr_assert(again->is_gaussian);
        cr_assert_eq(again->range, BW_RANGE_UNIT);
        cr_assert_eq(again->items_digest, 0xfedcba9876543210);
        cr_assert(bw_shape_equal(again->item, c.wae->item));
        cr_assert_eq(again->adversary != NULL, penalty == BW_WAE_GAN);
        cr_assert_eq(again->model->n_values, c.wae->model->n_values);
        cr_assert(!memcmp(again->model->values, c.wae->model->values,
                          again->model->n_values * sizeof(float)));
        bw_wae_destroy(again);
        wae_case_clear(&c);
    }
}

static void check_setting(const char *key, const char *value,
                          const char *message)
{
    wae_case c = case_of(BW_WAE_KL);
    bw_error err = BW_ERROR_INIT;
    bw_wae *again;

    wae_case_make(&c);
    cr_assert(!bw_model_set(c.wae->model, key, value, &err));
    save(c.wae, "m.st.zst");
    cr_assert_neq(bw_wae_open("m.st.zst", &again, &err), BW_OK, "%s", key);
    cr_assert_null(again);
    cr_assert_str_eq(err.text, message);
    wae_case_clear(&c);
}

Test(wae, settings_that_no_model_has)
{
    check_setting("prior", "sphere",
                  "m.st.zst: the penalty kl needs the normal prior");
    check_setting("gaussian", "no",
                  "m.st.zst: the penalty kl needs a Gaussian encoder");
    check_setting("penalty", "k", "m.st.zst: setting 'penalty' is k");
    check_setting("penalty", "gan",
                  "m.st.zst: its networks are not encoder and decoder and "
                  "adversary");
    check_setting("item", "4x3", "m.st.zst: setting 'item' is 4x3");
    check_setting("item", "12",
                  "m.st.zst: the encoder's input is 4x3x1, where 12 is wanted");
    check_setting("items", "12", "m.st.zst: setting 'items' is 12");
    check_setting("latent", "4",
                  "m.st.zst: the encoder's output is 6, where 8 is wanted");
    check_setting("latent", "1e300",
                  "m.st.zst: setting 'latent' is '1e300', no number in 1 .. "
                  "2.68435e+08");
}

/* ---- designs ---- */

static void check_refused(const bw_wae_design *design, bw_status status,
                          const char *message)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae *wae;

    cr_assert_eq(bw_wae_create(design, &wae, &err), status, "%s", err.text);
    cr_assert_null(wae);
    cr_assert_str_eq(err.text, message);
}

Test(wae, designs_that_cannot_be)
{
    wae_case c = case_of(BW_WAE_KL);
    bw_wae_design d;

    d = wae_case_design(&c);
    d.is_gaussian = false;
    check_refused(&d, BW_ERR_USAGE, "the penalty kl needs a Gaussian encoder");
    d = wae_case_design(&c);
    d.prior.kind = BW_PRIOR_UNIFORM;
    check_refused(&d, BW_ERR_USAGE, "the penalty kl needs the normal prior");
    d.loss.penalty = BW_WAE_GAN;
    d.loss.has_log_prior = true;
    check_refused(&d, BW_ERR_USAGE,
                  "the adversary's log-prior needs the normal prior");
    d = wae_case_design(&c);
    d.decoder = "dense 13\n";
    check_refused(&d, BW_ERR_DIMENSION,
                  "the decoder's output is 13, where 4x3x1 is wanted");
    d = wae_case_design(&c);
    d.encoder = "conv 6 3x3\n";
    check_refused(&d, BW_ERR_DIMENSION,
                  "the encoder's output is 4x3x6, where 6 is wanted");
    d = wae_case_design(&c);
    d.loss.penalty = BW_WAE_GAN;
    d.adversary = "dense 2\n";
    check_refused(&d, BW_ERR_DIMENSION,
                  "the adversary's output is 2, where 1 is wanted");
    d = wae_case_design(&c);
    d.range = BW_RANGE_SIGNED;
    c.items.values[17] = 1.5F;
    check_refused(&d, BW_ERR_RANGE,
                  "items: item 1: value 1.5 is not in 0 .. 1");
    bw_items_clear(&c.items);
}

/* Flatten has an order of its own, so a flat output is no image of colours. */
Test(wae, a_flat_output_stands_for_one_channel_only)
{
    wae_case c = case_of(BW_WAE_KL);
    bw_wae_design d = wae_case_design(&c);
    bw_error err = BW_ERROR_INIT;
    bw_wae *wae;

    cr_assert(!bw_wae_create(&d, &wae, &err), "%s", err.text);
    bw_wae_destroy(wae);
    c.items.shape = (bw_shape){2, 2, 3, false};
    check_refused(&d, BW_ERR_DIMENSION,
                  "the decoder's output is 12, where 2x2x3 is wanted");
    bw_items_clear(&c.items);
}

static void check_range(const char *decoder, bw_range wanted)
{
    wae_case c = case_of(BW_WAE_NONE);
    bw_error err = BW_ERROR_INIT;
    bw_wae *wae;

    c.decoder = decoder;
    bw_wae_design d = wae_case_design(&c);
    cr_assert(!bw_wae_create(&d, &wae, &err), "%s", err.text);
    cr_assert_eq(wae->range, wanted, "%s", decoder);
    bw_wae_destroy(wae);
    bw_items_clear(&c.items);
}

Test(wae, the_last_layer_tells_the_range)
{
    check_range("dense 12\nsigmoid\n", BW_RANGE_UNIT);
    check_range("dense 12\ntanh\n", BW_RANGE_SIGNED);
    check_range("dense 12\nsigmoid\nreshape 4 3 1\n", BW_RANGE_UNIT);
    check_range("dense 12\ntanh\ndense 12\n", BW_RANGE_NONE);
}

Test(wae, networks_of_presets)
{
    static const char *const preset[] = {"wae-mnist-small", "wae-celeba-small"};

    for (size_t k = 0; k < 2; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_wae *wae;
        bw_items items;

        items_case_make(&items, 2, (bw_shape){16, 16, k ? 3 : 1, false}, 0);
        bw_wae_design d = {
            .preset = preset[k],
            .width = 0.5,
            .latent = 5,
            .is_gaussian = true,
            .items = &items,
            .range = -1,
            .loss = {.scale = 1, .penalty = BW_WAE_GAN, .lambda = 1},
            .prior = {.scale = 1},
            .init = BW_INIT_TRUNCATED,
            .init_sd = 0.01,
            .seed = 1};
        cr_assert(!bw_wae_create(&d, &wae, &err), "%s", err.text);
        cr_assert_eq(bw_network_output(wae->encoder->network).c, 10);
        cr_assert_eq(wae->range, k ? BW_RANGE_SIGNED : BW_RANGE_UNIT);
        bw_wae_destroy(wae);
        bw_items_clear(&items);
    }
}

Test(wae, values_of_presets)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae_values v;
    bw_schedule schedule;

    cr_assert(!bw_wae_preset("wae-celeba", BW_WAE_GAN, &v, &err));
    cr_assert_eq(v.latent, 64);
    cr_assert_float_eq(v.lambda, 100, 0);
    cr_assert_float_eq(v.rate, 3e-4, 0);
    cr_assert(v.has_log_prior);
    cr_assert(!bw_wae_preset("wae-celeba", BW_WAE_MMD, &v, &err));
    cr_assert_float_eq(v.rate, 1e-3, 0);
    cr_assert(!v.has_log_prior);
    cr_assert(!bw_wae_preset("wae-mnist", BW_WAE_KL, &v, &err));
    cr_assert_float_eq(v.lambda, 0.05, 0);
    cr_assert(!bw_wae_preset("wae-mnist", BW_WAE_NONE, &v, &err));
    cr_assert_float_eq(v.lambda, 0, 0);
    cr_assert_eq(bw_wae_preset("dwe-mnist", BW_WAE_MMD, &v, &err),
                 BW_ERR_USAGE);
    cr_assert_str_eq(err.text, "no preset \"dwe-mnist\" of an auto-encoder "
                               "(wae-celeba|wae-celeba-small|wae-mnist|"
                               "wae-mnist-small)");
    static const char *const preset[] = {"wae-celeba", "wae-celeba-small",
                                         "wae-mnist", "wae-mnist-small"};
    for (size_t k = 0; k < 4; k++) {
        cr_assert(!bw_wae_preset(preset[k], BW_WAE_MMD, &v, &err));
        cr_assert(!bw_schedule_parse(v.schedule, &schedule, &err), "%s",
                  err.text);
    }
}

/* ---- passes ---- */

Test(wae, passes_do_not_depend_on_how_items_are_cut)
{
    wae_case c = case_of(BW_WAE_KL);
    bw_error err = BW_ERROR_INIT;
    const uint64_t seed = 5;
    float codes[2][CASE_ITEMS * CASE_D], again[2][CASE_ITEMS * CASE_SIZE];

    wae_case_make(&c);
    for (int draw = 0; draw < 2; draw++) {
        const uint64_t *opt_draw = draw ? &seed : NULL;
        for (size_t way = 0; way < 2; way++) {
            bw_wae_pass *pass;
            size_t first = way ? 5 : 0;
            cr_assert(!bw_wae_pass_create(c.wae, way ? 3 : CASE_ITEMS, c.tasks,
                                          NULL, &pass, &err));
            cr_assert(!bw_wae_encode(pass, &c.items, first, CASE_ITEMS - first,
                                     opt_draw, codes[way] + first * CASE_D,
                                     &err));
            cr_assert(!bw_wae_encode(pass, &c.items, 0, first, opt_draw,
                                     codes[way], &err));
            cr_assert(
                !bw_wae_decode(pass, CASE_ITEMS, codes[way], again[way], &err));
            bw_wae_pass_destroy(pass);
        }
        for (size_t k = 0; k < CASE_ITEMS * CASE_D; k++)
            cr_assert_float_eq(codes[0][k], codes[1][k], 1e-5);
        for (size_t k = 0; k < CASE_ITEMS * CASE_SIZE; k++)
            cr_assert_float_eq(again[0][k], again[1][k], 1e-5);
    }
    wae_case_clear(&c);
}

static int stop(void)
{
    return 1;
}

Test(wae, passes_stop)
{
    wae_case c = case_of(BW_WAE_KL);
    bw_error err = BW_ERROR_INIT;
    float codes[CASE_ITEMS * CASE_D];
    bw_wae_pass *pass;

    wae_case_make(&c);
    cr_assert(!bw_wae_pass_create(c.wae, 2, c.tasks, stop, &pass, &err));
    cr_assert_eq(
        bw_wae_encode(pass, &c.items, 0, CASE_ITEMS, NULL, codes, &err),
        BW_ERR_INTERRUPTED);
    bw_wae_pass_destroy(pass);
    wae_case_clear(&c);
}

Test(wae, splits_that_leave_too_few)
{
    wae_case c = case_of(BW_WAE_MMD);
    bw_error err = BW_ERROR_INIT;
    bw_wae_learner *none;

    wae_case_make(&c);
    c.training.validation = CASE_ITEMS;
    cr_assert_eq(bw_wae_learner_create(&c.training, &none, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text, "items: of 13 items none is left to train on "
                               "when 13 are held out");
    c.training.validation = CASE_ITEMS - 1;
    cr_assert_eq(bw_wae_learner_create(&c.training, &none, &err), BW_ERR_RANGE);
    cr_assert_str_eq(err.text,
                     "items: a batch of one item, whose mmd is nothing");
    wae_case_clear(&c);
}
