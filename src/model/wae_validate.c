/* wae_validate.c - figures over the items held out, and pictures. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/wae_learner.h"
#include "nn/cut.h"

enum { N_SHOWN = 64, N_CODES = 500 };

/* ---- curves ---- */

/* Beyond this a curve is off every scale, and sums stay finite. */
static const double most_drawn = 1e25;

static void note(bw_wae_curves *c, size_t curve, size_t n, double value)
{
    value = fmin(fmax(value, -most_drawn), most_drawn);
    c->count[curve] += (float)n;
    c->sum[curve] += (float)((double)n * value);
}

static float mean_of(const bw_wae_curves *c, size_t curve)
{
    return c->count[curve] > 0 ? c->sum[curve] / c->count[curve] : 0;
}

/* Points become means of two. */
static void halve(bw_wae_curves *c)
{
    size_t n = (size_t)c->n_points / 2;

    for (size_t curve = 0; curve < BW_WAE_CURVES; curve++) {
        float *point = c->point[curve];
        for (size_t k = 0; k < n; k++)
            point[k] = (point[2 * k] + point[2 * k + 1]) / 2;
    }
    c->n_points = (float)n;
    c->stride *= 2;
}

static void end_point(bw_wae_curves *c)
{
    size_t at = (size_t)c->n_points;

    for (size_t curve = 0; curve < BW_WAE_CURVES; curve++) {
        c->point[curve][at] = mean_of(c, curve);
        c->count[curve] = c->sum[curve] = 0;
    }
    c->n_points += 1;
    if (at + 1 == BW_WAE_POINTS)
        halve(c);
}

void bw_wae_validate_note(bw_wae_learner *l, uint64_t epoch, size_t n,
                          const double all[BW_WAE_TERMS])
{
    const bw_wae_loss *loss = &l->t->wae->loss;
    bw_wae_curves *c = l->curves;

    if (c->count[BW_WAE_CURVE_COST] > 0 &&
        epoch / (uint64_t)c->stride != (uint64_t)(c->epoch / c->stride))
        end_point(c);
    c->epoch = (float)epoch;
    note(c, BW_WAE_CURVE_COST, n, loss->scale * all[BW_WAE_TERM_COST]);
    note(c, BW_WAE_CURVE_PENALTY, n, loss->lambda * all[BW_WAE_TERM_PENALTY]);
    note(c, BW_WAE_CURVE_ADVERSARY, n,
         loss->lambda * (all[BW_WAE_TERM_ADVERSARY_CODES] +
                         all[BW_WAE_TERM_ADVERSARY_PRIOR]));
}

/* ---- validation: batches go round the processes ---- */

bw_status bw_wae_validate(void *self, double *terms, bw_error *err)
{
    bw_wae_learner *l = self;
    size_t n_held = l->split.n_held, batch = l->t->batch;
    double sum[BW_WAE_TERMS] = {0}, all[BW_WAE_TERMS];

    (void)err;
    for (size_t first = 0; first < n_held; first += batch) {
        size_t n = bw_cut_min(batch, n_held - first);
        uint64_t stream = BW_WAE_STREAM_VALIDATION + first / batch;

        if (!bw_comm_has(l->t->comm, first / batch))
            continue;
        const float *y =
            bw_wae_step_encode(l, BW_MODE_INFER, n, l->split.held + first, 0);
        bw_wae_step_codes(l, n, y, false, stream);
        const float *v =
            bw_unit_forward(&l->decoder, BW_MODE_INFER, n, l->code, 0);
        bw_wae_step_terms(l, BW_MODE_INFER, n, y, v, 0, stream, all);
        for (size_t k = 0; k < BW_WAE_TERMS; k++)
            sum[k] += all[k] * (double)n;
    }
    bw_comm_sum_doubles(l->t->comm, BW_WAE_TERMS, sum);
    for (size_t k = 0; k < BW_WAE_TERMS; k++)
        sum[k] /= (double)n_held;
    bw_logged_give(&l->logged, sum, terms);
    if (isfinite(sum[BW_WAE_TERM_COST]))
        note(l->curves, BW_WAE_CURVE_HELD, 1,
             l->t->wae->loss.scale * sum[BW_WAE_TERM_COST]);
    return BW_OK;
}

/* ---- pictures ---- */

/* All that a panel shows. */
typedef struct show {
    bw_wae_panel panel;
    float *values; /* one block for all images */
    float *q, *p;  /* codes, draws */
    float *draw;   /* of the samples */
    double *curve; /* (curves, points) */
    const char *name[BW_WAE_CURVES];
    const double *line[BW_WAE_CURVES];
} show;

static void clear_show(show *s)
{
    free(s->values);
    free(s->q);
    free(s->p);
    free(s->draw);
    free(s->curve);
}

static bw_status make_show(show *s, const bw_wae_learner *l, bw_error *err)
{
    const bw_wae *wae = l->t->wae;
    size_t size = bw_shape_n(wae->item), d = wae->latent;
    size_t n_from = l->split.n_held ? l->split.n_held : l->split.n_train;
    bw_wae_panel *panel = &s->panel;

    *panel = (bw_wae_panel){.item = wae->item,
                            .latent = d,
                            .n_train = bw_cut_min(N_SHOWN, l->split.n_train),
                            .n_held = bw_cut_min(N_SHOWN, l->split.n_held),
                            .n_samples = N_SHOWN,
                            .n_codes = bw_cut_min(N_CODES, n_from)};
    size_t n_images = 2 * panel->n_train + 2 * panel->n_held + N_SHOWN;
    s->values = malloc(n_images * size * sizeof *s->values);
    s->q = malloc(panel->n_codes * d * sizeof *s->q);
    s->p = malloc(panel->n_codes * d * sizeof *s->p);
    s->draw = malloc(N_SHOWN * d * sizeof *s->draw);
    s->curve = malloc(BW_WAE_CURVES * (BW_WAE_POINTS + 1) * sizeof *s->curve);
    if (!s->values || !s->q || !s->p || !s->draw || !s->curve)
        return bw_error_memory(err);
    float *at = s->values;
    panel->train = at;
    panel->train_again = at += panel->n_train * size;
    panel->held = at += panel->n_train * size;
    panel->held_again = at += panel->n_held * size;
    panel->samples = at + panel->n_held * size;
    panel->q = s->q;
    panel->p = s->p;
    return BW_OK;
}

/* Items and, from the means of their codes, reconstructions. */
static void show_items(bw_wae_learner *l, size_t n, const uint32_t *row,
                       float *items, float *again)
{
    const bw_wae *wae = l->t->wae;
    size_t size = bw_shape_n(wae->item), batch = l->t->batch;

    for (size_t first = 0; first < n; first += batch) {
        size_t m = bw_cut_min(batch, n - first);
        const float *y =
            bw_wae_step_encode(l, BW_MODE_INFER, m, row + first, 0);
        bw_wae_step_codes(l, m, y, true, 0);
        const float *v =
            bw_unit_forward(&l->decoder, BW_MODE_INFER, m, l->code, 0);
        memcpy(items + first * size, l->target, m * size * sizeof *items);
        memcpy(again + first * size, v, m * size * sizeof *again);
    }
}

static void show_samples(bw_wae_learner *l, float *draw, float *samples)
{
    const bw_wae *wae = l->t->wae;
    size_t size = bw_shape_n(wae->item), batch = l->t->batch;

    bw_prior_draw(&wae->prior, l->t->seed, BW_RANDOM_PRIOR, BW_WAE_STREAM_PANEL,
                  N_SHOWN, draw);
    for (size_t first = 0; first < N_SHOWN; first += batch) {
        size_t m = bw_cut_min(batch, N_SHOWN - first);
        const float *v = bw_unit_forward(&l->decoder, BW_MODE_INFER, m,
                                         draw + first * wae->latent, 0);
        memcpy(samples + first * size, v, m * size * sizeof *samples);
    }
}

/* Codes as the penalty sees them, and as many draws. */
static void show_codes(bw_wae_learner *l, size_t n, const uint32_t *row,
                       float *q, float *p)
{
    const bw_wae *wae = l->t->wae;
    size_t d = wae->latent, batch = l->t->batch;

    for (size_t first = 0; first < n; first += batch) {
        size_t m = bw_cut_min(batch, n - first);
        const float *y =
            bw_wae_step_encode(l, BW_MODE_INFER, m, row + first, 0);
        bw_wae_step_codes(l, m, y, false, BW_WAE_STREAM_PANEL + first / batch);
        memcpy(q + first * d, l->code, m * d * sizeof *q);
    }
    bw_prior_draw(&wae->prior, l->t->seed, BW_RANDOM_PRIOR,
                  BW_WAE_STREAM_PANEL + 1, n, p);
}

/* The points so far, the one under way last. */
static void show_curves(const bw_wae_learner *l, show *s)
{
    bw_wae_penalty penalty = l->t->wae->loss.penalty;
    const bw_wae_curves *c = l->curves;
    const char *name[BW_WAE_CURVES] = {"cost", NULL, NULL, NULL};
    size_t n = (size_t)c->n_points;

    if (penalty != BW_WAE_NONE)
        name[BW_WAE_CURVE_PENALTY] = l->logged.term[1].name;
    if (penalty == BW_WAE_GAN)
        name[BW_WAE_CURVE_ADVERSARY] = "adversary";
    if (l->split.n_held > 0)
        name[BW_WAE_CURVE_HELD] = "held-out cost";
    for (size_t curve = 0; curve < BW_WAE_CURVES; curve++) {
        double *line = s->curve + curve * (BW_WAE_POINTS + 1);
        if (!name[curve])
            continue;
        for (size_t k = 0; k < n; k++)
            line[k] = (double)c->point[curve][k];
        line[n] = (double)mean_of(c, curve);
        s->name[s->panel.n_curves] = name[curve];
        s->line[s->panel.n_curves++] = line;
    }
    s->panel.n_points = n + (c->count[BW_WAE_CURVE_COST] > 0);
    s->panel.curve_name = s->name;
    s->panel.curve = s->line;
}

bw_status bw_wae_validate_show(void *self, const char *folder, uint64_t epoch,
                               bw_error *err)
{
    bw_wae_learner *l = self;
    const bw_split *split = &l->split;
    size_t size = bw_shape_n(l->t->wae->item);
    show s = {.values = NULL};
    const bw_wae_panel *panel = &s.panel;
    bw_status status = make_show(&s, l, err);

    if (status)
        goto done;
    float *held = s.values + 2 * panel->n_train * size;
    float *samples = held + 2 * panel->n_held * size;
    show_items(l, panel->n_train, split->train, s.values,
               s.values + panel->n_train * size);
    show_items(l, panel->n_held, split->held, held,
               held + panel->n_held * size);
    show_samples(l, s.draw, samples);
    bw_range_undo(l->t->wae->range,
                  (2 * panel->n_train + 2 * panel->n_held + N_SHOWN) * size,
                  s.values);
    show_codes(l, panel->n_codes, split->n_held ? split->held : split->train,
               s.q, s.p);
    show_curves(l, &s);
    status = bw_wae_panel_write(panel, folder, epoch, err);
done:
    clear_show(&s);
    return status;
}
