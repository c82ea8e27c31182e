/* pairs.c - exact squared distances between random pairs of a container's grey
 * images, each certified, on all processors; writes what
 *
 *     wdist --pairs random:N --seed S --quantity cost --certify IMAGES -o OUT
 *
 * writes, but for the metadata.
 *
 *     pairs N S IMAGES OUT
 */
#define _POSIX_C_SOURCE 200809L

#include <barrow/container.h>
#include <barrow/many.h>
#include <barrow/provenance.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run: what it owns. */
typedef struct job {
    bw_reader *reader;
    void *images;
    uint64_t digest;
    bw_ground *ground;
    bw_histograms *set;
    bw_writer *writer;
    bw_provenance *provenance;
    double *cost, *gap;
    bw_many many;
} job;

static void clear(job *j)
{
    bw_reader_close(j->reader);
    free(j->images);
    bw_histograms_destroy(j->set);
    bw_ground_destroy(j->ground);
    bw_writer_destroy(j->writer);
    bw_provenance_destroy(j->provenance);
    free(j->cost);
    free(j->gap);
}

/* Images (n,h,w,1) of bytes, as a set of histograms on the grid of pixels. */
static bw_status read_images(job *j, const char *path, bw_error *err)
{
    bw_status status = bw_reader_open(path, &j->reader, err);
    const bw_tensor *t = NULL;

    if (status)
        return status;
    t = bw_reader_find(j->reader, "images");
    if (!t || t->dtype != BW_U8 || t->rank != 4 || t->shape[3] != 1)
        return bw_error_set(err, BW_ERR_FORMAT, "%s: no grey 8-bit images",
                            path);
    status = bw_reader_read_all(j->reader, t, &j->images, err);
    if (!status)
        status = bw_reader_finish(j->reader, &j->digest, err);
    if (!status)
        status = bw_ground_create_grid(BW_NORM_L2, 2, t->shape[1], t->shape[2],
                                       &j->ground, err);
    if (!status)
        status =
            bw_histograms_create(j->ground, BW_NORMALIZE_SUM, &j->set, err);
    for (uint64_t k = 0; !status && k < t->shape[0]; k++) {
        size_t n_bins = bw_ground_n_sources(j->ground);

        status = bw_histograms_add_bytes(
            j->set, n_bins, (unsigned char *)j->images + k * n_bins, err);
        if (status)
            bw_error_prefix(err, "%s: histogram %llu", path,
                            (unsigned long long)k);
    }
    return status ? status : bw_histograms_seal(j->set, err);
}

static bw_status solve(job *j, uint64_t n, uint64_t seed, bw_error *err)
{
    size_t n_images = bw_histograms_n(j->set);
    bw_status status;

    j->cost = malloc((n + 1) * sizeof *j->cost);
    j->gap = malloc((n + 1) * sizeof *j->gap);
    if (!j->cost || !j->gap)
        return bw_error_memory(err);
    j->many.ground = j->ground;
    j->many.set = j->set;
    j->many.transport.with_certificate = true;
    j->many.tolerance = 1e-9;
    j->many.n_threads = (size_t)sysconf(_SC_NPROCESSORS_ONLN);
    j->many.cost = j->cost;
    j->many.gap = j->gap;
    status = bw_pairs_init(&j->many.pairs, BW_PAIRS_RANDOM, n_images, n_images,
                           n, NULL, seed, err);
    return status ? status : bw_many_solve(&j->many, err);
}

static bw_status write_column(job *j, const char *name, const double *values,
                              bw_error *err)
{
    size_t index;
    bw_status status =
        bw_writer_add(j->writer, name, BW_F64, 1, NULL, &index, err);

    return status ? status
                  : bw_writer_append(j->writer, index, values,
                                     j->many.pairs.n * sizeof *values, err);
}

static bw_status write_pairs(job *j, bw_error *err)
{
    const uint64_t row[1] = {2};
    size_t index;
    bw_status status =
        bw_writer_add(j->writer, "pairs", BW_U32, 2, row, &index, err);

    for (uint64_t k = 0; !status && k < j->many.pairs.n; k++) {
        uint32_t pair[2];

        bw_pairs_get(&j->many.pairs, k, pair);
        status = bw_writer_append(j->writer, index, pair, sizeof pair, err);
    }
    return status;
}

/* The file says how it was made, as every container does. */
static bw_status stamp(job *j, char **argv, uint64_t seed, bw_error *err)
{
    const char *const arguments[] = {argv[1]};
    bw_status status;

    j->provenance = bw_provenance_create("pairs", 1, arguments, &seed);
    if (!j->provenance)
        return bw_error_memory(err);
    status = bw_provenance_add_input(
        j->provenance, bw_reader_base_name(j->reader), j->digest,
        bw_reader_meta(j->reader, BW_META_PROVENANCE), err);
    return status ? status
                  : bw_provenance_stamp(j->provenance, j->writer, "distances",
                                        err);
}

static bw_status run(job *j, char **argv, bw_error *err)
{
    uint64_t n = strtoull(argv[1], NULL, 10);
    uint64_t seed = strtoull(argv[2], NULL, 10);
    bw_status status = read_images(j, argv[3], err);

    if (!status)
        status = solve(j, n, seed, err);
    if (!status)
        status = bw_writer_create(argv[4], &j->writer, err);
    if (!status)
        status = stamp(j, argv, seed, err);
    if (!status)
        status = write_column(j, "cost", j->cost, err);
    if (!status)
        status = write_column(j, "gap", j->gap, err);
    if (!status)
        status = write_pairs(j, err);
    return status ? status : bw_writer_commit(j->writer, err);
}

int main(int argc, char **argv)
{
    bw_error err = BW_ERROR_INIT;
    job j;
    bw_status status;

    if (argc != 5) {
        fprintf(stderr, "usage: pairs N S IMAGES OUT\n");
        return 2;
    }
    memset(&j, 0, sizeof j);
    status = run(&j, argv, &err);
    clear(&j);
    if (status)
        fprintf(stderr, "pairs: %s\n", err.text);
    return status ? 1 : 0;
}
