/* test_wgan.c - the model: what its design makes of it, what it refuses, what a
 * file keeps of it, presets' numbers, how often the generator moves, and passes
 * through a trained model. */
#include "config.h"

#include "barrow/provenance.h"
#include "raw_file.h"
#include "wgan_case.h"

TestSuite(wgan, RAW_FOLDER);

/* ---- the bound as a text ---- */

Test(wgan, bounds_read_back_from_their_text)
{
    static const char *const text[] = {
        "clip:0.01", "clip",     "gp:10", "gp:0.1:one-sided", "gp:one-sided",
        "gp",        "spectral", "none",  "gp:1e-30"};
    char again[40];

    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_lipschitz bound;
        cr_assert(!bw_lipschitz_parse(text[k], &bound, &err), "%s", text[k]);
        bw_lipschitz_text(&bound, again);
        cr_assert_str_eq(again, text[k]);
    }
    bw_lipschitz longest = {BW_LIPSCHITZ_GP, 1.2345678901234567e-30, true};
    bw_lipschitz bound;
    bw_error err = BW_ERROR_INIT;
    bw_lipschitz_text(&longest, again);
    cr_assert(!bw_lipschitz_parse(again, &bound, &err), "%s", again);
    cr_assert_float_eq(bound.value, longest.value, 0);
    cr_assert(bound.is_one_sided);
}

Test(wgan, bounds_that_are_none)
{
    static const char *const text[] = {
        "",           "clip:",     "clip:0",           "clip:-1",
        "gp:x",       "gp:1x",     "gp:inf",           "gp:nan",
        "spectral:1", "none:",     "clip:1:one-sided", "gp:1:one",
        "clips",      "one-sided", "gp:one-sided:1",   "clip:one-sided",
        "clip:1e-31", "gp: 1",     "clip:1e31",        "gp:1e400"};

    for (size_t k = 0; k < sizeof text / sizeof *text; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_lipschitz bound;
        cr_assert_eq(bw_lipschitz_parse(text[k], &bound, &err), BW_ERR_USAGE,
                     "%s", text[k]);
        cr_assert(strstr(err.text, "none of clip, clip:C, gp"), "%s", err.text);
    }
}

/* ---- presets ---- */

Test(wgan, presets_have_the_papers_numbers)
{
    static const struct {
        const char *preset;
        bw_wgan_loss_kind loss;
        int asked;
        bw_lipschitz_kind kind;
        double value;
        bw_optimizer_kind optimizer;
        double beta1, beta2, rate;
        size_t latent, batch;
        uint64_t critic_steps;
    } row[] = {
        {"wgan-mlp", BW_WGAN_WASSERSTEIN, -1, BW_LIPSCHITZ_CLIP, 0.01,
         BW_OPTIMIZER_RMSPROP, 0, 0, 5e-5, 100, 64, 5},
        {"wgan-dcgan", BW_WGAN_WASSERSTEIN, -1, BW_LIPSCHITZ_CLIP, 0.01,
         BW_OPTIMIZER_RMSPROP, 0, 0, 5e-5, 100, 64, 5},
        {"wgan-gp-mnist", BW_WGAN_WASSERSTEIN, -1, BW_LIPSCHITZ_GP, 10,
         BW_OPTIMIZER_ADAM, 0.5, 0.9, 1e-4, 128, 50, 5},
        {"wgan-gp-mnist-small", BW_WGAN_WASSERSTEIN, -1, BW_LIPSCHITZ_GP, 10,
         BW_OPTIMIZER_ADAM, 0.5, 0.9, 5e-4, 128, 50, 5},
        {"wgan-toy", BW_WGAN_WASSERSTEIN, -1, BW_LIPSCHITZ_GP, 0.1,
         BW_OPTIMIZER_ADAM, 0.5, 0.9, 1e-4, 2, 256, 5},
        {"wgan-mlp", BW_WGAN_WASSERSTEIN, BW_LIPSCHITZ_GP, BW_LIPSCHITZ_GP, 10,
         BW_OPTIMIZER_ADAM, 0.5, 0.9, 1e-4, 100, 64, 5},
        {"wgan-gp-mnist", BW_WGAN_WASSERSTEIN, BW_LIPSCHITZ_SPECTRAL,
         BW_LIPSCHITZ_SPECTRAL, 0, BW_OPTIMIZER_ADAM, 0, 0.9, 2e-4, 128, 50, 5},
        {"wgan-gp-mnist", BW_WGAN_WASSERSTEIN, BW_LIPSCHITZ_CLIP,
         BW_LIPSCHITZ_CLIP, 0.01, BW_OPTIMIZER_RMSPROP, 0, 0, 5e-5, 128, 50, 5},
        {"wgan-gp-mnist", BW_WGAN_NONSATURATING, -1, BW_LIPSCHITZ_NONE, 0,
         BW_OPTIMIZER_ADAM, 0.5, 0.999, 2e-4, 128, 50, 1},
        {"wgan-mlp", BW_WGAN_MINIMAX, BW_LIPSCHITZ_SPECTRAL,
         BW_LIPSCHITZ_SPECTRAL, 0, BW_OPTIMIZER_ADAM, 0, 0.9, 2e-4, 100, 64, 1},
    };

    for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_wgan_values v;
        cr_assert(!bw_wgan_preset(row[k].preset, row[k].loss, row[k].asked, &v,
                                  &err));
        cr_assert_eq(v.lipschitz.kind, row[k].kind, "row %zu", k);
        cr_assert_float_eq(v.lipschitz.value, row[k].value, 0, "row %zu", k);
        cr_assert_eq(v.optimizer.kind, row[k].optimizer, "row %zu", k);
        if (v.optimizer.kind == BW_OPTIMIZER_ADAM) {
            cr_assert_float_eq(v.optimizer.beta1, row[k].beta1, 0, "%zu", k);
            cr_assert_float_eq(v.optimizer.beta2, row[k].beta2, 0, "%zu", k);
        }
        cr_assert_float_eq(v.rate, row[k].rate, 0, "row %zu", k);
        cr_assert_eq(v.latent, row[k].latent);
        cr_assert_eq(v.batch, row[k].batch);
        cr_assert_eq(v.critic_steps, row[k].critic_steps);
    }
}

/* Each preset that has a critic has numbers, and no other. */
Test(wgan, presets_are_those_with_a_critic)
{
    char names[512], *rest = names, *name;
    bw_wgan_values v;

    snprintf(names, sizeof names, "%s", bw_preset_names("critic"));
    while ((name = strtok_r(NULL, "|", &rest)) != NULL) {
        bw_error err = BW_ERROR_INIT;
        cr_assert(!bw_wgan_preset(name, BW_WGAN_WASSERSTEIN, -1, &v, &err),
                  "%s", name);
        cr_assert_gt(v.epochs, 0);
    }
    bw_error err = BW_ERROR_INIT;
    cr_assert_eq(bw_wgan_preset("wae-mnist", BW_WGAN_WASSERSTEIN, -1, &v, &err),
                 BW_ERR_USAGE);
    cr_assert(strstr(err.text, "wgan-dcgan|"), "%s", err.text);
}

/* ---- the generator's steps ---- */

/* Against a count, step by step. */
Test(wgan, generators_steps)
{
    static const uint64_t each[] = {1, 2, 5, 7, 100, 150};

    for (size_t j = 0; j < 2 * sizeof each / sizeof *each; j++) {
        uint64_t k = each[j / 2], n = 0, waited = 0;
        bool has_warm_up = j % 2;

        cr_assert_eq(bw_wgan_generator_steps(0, k, has_warm_up), 0);
        for (uint64_t t = 1; t <= 1000000; t++) {
            uint64_t wait = has_warm_up && (n < 25 || n % 500 == 0) ? 100 : k;
            if (++waited == wait) {
                n++;
                waited = 0;
            }
            if (bw_wgan_generator_steps(t, k, has_warm_up) != n)
                cr_assert_fail("K %d: after %d", (int)k, (int)t);
        }
    }
}

/* ---- in a file ---- */

static void save(const bw_wgan *wgan, const char *path)
{
    bw_error err = BW_ERROR_INIT;
    bw_writer *writer;

    cr_assert(!bw_writer_create(path, &writer, &err));
    cr_assert(!bw_model_put(wgan->model, NULL, writer, &err), "%s", err.text);
    cr_assert(!bw_writer_set_meta(writer, BW_META_KIND, "model", &err));
    cr_assert(!bw_writer_commit(writer, &err), "%s", err.text);
    bw_writer_destroy(writer);
}

Test(wgan, comes_back_from_a_file)
{
    for (int is_alone = 0; is_alone < 2; is_alone++) {
        wgan_case c = {.loss = is_alone ? BW_WGAN_WASSERSTEIN : BW_WGAN_MINIMAX,
                       .lipschitz = {BW_LIPSCHITZ_GP, 1.0 / 3, true},
                       .critic = "flatten\ndense 4\nrelu\ndense 1\n",
                       .is_alone = is_alone};
        bw_error err = BW_ERROR_INIT;
        bw_wgan *again;

        items_case_make(&c.items, CASE_ITEMS,
                        (bw_shape){CASE_H, CASE_W, 1, false}, 0);
        c.items.origin.digest = 0xfedcba9876543210;
        wgan_case_make(&c);
        save(c.wgan, "m.st.zst");
        cr_assert(!bw_wgan_open("m.st.zst", &again, &err), "%s", err.text);
        cr_assert_str_eq(again->origin.name, "m.st.zst");
        cr_assert_eq(again->loss, c.loss);
        cr_assert_eq(again->lipschitz.kind, BW_LIPSCHITZ_GP);
        cr_assert_float_eq(again->lipschitz.value, 1.0 / 3, 0);
        cr_assert(again->lipschitz.is_one_sided);
        cr_assert_eq(again->latent, is_alone ? 0 : CASE_D);
        cr_assert_eq(again->noise.d, again->latent);
        cr_assert_eq(again->generator == NULL, is_alone);
        cr_assert_eq(again->range, is_alone ? BW_RANGE_NONE : BW_RANGE_UNIT);
        cr_assert_eq(again->items_digest, 0xfedcba9876543210);
        cr_assert(bw_shape_equal(again->item, c.wgan->item));
        cr_assert(!memcmp(again->model->values, c.wgan->model->values,
                          again->model->n_values * sizeof(float)));
        bw_wgan_destroy(again);
        wgan_case_clear(&c);
    }
}

static void check_setting(const char *key, const char *value,
                          const char *message)
{
    wgan_case c = {.lipschitz.kind = BW_LIPSCHITZ_CLIP};
    bw_error err = BW_ERROR_INIT;
    bw_wgan *again;

    wgan_case_make(&c);
    cr_assert(!bw_model_set(c.wgan->model, key, value, &err));
    save(c.wgan, "m.st.zst");
    cr_assert_neq(bw_wgan_open("m.st.zst", &again, &err), BW_OK, "%s", key);
    cr_assert_null(again);
    cr_assert_str_eq(err.text, message);
    wgan_case_clear(&c);
}

Test(wgan, settings_that_no_model_has)
{
    check_setting("loss", "l2", "m.st.zst: setting 'loss' is l2");
    check_setting("lipschitz", "clip:0",
                  "m.st.zst: setting 'lipschitz' is clip:0");
    check_setting("lipschitz", "gp:1",
                  "m.st.zst: critic: line 3: tanh: it is curved, and second "
                  "derivatives of layers are not done");
    check_setting("item", "4x3", "m.st.zst: setting 'item' is 4x3");
    check_setting(
        "item", "3x4x1",
        "m.st.zst: the critic's input is 4x3x1, where 3x4x1 is wanted");
    check_setting("items", "12", "m.st.zst: setting 'items' is 12");
    check_setting("latent", "4",
                  "m.st.zst: the generator's input is 3, where 4 is wanted");
    check_setting("noise", "cauchy", "m.st.zst: setting 'noise' is cauchy");
}

/* ---- designs that cannot be ---- */

static void check_refusal(wgan_case *c, bw_status wanted, const char *message)
{
    bw_error err = BW_ERROR_INIT;
    bw_wgan *wgan;

    items_case_make(&c->items, CASE_ITEMS, (bw_shape){CASE_H, CASE_W, 1, false},
                    0);
    bw_wgan_design design = wgan_case_design(c);
    cr_assert_eq(bw_wgan_create(&design, &wgan, &err), wanted, "%s", err.text);
    cr_assert_null(wgan);
    cr_assert(strstr(err.text, message), "%s", err.text);
    bw_items_clear(&c->items);
}

Test(wgan, networks_that_do_not_fit)
{
    wgan_case c = {.generator = "dense 11\n"};
    check_refusal(&c, BW_ERR_DIMENSION,
                  "the generator's output is 11, where 4x3x1 is wanted");
    c = (wgan_case){.critic = "flatten\ndense 2\n"};
    check_refusal(&c, BW_ERR_DIMENSION,
                  "the critic's output is 2, where 1 is wanted");
}

Test(wgan, penalised_critics_that_mix_items_or_bend)
{
    static const char *const layer[] = {"batchnorm", "layernorm", "elu", "tanh",
                                        "sigmoid"};

    for (size_t k = 0; k < sizeof layer / sizeof *layer; k++) {
        char text[64], message[64];
        wgan_case c = {.lipschitz = {BW_LIPSCHITZ_GP, 10, false},
                       .critic = text};
        snprintf(text, sizeof text, "flatten\ndense 4\n%s\ndense 1\n",
                 layer[k]);
        snprintf(message, sizeof message, "critic: line 3: %s: ", layer[k]);
        check_refusal(&c, BW_ERR_USAGE, message);
    }
}

Test(wgan, items_of_another_shape_or_range)
{
    wgan_case c = {.lipschitz.kind = BW_LIPSCHITZ_NONE};
    bw_error err = BW_ERROR_INIT;
    bw_wgan_learner *learner;
    bw_wgan *wgan;

    c.is_alone = true;
    items_case_make(&c.against, 5, (bw_shape){3, 4, 1, false}, 0);
    items_case_make(&c.items, 5, (bw_shape){4, 3, 1, false}, 0);
    bw_wgan_design design = wgan_case_design(&c);
    cr_assert(!bw_wgan_create(&design, &c.wgan, &err));
    c.training = (bw_wgan_training){.wgan = c.wgan,
                                    .items = &c.items,
                                    .opt_against = &c.against,
                                    .batch = 2,
                                    .critic_steps = 1};
    cr_assert_eq(bw_wgan_learner_create(&c.training, &learner, &err),
                 BW_ERR_DIMENSION);
    cr_assert_null(learner);
    cr_assert_str_eq(err.text,
                     "items: items are 3x4x1, those of items are 4x3x1");
    c.is_alone = false;
    c.items.values[40] = 1.5F;
    design = wgan_case_design(&c);
    cr_assert_eq(bw_wgan_create(&design, &wgan, &err), BW_ERR_RANGE);
    bw_wgan_destroy(c.wgan);
    bw_items_clear(&c.items);
    bw_items_clear(&c.against);
}

/* ---- passes ---- */

/* Some statistics that training could have left. */
static void stir(wgan_case *c)
{
    double terms[BW_MAX_TERMS];

    c->training.rate = c->training.critic_rate = 0.05;
    for (uint64_t t = 1; t <= 4; t++)
        learner_case_step(c->l, t, terms);
}

/* Lengths of gradients against central differences of scores, with running
 * statistics and without noise; scores in batches as all at once. */
Test(wgan, scores_and_lengths_of_their_gradients)
{
    static const char *const critic[] = {
        "flatten\ndense 8\ntanh\ndense 1\n",
        ("noise 0.3\nconv 4 3x3\nbatchnorm 0.01\ntanh\nflatten\ndense 5\n"
         "batchnorm\nelu\ndense 1\n"),
        "flatten\ndense 6\nlayernorm\ntanh\ndense 1\n"};
    const float h = 1e-3F;

    for (size_t k = 0; k < 3; k++) {
        wgan_case c = {.critic = critic[k], .batch = 8};
        bw_error err = BW_ERROR_INIT;
        bw_wgan_pass *pass;
        float score[CASE_ITEMS], again[CASE_ITEMS], norm[CASE_ITEMS];

        wgan_case_make(&c);
        stir(&c);
        cr_assert(!bw_wgan_pass_create(c.wgan, 4, c.tasks, NULL, &pass, &err));
        cr_assert(
            !bw_wgan_score(pass, &c.items, 0, CASE_ITEMS, score, norm, &err));
        for (size_t i = 0; i < CASE_ITEMS; i++) {
            cr_assert(!bw_wgan_score(pass, &c.items, i, 1, again, NULL, &err));
            cr_assert_float_eq((double)again[0], (double)score[i], 1e-5);
        }
        for (size_t i = 0; i < 3; i++) {
            float *x = c.items.values + i * CASE_SIZE;
            double square = 0;
            for (size_t j = 0; j < CASE_SIZE; j++) {
                float own = x[j], up, down;
                x[j] = own + h;
                cr_assert(
                    !bw_wgan_score(pass, &c.items, i, 1, &up, NULL, &err));
                x[j] = own - h;
                cr_assert(
                    !bw_wgan_score(pass, &c.items, i, 1, &down, NULL, &err));
                x[j] = own;
                square += pow(((double)up - (double)down) / (2 * (double)h), 2);
            }
            cr_assert_gt(square, 1e-4);
            cr_assert_float_eq((double)norm[i], sqrt(square),
                               5e-3 * sqrt(square), "critic %zu: %g, not %g", k,
                               (double)norm[i], sqrt(square));
        }
        bw_wgan_pass_destroy(pass);
        wgan_case_clear(&c);
    }
}

/* In [0, 1], whatever the range; in batches as all at once. */
Test(wgan, samples)
{
    wgan_case c = {.generator = "dense 8\nbatchnorm\ndense 12\ntanh\n"
                                "reshape 4 3 1\n"};
    bw_error err = BW_ERROR_INIT;
    bw_wgan_pass *pass;
    float noise[7 * CASE_D], values[7 * CASE_SIZE], again[CASE_SIZE];
    float most = 0, least = 1;

    wgan_case_make(&c);
    cr_assert_eq(c.wgan->range, BW_RANGE_SIGNED);
    stir(&c);
    bw_prior_draw(&c.wgan->noise, 1, BW_RANDOM_PRIOR, 0, 7, noise);
    cr_assert(!bw_wgan_pass_create(c.wgan, 4, c.tasks, NULL, &pass, &err));
    cr_assert(!bw_wgan_generate(pass, 7, noise, values, &err));
    for (size_t k = 0; k < 7 * CASE_SIZE; k++) {
        most = fmaxf(most, values[k]);
        least = fminf(least, values[k]);
    }
    cr_assert(least >= 0 && most <= 1 && most > 0.5F && least < 0.5F);
    cr_assert(!bw_wgan_generate(pass, 1, noise + 5 * CASE_D, again, &err));
    for (size_t k = 0; k < CASE_SIZE; k++)
        cr_assert_float_eq((double)again[k], (double)values[5 * CASE_SIZE + k],
                           1e-6);
    bw_wgan_pass_destroy(pass);
    wgan_case_clear(&c);
}
