/* sharpness.c - the variance of the Laplacian of images. */
#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "eval/sharpness.h"

typedef struct job {
    const bw_sample *images;
    size_t h, w, c;
    double *room;  /* a worker's image, (h, w, c) */
    double *value; /* one an image */
} job;

/* Rec. 601, in place. */
static void make_grey(const job *j, double *image)
{
    for (size_t k = 0; k < j->h * j->w && j->c == 3; k++)
        image[k] = (299 * image[3 * k] + 587 * image[3 * k + 1] +
                    114 * image[3 * k + 2]) /
                   1000;
}

static double laplacian(const double *at, size_t w)
{
    return at[1] + *(at - 1) + at[w] + *(at - w) - 4 * at[0];
}

static double variance(const double *image, size_t h, size_t w)
{
    double n = (double)(h - 2) * (double)(w - 2), sum = 0, sum2 = 0;

    for (size_t y = 1; y + 1 < h; y++)
        for (size_t x = 1; x + 1 < w; x++)
            sum += laplacian(image + y * w + x, w);
    for (size_t y = 1; y + 1 < h; y++)
        for (size_t x = 1; x + 1 < w; x++) {
            double gap = laplacian(image + y * w + x, w) - sum / n;
            sum2 += gap * gap;
        }
    return sum2 / n;
}

static void measure(void *arg, size_t task, size_t worker)
{
    job *j = arg;
    size_t size = j->images->size;
    double *image = j->room + worker * size;

    bw_sample_doubles(j->images, task * size, size, image);
    make_grey(j, image);
    j->value[task] = variance(image, j->h, j->w);
}

static bw_status set_shape(job *j, bw_error *err)
{
    const bw_sample *s = j->images;

    j->h = s->rank > 2 ? (size_t)s->shape[1] : 0;
    j->w = s->rank > 2 ? (size_t)s->shape[2] : 0;
    j->c = s->rank == 4 ? (size_t)s->shape[3] : 1;
    if (s->rank < 3 || s->rank > 4)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: tensor '%s' of rank %u holds no images",
                            s->path, s->name, s->rank);
    if (j->h < 3 || j->w < 3)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: images of %zu x %zu are too small for a "
                            "Laplacian of 3 x 3",
                            s->path, j->h, j->w);
    if (j->c != 1 && j->c != 3)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: images of %zu channels have no luminance",
                            s->path, j->c);
    return BW_OK;
}

bw_status bw_sharpness_of(const bw_sample *images, bw_tasks *tasks,
                          bw_sharpness *sharpness, bw_error *err)
{
    job j = {.images = images};
    bw_status status = set_shape(&j, err);

    if (status)
        return status;
    j.room = calloc(bw_tasks_n_workers(tasks), images->size * sizeof *j.room);
    j.value = calloc(images->n, sizeof *j.value);
    if (!j.room || !j.value) {
        status = bw_error_memory(err);
        goto done;
    }
    bw_tasks_run(tasks, images->n, measure, &j);
    *sharpness = (bw_sharpness){0, HUGE_VAL};
    for (size_t k = 0; k < images->n; k++) {
        sharpness->mean += j.value[k];
        sharpness->least = fmin(sharpness->least, j.value[k]);
    }
    sharpness->mean /= (double)images->n;
done:
    free(j.room);
    free(j.value);
    return status;
}
