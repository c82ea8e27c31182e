/* test_window.c - sizes and zeros of sliding windows. */
#include "config.h"

#include <criterion/criterion.h>
#include <string.h>

#include "nn/window.h"

typedef struct sample {
    size_t in, kernel, stride;
    bool is_same;
    size_t before, after, out, zeros;
} sample;

/* "same" sizes as TensorFlow documents them; explicit ones as PyTorch's
 * formula has them. */
static const sample fits[] = {
    {28, 4, 2, true, 0, 0, 14, 1},  {14, 4, 2, true, 0, 0, 7, 1},
    {7, 4, 2, true, 0, 0, 4, 1},    {4, 4, 2, true, 0, 0, 2, 1},
    {64, 5, 2, true, 0, 0, 32, 1},  {28, 5, 1, true, 0, 0, 28, 2},
    {28, 4, 1, true, 0, 0, 28, 1},  {5, 2, 3, true, 0, 0, 2, 0},
    {6, 1, 3, true, 0, 0, 2, 0},    {1, 7, 1, true, 0, 0, 1, 3},
    {28, 4, 2, false, 1, 1, 14, 1}, {7, 4, 2, false, 1, 2, 4, 1},
    {5, 5, 1, false, 0, 0, 1, 0},   {6, 3, 2, false, 0, 0, 2, 0},
    {2, 4, 1, false, 2, 0, 1, 2},
};

static const sample spreads[] = {
    {7, 4, 2, true, 0, 0, 14, 1},  {28, 4, 1, true, 0, 0, 28, 1},
    {8, 5, 2, true, 0, 0, 16, 1},  {64, 5, 1, true, 0, 0, 64, 2},
    {3, 2, 5, true, 0, 0, 15, 0},  {7, 4, 2, false, 1, 1, 14, 1},
    {1, 4, 1, false, 0, 0, 4, 0},  {4, 5, 2, false, 2, 2, 7, 2},
    {4, 3, 3, false, 1, 0, 11, 1},
};

static bw_window window_of(const sample *s)
{
    return (bw_window){.kernel = s->kernel,
                       .stride = s->stride,
                       .is_same = s->is_same,
                       .before = s->before,
                       .after = s->after};
}

Test(window, sizes)
{
    size_t out, zeros;

    for (size_t k = 0; k < sizeof fits / sizeof fits[0]; k++) {
        bw_window window = window_of(&fits[k]);

        cr_assert_eq(bw_window_fit(&window, fits[k].in, &out, &zeros, NULL),
                     BW_OK);
        cr_assert(out == fits[k].out && zeros == fits[k].zeros,
                  "fit %zu: %zu, %zu", k, out, zeros);
    }
    for (size_t k = 0; k < sizeof spreads / sizeof spreads[0]; k++) {
        bw_window window = window_of(&spreads[k]);

        cr_assert_eq(
            bw_window_spread(&window, spreads[k].in, &out, &zeros, NULL),
            BW_OK);
        cr_assert(out == spreads[k].out && zeros == spreads[k].zeros,
                  "spread %zu: %zu, %zu", k, out, zeros);
    }
}

/* What a transposed convolution makes, its convolution takes back, with the
 * same zeros. */
Test(window, there_and_back)
{
    size_t out, zeros, back, zeros_back;

    for (size_t kernel = 1; kernel <= 6; kernel++)
        for (size_t stride = 1; stride <= 4; stride++)
            for (size_t in = 1; in <= 9; in++) {
                bw_window window = {kernel, stride, true, 0, 0};

                cr_assert_eq(bw_window_spread(&window, in, &out, &zeros, NULL),
                             BW_OK);
                cr_assert_eq(
                    bw_window_fit(&window, out, &back, &zeros_back, NULL),
                    BW_OK);
                cr_assert(back == in && zeros_back == zeros);
            }
}

static void refused(const sample *s, bool is_deconv, bw_status code,
                    const char *text)
{
    bw_window window = window_of(s);
    bw_error err = BW_ERROR_INIT;
    size_t out, zeros;
    bw_status status =
        is_deconv ? bw_window_spread(&window, s->in, &out, &zeros, &err)
                  : bw_window_fit(&window, s->in, &out, &zeros, &err);

    cr_assert_eq(status, code, "%s", err.text);
    cr_assert(strstr(err.text, text) != NULL, "%s", err.text);
}

Test(window, impossible)
{
    const size_t huge = (size_t)-1;

    refused(&(sample){5, 7, 1, false, 0, 0, 0, 0}, false, BW_ERR_DIMENSION,
            "window of 7 does not fit into 5");
    refused(&(sample){5, 7, 1, false, 7, 0, 0, 0}, false, BW_ERR_DIMENSION,
            "too many for a window of 7");
    refused(&(sample){1, 2, 1, false, 1, 1, 0, 0}, true, BW_ERR_DIMENSION,
            "nothing is left of 1");
    refused(&(sample){5, 0, 1, true, 0, 0, 0, 0}, false, BW_ERR_RANGE,
            "window of 0");
    refused(&(sample){5, 1, 0, true, 0, 0, 0, 0}, true, BW_ERR_RANGE,
            "stride of 0");
    refused(&(sample){0, 1, 1, true, 0, 0, 0, 0}, false, BW_ERR_RANGE,
            "side of 0");
    refused(&(sample){5, huge, 1, true, 0, 0, 0, 0}, false, BW_ERR_RANGE, "");
    refused(&(sample){5, 3, huge, true, 0, 0, 0, 0}, true, BW_ERR_RANGE, "");
    refused(&(sample){1 << 20, 3, 1 << 20, true, 0, 0, 0, 0}, true,
            BW_ERR_RANGE, "is past");
    refused(&(sample){5, 3, 1, false, huge, huge, 0, 0}, false,
            BW_ERR_DIMENSION, "too many");
}
