/* tone.c - which numbers of a tensor are black and white in a picture. */
#include "config.h"

#include <math.h>

#include "store/tone.h"

bw_tone bw_tone_of(const bw_tensor *tensor, bool is_images)
{
    if (tensor->dtype == BW_U8)
        return (bw_tone){true, 0, 255};
    return (bw_tone){is_images || tensor->dtype == BW_BOOL, 0, 1};
}

bw_status bw_tone_fit(bw_tone *tone, size_t n, const double *values,
                      bw_error *err)
{
    for (size_t k = 0; k < n; k++)
        if (isnan(values[k]))
            return bw_error_set(err, BW_ERR_RANGE, "not a number at value %zu",
                                k);
    if (tone->is_fixed)
        return BW_OK;
    tone->low = tone->high = values[0];
    for (size_t k = 1; k < n; k++) {
        tone->low = fmin(tone->low, values[k]);
        tone->high = fmax(tone->high, values[k]);
    }
    return BW_OK;
}

double bw_tone_part(const bw_tone *tone, double value)
{
    if (!(value > tone->low))
        return 0;
    if (!(value < tone->high))
        return 1;
    /* Halves keep the differences of huge values finite. */
    return (value / 2 - tone->low / 2) / (tone->high / 2 - tone->low / 2);
}
