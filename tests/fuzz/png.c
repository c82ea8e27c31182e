/* png.c - PNG files: as they are, and with the checksums that their chunks
 * should have, since hardly any change would get past those. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "fuzz/fuzz.h"
#include "store/png.h"

enum { SIGNATURE = 8, CHUNK = 12 /* length, name, checksum */ };

static uint32_t get_word(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 |
           (uint32_t)at[2] << 8 | at[3];
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (int k = 0; k < 4; k++)
        at[k] = (uint8_t)(word >> (24 - 8 * k));
}

static void mend_checksums(uint8_t *data, size_t n)
{
    size_t at = SIGNATURE, length;

    for (; at + CHUNK <= n; at += CHUNK + length) {
        length = get_word(data + at);
        if (length > n - at - CHUNK)
            return;
        put_word(data + at + 8 + length,
                 (uint32_t)crc32(0, data + at + 4, (uInt)length + 4));
    }
}

static void decode(const uint8_t *data, size_t n, const bw_background *behind)
{
    bw_error err = BW_ERROR_INIT;
    bw_image image = BW_IMAGE_INIT;

    if (fuzz_check(bw_png_decode(data, n, behind, &image, &err), &err)) {
        const uint8_t *bytes = image.data;
        size_t n_bytes = bw_image_n_bytes(&image);
        size_t sum = 0;

        FUZZ_MUST(image.dtype == BW_U8 || image.dtype == BW_U16);
        FUZZ_MUST(image.channels >= 1 && image.channels <= 4);
        FUZZ_MUST(behind->is_none || image.channels % 2 == 1);
        FUZZ_MUST(n_bytes > 0 && n_bytes <= image.capacity);
        /* Every byte is read, for sanitizers and valgrind to see. */
        for (size_t k = 0; k < n_bytes; k++)
            sum += bytes[k];
        FUZZ_MUST(sum <= n_bytes * UINT8_MAX);
    }
    bw_image_clear(&image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const bw_background none = {true, {0, 0, 0}};
    static const bw_background sand = {false, {194, 178, 128}};
    uint8_t *mended = malloc(n > 0 ? n : 1);

    FUZZ_MUST(mended != NULL);
    memcpy(mended, data, n);
    mend_checksums(mended, n);
    decode(mended, n, &none);
    decode(mended, n, &sand);
    if (memcmp(mended, data, n) != 0)
        decode(data, n, &none);
    free(mended);
    return 0;
}
