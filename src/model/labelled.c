/* labelled.c - a tensor's items and their labels, in the order in which they
 * stand in the file. */
#include "config.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>

#include "barrow/network.h"
#include "model/labelled.h"

bw_status bw_labelled_size(const char *path, const bw_tensor *tensor,
                           size_t *size, bw_error *err)
{
    uint64_t n = 1;
    bool is_within = true;

    for (unsigned k = 1; k < tensor->rank; k++)
        is_within &= !__builtin_mul_overflow(n, tensor->shape[k], &n);
    if (n == 0 || !is_within || n > BW_MAX_ITEM)
        return bw_error_set(
            err, BW_ERR_DIMENSION, "%s: tensor '%s' holds items of %s values",
            path, tensor->name, n == 0 && is_within ? "no" : "too many");
    *size = (size_t)n;
    return BW_OK;
}

static bw_status check_labels(const bw_reader *reader, const bw_tensor *labels,
                              uint64_t n, bw_error *err)
{
    if (labels->rank == 1 && labels->shape[0] == n && labels->dtype == BW_I32)
        return BW_OK;
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: tensor 'labels' is not I32 (%" PRIu64 ")",
                        bw_reader_path(reader), n);
}

bw_status bw_labelled_read(bw_reader *reader, const bw_tensor *tensor,
                           void **ret_data, int32_t **ret_labels,
                           uint64_t *digest, bw_error *err)
{
    const bw_tensor *labels = bw_reader_find(reader, "labels");
    void *data = NULL, *numbers = NULL;
    bw_status status =
        labels ? check_labels(reader, labels, tensor->shape[0], err) : BW_OK;

    *ret_data = NULL;
    *ret_labels = NULL;
    for (size_t k = 0; k < bw_reader_n_tensors(reader) && !status; k++) {
        const bw_tensor *t = bw_reader_tensor(reader, k);
        if (t == tensor)
            status = bw_reader_read_all(reader, t, &data, err);
        else if (t == labels)
            status = bw_reader_read_all(reader, t, &numbers, err);
    }
    if (!status)
        status = bw_reader_finish(reader, digest, err);
    if (status) {
        free(data);
        free(numbers);
        return status;
    }
    *ret_data = data;
    *ret_labels = numbers;
    return BW_OK;
}
