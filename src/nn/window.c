/* window.c - how a window slides along one axis: sizes and zeros. */
#include "config.h"

#include "nn/window.h"

static bw_status check_window(const bw_window *window, size_t in, bw_error *err)
{
    const size_t most = BW_MAX_ITEM;

    if (window->kernel < 1 || window->kernel > most)
        return bw_error_set(err, BW_ERR_RANGE,
                            "a window of %zu is not in 1..%zu", window->kernel,
                            most);
    if (window->stride < 1 || window->stride > most)
        return bw_error_set(err, BW_ERR_RANGE,
                            "a stride of %zu is not in 1..%zu", window->stride,
                            most);
    if (in < 1 || in > most)
        return bw_error_set(err, BW_ERR_RANGE, "a side of %zu is not in 1..%zu",
                            in, most);
    if (!window->is_same &&
        (window->before >= window->kernel || window->after >= window->kernel))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "%zu and %zu rows or columns of zeros are too many "
                            "for a window of %zu",
                            window->before, window->after, window->kernel);
    return BW_OK;
}

/* "Same" on the way from in to out. */
static size_t zeros_of_same(const bw_window *window, uint64_t in, uint64_t out)
{
    uint64_t covered = (out - 1) * window->stride + window->kernel;

    return covered <= in ? 0 : (size_t)((covered - in) / 2);
}

bw_window bw_window_rows(const bw_layer *layer)
{
    return (bw_window){.kernel = layer->kh,
                       .stride = layer->stride,
                       .is_same = layer->is_same,
                       .before = layer->top,
                       .after = layer->bottom};
}

bw_window bw_window_columns(const bw_layer *layer)
{
    return (bw_window){.kernel = layer->kw,
                       .stride = layer->stride,
                       .is_same = layer->is_same,
                       .before = layer->left,
                       .after = layer->right};
}

bw_status bw_window_fit(const bw_window *window, size_t in, size_t *out,
                        size_t *zeros, bw_error *err)
{
    bw_status status = check_window(window, in, err);
    uint64_t padded;

    if (status != BW_OK)
        return status;
    if (window->is_same) {
        *out = (in - 1) / window->stride + 1;
        *zeros = zeros_of_same(window, in, *out);
        return BW_OK;
    }
    padded = (uint64_t)in + window->before + window->after;
    if (padded < window->kernel)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "a window of %zu does not fit into %zu with %zu "
                            "and %zu zeros around it",
                            window->kernel, in, window->before, window->after);
    *out = (size_t)((padded - window->kernel) / window->stride) + 1;
    *zeros = window->before;
    return BW_OK;
}

bw_status bw_window_spread(const bw_window *window, size_t in, size_t *out,
                           size_t *zeros, bw_error *err)
{
    bw_status status = check_window(window, in, err);
    uint64_t size, lost = 0;

    if (status != BW_OK)
        return status;
    if (window->is_same) {
        size = (uint64_t)in * window->stride;
        *zeros = zeros_of_same(window, size, in);
    } else {
        size = (uint64_t)(in - 1) * window->stride + window->kernel;
        lost = (uint64_t)window->before + window->after;
        *zeros = window->before;
    }
    if (size <= lost)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "nothing is left of %zu spread by a window of %zu "
                            "with stride %zu when %zu and %zu are cut off",
                            in, window->kernel, window->stride, window->before,
                            window->after);
    size -= lost;
    if (size > BW_MAX_ITEM)
        return bw_error_set(err, BW_ERR_RANGE,
                            "a side of %zu spread with stride %zu is past %d",
                            in, window->stride, (int)BW_MAX_ITEM);
    *out = (size_t)size;
    return BW_OK;
}

bw_status bw_window_shape(bw_layer *layer, bool is_deconv, size_t zeros[2],
                          bw_error *err)
{
    bw_status (*slide)(const bw_window *, size_t, size_t *, size_t *,
                       bw_error *) =
        is_deconv ? bw_window_spread : bw_window_fit;
    bw_window rows = bw_window_rows(layer);
    bw_window columns = bw_window_columns(layer);
    bw_status status = slide(&rows, layer->in.h, &layer->out.h, &zeros[0], err);

    if (status != BW_OK)
        return status;
    return slide(&columns, layer->in.w, &layer->out.w, &zeros[1], err);
}
