/* train.c - a network of a few lines learns which points of a square lie within
 * a circle, and is kept as a model; prints the loss on the way.
 *
 *     train MODEL
 */
#include <barrow/engine.h>
#include <barrow/model.h>
#include <barrow/optimizer.h>
#include <barrow/provenance.h>
#include <barrow/random.h>
#include <barrow/tasks.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 200, N_STEPS = 400, N_THREADS = 2 };

static const char text[] = "dense 16\n"
                           "relu\n"
                           "dense 16\n"
                           "relu\n"
                           "dense 1\n";
static const uint64_t seed = 1;

/* A run: what it owns. */
typedef struct job {
    bw_model *model;
    bw_tasks *tasks;
    bw_engine *engine;
    float *gradient, *moments;
    bw_writer *writer;
    bw_provenance *provenance;
} job;

static void clear(job *j)
{
    bw_writer_destroy(j->writer);
    bw_provenance_destroy(j->provenance);
    bw_engine_destroy(j->engine);
    bw_tasks_destroy(j->tasks);
    bw_model_destroy(j->model);
    free(j->gradient);
    free(j->moments);
}

static bw_status build(job *j, const bw_optimizer *optimizer, bw_error *err)
{
    const bw_shape point = {1, 1, 2, true};
    const bw_engine_options options = {.n_max = BATCH, .is_training = true};
    const bw_network *network = NULL;
    bw_status status;

    j->model = bw_model_create("circle");
    if (!j->model)
        return bw_error_memory(err);
    status = bw_model_add(j->model, "classifier", text, "text", point, 1, err);
    if (!status)
        status = bw_model_seal(j->model, err);
    if (!status)
        status = bw_tasks_create(N_THREADS, &j->tasks, err);
    if (status)
        return status;
    network = bw_model_part_network(bw_model_get_part(j->model, 0));
    j->gradient = calloc(bw_network_n_trained(network), sizeof(float));
    j->moments = calloc(bw_optimizer_n_moments(optimizer) *
                            bw_network_n_trained(network),
                        sizeof(float));
    if (!j->gradient || !j->moments)
        return bw_error_memory(err);
    return bw_engine_create(network, &options, j->tasks, &j->engine, err);
}

/* Fills the input with step's points; label is 1 within the circle. */
static void draw(uint64_t step, float *input, float label[BATCH])
{
    bw_random random;

    bw_random_init(&random, seed, BW_RANDOM_ORDER, step);
    for (size_t k = 0; k < BATCH; k++) {
        double x = 2 * bw_random_uniform(&random) - 1;
        double y = 2 * bw_random_uniform(&random) - 1;

        input[2 * k] = (float)x;
        input[2 * k + 1] = (float)y;
        label[k] = x * x + y * y < 0.5;
    }
}

/* Mean of -log sigmoid(z) or -log(1 - sigmoid(z)), and its gradient by z. */
static double loss(const float *z, const float *label, float *dz)
{
    double sum = 0;

    for (size_t k = 0; k < BATCH; k++) {
        double p = 1 / (1 + exp(-(double)z[k]));

        sum -= label[k] > 0 ? log(p) : log(1 - p);
        dz[k] = (float)((p - (double)label[k]) / BATCH);
    }
    return sum / BATCH;
}

static void train(job *j, const bw_optimizer *optimizer)
{
    const bw_model_part *part = bw_model_get_part(j->model, 0);
    const bw_network *network = bw_model_part_network(part);
    size_t n = bw_network_n_trained(network);
    float *block = bw_model_values(j->model, part), label[BATCH];

    bw_network_init(network, BW_INIT_HE, 0, seed, 0, block);
    for (uint64_t step = 1; step <= N_STEPS; step++) {
        const float *z = NULL;
        double value;

        draw(step, bw_engine_input(j->engine), label);
        z = bw_engine_forward(j->engine, BW_MODE_TRAIN, BATCH, block, step);
        value = loss(z, label, bw_engine_output_gradient(j->engine));
        memset(j->gradient, 0, n * sizeof *j->gradient);
        bw_engine_backward(j->engine, BATCH, block, j->gradient);
        bw_optimizer_step(optimizer, 0.01, step, n, block, j->gradient,
                          j->moments, j->tasks);
        bw_engine_touch(j->engine);
        if (step == 1 || step % 100 == 0)
            printf("step %d: loss %.3f\n", (int)step, value);
    }
}

static bw_status keep(job *j, const char *path, bw_error *err)
{
    bw_status status = bw_model_set_real(j->model, "steps", N_STEPS, err);

    j->provenance = bw_provenance_create("train", 0, NULL, &seed);
    if (!j->provenance)
        return bw_error_memory(err);
    if (!status)
        status = bw_writer_create(path, &j->writer, err);
    if (!status)
        status = bw_provenance_stamp(j->provenance, j->writer, "model", err);
    if (!status)
        status = bw_model_put(j->model, NULL, j->writer, err);
    return status ? status : bw_writer_commit(j->writer, err);
}

int main(int argc, char **argv)
{
    const bw_optimizer optimizer = bw_optimizer_default(BW_OPTIMIZER_ADAM);
    bw_error err = BW_ERROR_INIT;
    job j;
    bw_status status;

    if (argc != 2) {
        fprintf(stderr, "usage: train MODEL\n");
        return 2;
    }
    memset(&j, 0, sizeof j);
    status = build(&j, &optimizer, &err);
    if (!status) {
        train(&j, &optimizer);
        status = keep(&j, argv[1], &err);
    }
    clear(&j);
    if (status)
        fprintf(stderr, "train: %s\n", err.text);
    return status ? 1 : 0;
}
