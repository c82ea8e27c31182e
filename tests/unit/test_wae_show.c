/* test_wae_show.c - what the learner gives the panel of its pictures to show:
 * items, reconstructions, samples, codes and the losses' curves. */
#include "config.h"

#include "model/wae_learner.h"
#include "wae_case.h"

enum { SHOWN = 64, MOST = 128, EPOCHS = 3 };

/* The last panel, in the place of the one that is drawn (wae_panel.c). */
static bw_wae_panel seen;
static float train[MOST * CASE_SIZE], train_again[MOST * CASE_SIZE],
    held[MOST * CASE_SIZE], held_again[MOST * CASE_SIZE],
    samples[MOST * CASE_SIZE], codes[MOST * CASE_D], draws[MOST * CASE_D];
static const char *name[BW_WAE_CURVES];
static double curve[BW_WAE_CURVES][EPOCHS + 1];
static char where[32];

bw_status bw_wae_panel_write(const bw_wae_panel *panel, const char *folder,
                             uint64_t epoch, bw_error *err)
{
    (void)err;
    seen = *panel;
    memcpy(train, panel->train, panel->n_train * CASE_SIZE * sizeof *train);
    memcpy(train_again, panel->train_again,
           panel->n_train * CASE_SIZE * sizeof *train);
    memcpy(held, panel->held, panel->n_held * CASE_SIZE * sizeof *held);
    memcpy(held_again, panel->held_again,
           panel->n_held * CASE_SIZE * sizeof *held);
    memcpy(samples, panel->samples,
           panel->n_samples * CASE_SIZE * sizeof *samples);
    memcpy(codes, panel->q, panel->n_codes * CASE_D * sizeof *codes);
    memcpy(draws, panel->p, panel->n_codes * CASE_D * sizeof *draws);
    for (size_t c = 0; c < panel->n_curves; c++) {
        name[c] = panel->curve_name[c];
        memcpy(curve[c], panel->curve[c], panel->n_points * sizeof(double));
    }
    snprintf(where, sizeof where, "%s %d", folder, (int)epoch);
    return BW_OK;
}

static void near(const float *x, const float *want, size_t n, const char *what)
{
    for (size_t k = 0; k < n; k++)
        cr_assert_float_eq((double)x[k], (double)want[k], 1e-6, "%s: value %zu",
                           what, k);
}

/* A case whose batches of 8 go into no count of what is shown. */
static void make_case(wae_case *c, bw_wae_penalty penalty, size_t n,
                      double validation)
{
    *c = (wae_case){
        .loss = {.cost = BW_WAE_L2SQ,
                 .scale = 0.5,
                 .penalty = penalty,
                 .lambda = 3},
        .is_gaussian = penalty == BW_WAE_KL,
        .decoder = "dense 8\ntanh\ndense 12\ntanh\nreshape 4 3 1\n",
        .validation = validation,
        .rate = 0.05,
    };

    items_case_make(&c->items, n, (bw_shape){CASE_H, CASE_W, 1, false}, 0);
    wae_case_make(c);
    c->l->loaded(c->l->self);
}

/* The items of these numbers, and their reconstructions from mean codes. */
static void check_items(const wae_case *c, size_t n, const uint32_t *row,
                        const float *items, const float *again)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae_pass *pass;
    float code[CASE_D], want[CASE_SIZE];

    cr_assert(!bw_wae_pass_create(c->wae, 1, c->tasks, NULL, &pass, &err));
    for (size_t k = 0; k < n; k++) {
        near(items + k * CASE_SIZE, c->items.values + row[k] * CASE_SIZE,
             CASE_SIZE, "an item");
        cr_assert(!bw_wae_encode(pass, &c->items, row[k], 1, NULL, code, &err));
        cr_assert(!bw_wae_decode(pass, 1, code, want, &err));
        near(again + k * CASE_SIZE, want, CASE_SIZE, "a reconstruction");
    }
    bw_wae_pass_destroy(pass);
}

static void check_samples(const wae_case *c)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae_pass *pass;
    float z[SHOWN * CASE_D], want[SHOWN * CASE_SIZE];

    cr_assert_eq(seen.n_samples, SHOWN);
    bw_prior_draw(&c->wae->prior, 3, BW_RANDOM_PRIOR, BW_WAE_STREAM_PANEL,
                  SHOWN, z);
    cr_assert(!bw_wae_pass_create(c->wae, SHOWN, c->tasks, NULL, &pass, &err));
    cr_assert(!bw_wae_decode(pass, SHOWN, z, want, &err));
    near(samples, want, SHOWN * CASE_SIZE, "a sample");
    bw_wae_pass_destroy(pass);
}

/* Codes of these items, and as many draws, which are no sample's. */
static void check_codes(const wae_case *c, size_t n, const uint32_t *row)
{
    bw_error err = BW_ERROR_INIT;
    bw_wae_pass *pass;
    float want[MOST * CASE_D];

    cr_assert_eq(seen.n_codes, n);
    cr_assert(!bw_wae_pass_create(c->wae, 1, c->tasks, NULL, &pass, &err));
    for (size_t k = 0; k < n; k++) {
        cr_assert(!bw_wae_encode(pass, &c->items, row[k], 1, NULL, want, &err));
        /* Of a Gaussian encoder they are drawn. */
        if (!c->is_gaussian)
            near(codes + k * CASE_D, want, CASE_D, "a code");
        else
            cr_expect_neq(codes[k * CASE_D], want[0], "code %zu", k);
    }
    bw_wae_pass_destroy(pass);
    bw_prior_draw(&c->wae->prior, 3, BW_RANDOM_PRIOR, BW_WAE_STREAM_PANEL + 1,
                  n, want);
    near(draws, want, n * CASE_D, "a draw");
}

static void show(wae_case *c, uint64_t epoch)
{
    bw_error err = BW_ERROR_INIT;

    cr_assert(!c->l->pictures(c->l->self, "folder", epoch, &err), "%s",
              err.text);
}

Test(wae_show, items_samples_and_codes)
{
    for (int k = 0; k < 3; k++) {
        wae_case c;

        make_case(&c, k == 1 ? BW_WAE_KL : BW_WAE_MMD, 120, k == 2 ? 0 : 30);
        const bw_split *split = &c.learner->split;
        show(&c, 12);
        cr_expect_str_eq(where, "folder 12");
        cr_assert_eq(seen.latent, CASE_D);
        cr_assert_eq(seen.n_train, SHOWN);
        cr_assert_eq(seen.n_held, k == 2 ? 0 : 30);
        check_items(&c, seen.n_train, split->train, train, train_again);
        check_items(&c, seen.n_held, split->held, held, held_again);
        check_samples(&c);
        if (k < 2)
            check_codes(&c, 30, split->held);
        else
            check_codes(&c, 120, split->train);
        wae_case_clear(&c);
    }
}

/* Epochs of two steps: each is a point, the last one as far as it is. */
static void check_curves(bw_wae_penalty penalty, double validation,
                         size_t n_wanted, const char *const *wanted)
{
    wae_case c;
    double want[BW_WAE_CURVES][EPOCHS] = {{0}}, terms[BW_MAX_TERMS];
    uint32_t example[] = {0, 1, 2, 3, 4};
    bw_error err = BW_ERROR_INIT;

    make_case(&c, penalty, 20, validation);
    for (uint64_t epoch = 0; epoch < EPOCHS; epoch++) {
        for (uint64_t k = 0; k < 2; k++) {
            bw_step at = {
                .step = 2 * epoch + k + 1, .epoch = epoch, .rate_factor = 1};
            size_t n = k ? 3 : 5;
            cr_assert(!c.l->step(c.l->self, example, n, &at, terms, &err));
            double share = (double)n / 8;
            want[0][epoch] +=
                share * 0.5 * learner_case_term(c.l, terms, "cost");
            if (n_wanted > 1 && penalty != BW_WAE_NONE)
                want[1][epoch] += share * 3 * terms[1];
            if (penalty == BW_WAE_GAN)
                want[2][epoch] +=
                    share * 3 *
                    (learner_case_term(c.l, terms, "adversary_codes") +
                     learner_case_term(c.l, terms, "adversary_prior"));
        }
        if (validation > 0) {
            cr_assert(!c.l->validate(c.l->self, terms, &err));
            want[n_wanted - 1][epoch] =
                0.5 * learner_case_term(c.l, terms, "cost");
        }
        show(&c, epoch + 1);
        cr_assert_eq(seen.n_points, epoch + 1);
        cr_assert_eq(seen.n_curves, n_wanted);
        for (size_t q = 0; q < n_wanted; q++) {
            cr_assert_str_eq(name[q], wanted[q]);
            for (size_t e = 0; e <= epoch; e++)
                cr_assert_float_eq(
                    curve[q][e], want[q][e], 1e-5 * (1 + fabs(want[q][e])),
                    "%s: %g, not %g", name[q], curve[q][e], want[q][e]);
        }
    }
    wae_case_clear(&c);
}

Test(wae_show, curves)
{
    check_curves(BW_WAE_NONE, 0, 1, (const char *[]){"cost"});
    check_curves(BW_WAE_KL, 0, 2, (const char *[]){"cost", "kl"});
    check_curves(BW_WAE_MMD, 4, 3,
                 (const char *[]){"cost", "mmd", "held-out cost"});
    check_curves(BW_WAE_GAN, 4, 4,
                 (const char *[]){"cost", "gan", "adversary", "held-out cost"});
}

/* Nothing was learned yet: no point, and no harm. */
Test(wae_show, before_the_first_step)
{
    wae_case c;

    make_case(&c, BW_WAE_MMD, 20, 4);
    show(&c, 1);
    cr_assert_eq(seen.n_points, 0);
    wae_case_clear(&c);
}
