/* encode.c - the codes of images by the encoder of a model, as wae encode makes
 * them of a deterministic encoder whose images run from 0 to 1.
 *
 *     encode MODEL IMAGES CODES
 */
#include <barrow/container.h>
#include <barrow/engine.h>
#include <barrow/model.h>
#include <barrow/provenance.h>
#include <barrow/tasks.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_THREADS = 2, BATCH = 64 };

/* A run: what it owns. */
typedef struct job {
    bw_model *model;
    bw_tasks *tasks;
    bw_engine *engine;
    bw_reader *reader; /* of images */
    bw_writer *writer;
    bw_provenance *provenance;
    unsigned char *bytes; /* a batch of images */
    uint64_t model_digest, digest;
} job;

static void clear(job *j)
{
    bw_reader_close(j->reader);
    bw_writer_destroy(j->writer);
    bw_provenance_destroy(j->provenance);
    bw_engine_destroy(j->engine);
    bw_tasks_destroy(j->tasks);
    bw_model_destroy(j->model);
    free(j->bytes);
}

/* The model, and its encoder made ready for batches. */
static bw_status open_encoder(job *j, const char *path, bw_error *err)
{
    const bw_engine_options options = {.n_max = BATCH};
    const bw_model_part *part = NULL;
    bw_reader *reader = NULL;
    bw_status status = bw_reader_open(path, &reader, err);

    if (!status)
        status = bw_model_read(reader, NULL, &j->model, &j->model_digest, err);
    bw_reader_close(reader);
    if (!status)
        status = bw_tasks_create(N_THREADS, &j->tasks, err);
    if (status)
        return status;
    part = bw_model_find(j->model, "encoder");
    if (!part)
        return bw_error_set(err, BW_ERR_USAGE, "%s: no encoder", path);
    return bw_engine_create(bw_model_part_network(part), &options, j->tasks,
                            &j->engine, err);
}

/* Images (n,h,w,c) of bytes, of the encoder's shape. */
static bw_status open_images(job *j, const char *path, const bw_tensor **t,
                             bw_error *err)
{
    bw_shape in = bw_network_input(
        bw_model_part_network(bw_model_find(j->model, "encoder")));
    bw_status status = bw_reader_open(path, &j->reader, err);

    if (status)
        return status;
    *t = bw_reader_find(j->reader, "images");
    if (!*t || (*t)->dtype != BW_U8 || (*t)->rank != 4 ||
        (*t)->shape[1] != in.h || (*t)->shape[2] != in.w ||
        (*t)->shape[3] != in.c)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%s: no 8-bit images of %zux%zux%zu", path, in.h,
                            in.w, in.c);
    j->bytes = malloc(BATCH * bw_shape_n(in));
    return j->bytes ? BW_OK : bw_error_memory(err);
}

/* Reads, encodes and writes batch after batch. */
static bw_status encode(job *j, const bw_tensor *t, bw_error *err)
{
    const bw_model_part *part = bw_model_find(j->model, "encoder");
    const bw_network *network = bw_model_part_network(part);
    size_t n_in = bw_shape_n(bw_network_input(network));
    const uint64_t row[1] = {bw_shape_n(bw_network_output(network))};
    float *input = bw_engine_input(j->engine);
    size_t index;
    bw_status status =
        bw_writer_add(j->writer, "codes", BW_F32, 2, row, &index, err);

    for (uint64_t at = 0; !status && at < t->shape[0]; at += BATCH) {
        size_t n = t->shape[0] - at < BATCH ? t->shape[0] - at : BATCH;

        status = bw_reader_read(j->reader, t, j->bytes, n * n_in, err);
        if (status)
            break;
        for (size_t k = 0; k < n * n_in; k++)
            input[k] = (float)j->bytes[k] / 255;
        status = bw_writer_append(
            j->writer, index,
            bw_engine_forward(j->engine, BW_MODE_INFER, n,
                              bw_model_values(j->model, part), 0),
            n * row[0] * sizeof(float), err);
    }
    return status ? status : bw_reader_finish(j->reader, &j->digest, err);
}

static bw_status stamp(job *j, const char *model, bw_error *err)
{
    const char *const arguments[] = {model};
    bw_status status;

    j->provenance = bw_provenance_create("encode", 1, arguments, NULL);
    if (!j->provenance)
        return bw_error_memory(err);
    status = bw_provenance_add_input(j->provenance, model, j->model_digest,
                                     NULL, err);
    if (!status)
        status = bw_provenance_add_input(
            j->provenance, bw_reader_base_name(j->reader), j->digest,
            bw_reader_meta(j->reader, BW_META_PROVENANCE), err);
    return status ? status
                  : bw_provenance_stamp(j->provenance, j->writer, "codes", err);
}

static bw_status run(job *j, char **argv, bw_error *err)
{
    const bw_tensor *images = NULL;
    bw_status status = open_encoder(j, argv[1], err);

    if (!status)
        status = open_images(j, argv[2], &images, err);
    if (!status)
        status = bw_writer_create(argv[3], &j->writer, err);
    if (!status)
        status = encode(j, images, err);
    if (!status)
        status = stamp(j, argv[1], err);
    return status ? status : bw_writer_commit(j->writer, err);
}

int main(int argc, char **argv)
{
    bw_error err = BW_ERROR_INIT;
    job j;
    bw_status status;

    if (argc != 4) {
        fprintf(stderr, "usage: encode MODEL IMAGES CODES\n");
        return 2;
    }
    memset(&j, 0, sizeof j);
    status = run(&j, argv, &err);
    clear(&j);
    if (status)
        fprintf(stderr, "encode: %s\n", err.text);
    return status ? 1 : 0;
}
