/* idx.c - IDX headers: two zeros, a type, a rank, then a 32-bit size an axis,
 * all big-endian. */
#include "config.h"

#include "store/idx.h"

static const struct {
    unsigned char code;
    bw_dtype dtype;
} types[] = {{0x08, BW_U8},  {0x09, BW_I8},  {0x0b, BW_I16},
             {0x0c, BW_I32}, {0x0d, BW_F32}, {0x0e, BW_F64}};

enum { N_TYPES = sizeof types / sizeof types[0] };

bool bw_idx_is_magic(const unsigned char *data, size_t n)
{
    return n >= 4 && data[0] == 0 && data[1] == 0 && data[2] >= 0x08 &&
           data[2] <= 0x0e && data[3] >= 1 && data[3] <= 16;
}

bw_status bw_idx_read_header(bw_bytes *bytes, bw_array_form *layout,
                             bw_error *err)
{
    unsigned char head[4], size[4];
    unsigned t = 0;
    bw_status rc = bw_bytes_read(bytes, head, sizeof head, err);

    if (rc)
        return rc;
    while (t < N_TYPES && types[t].code != head[2])
        t++;
    if (head[0] != 0 || head[1] != 0 || t == N_TYPES)
        return bw_error_set(
            err, BW_ERR_FORMAT, "%s: no IDX file: magic %02x%02x%02x%02x",
            bw_bytes_name(bytes), head[0], head[1], head[2], head[3]);
    if (head[3] < 1 || head[3] > BW_MAX_RANK)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "%s: IDX rank %d, 1 to %d wanted",
                            bw_bytes_name(bytes), head[3], BW_MAX_RANK);
    *layout = (bw_array_form){
        .dtype = types[t].dtype, .rank = head[3], .is_big_endian = true};
    for (unsigned k = 0; k < layout->rank; k++) {
        rc = bw_bytes_read(bytes, size, sizeof size, err);
        if (rc)
            return rc;
        layout->shape[k] = (uint32_t)size[0] << 24 | (uint32_t)size[1] << 16 |
                           (uint32_t)size[2] << 8 | size[3];
    }
    return BW_OK;
}

bw_status bw_idx_make_header(const bw_array_form *layout,
                             unsigned char header[BW_IDX_HEADER_MAX],
                             size_t *n_bytes, bw_error *err)
{
    unsigned t = 0;

    while (t < N_TYPES && types[t].dtype != layout->dtype)
        t++;
    if (t == N_TYPES)
        return bw_error_set(err, BW_ERR_USAGE, "IDX has no type %s",
                            bw_dtype_name(layout->dtype));
    header[0] = header[1] = 0;
    header[2] = types[t].code;
    header[3] = (unsigned char)layout->rank;
    for (unsigned k = 0; k < layout->rank; k++) {
        uint64_t size = layout->shape[k];
        if (size > UINT32_MAX)
            return bw_error_set(err, BW_ERR_DIMENSION,
                                "IDX cannot hold a size of %llu",
                                (unsigned long long)size);
        for (unsigned b = 0; b < 4; b++)
            header[4 + 4 * k + b] = (unsigned char)(size >> (24 - 8 * b));
    }
    *n_bytes = 4 + 4 * (size_t)layout->rank;
    return BW_OK;
}
