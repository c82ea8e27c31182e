/* picture.c - an image to a PNG file. */
#include "config.h"

#include "base/output.h"
#include "plot/picture.h"
#include "store/png.h"

bw_status bw_picture_write(const char *path, const bw_image *image,
                           bw_error *err)
{
    bw_output *output = NULL;
    bw_status status = bw_output_open(path, &output, err);

    if (!status) {
        status = bw_png_encode(image, output, err);
        if (status == BW_ERR_DIMENSION)
            bw_error_prefix(err, "%s", path);
    }
    if (!status)
        status = bw_output_commit(output, err);
    bw_output_destroy(output);
    return status;
}
