/* wgan_picture.c - samples while a generator learns. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "model/wgan.h"
#include "plot/sheet.h"

enum { N_COLUMNS = 10 };

/* The first two values of n points; 0 for a second that is not there. */
static void take_points(size_t n, size_t d, const float *points, double *x,
                        double *y)
{
    for (size_t k = 0; k < n; k++) {
        x[k] = (double)points[k * d];
        y[k] = d > 1 ? (double)points[k * d + 1] : 0;
    }
}

static bw_status write_points(const char *path, size_t d, size_t n,
                              const float *samples, size_t n_data,
                              const float *data, bw_error *err)
{
    size_t n_all = n + n_data;
    double *x = malloc((n_all + 1) * sizeof *x);
    double *y = malloc((n_all + 1) * sizeof *y);
    bw_status status = x && y ? BW_OK : bw_error_memory(err);

    if (status) {
        bw_error_prefix(err, "%s", path);
        goto done;
    }
    const bw_series dots[] = {{.name = "items",
                               .style = BW_STYLE_DOTS,
                               .n = n_data,
                               .opt_x = x,
                               .y = y},
                              {.name = "samples",
                               .style = BW_STYLE_DOTS,
                               .n = n,
                               .opt_x = x + n_data,
                               .y = y + n_data}};
    const bw_panel panel = {.title = "items and samples",
                            .opt_x_label = "first value",
                            .opt_y_label = "second value",
                            .is_square = true,
                            .n_series = 2,
                            .series = dots};
    const bw_sheet sheet = {.n_rows = 1, .n_columns = 1, .panel = &panel};
    take_points(n_data, d, data, x, y);
    take_points(n, d, samples, x + n_data, y + n_data);
    status = bw_sheet_write(path, &sheet, err);
done:
    free(x);
    free(y);
    return status;
}

bw_status bw_wgan_picture_write(const char *folder, uint64_t epoch,
                                bw_shape item, size_t n, const float *samples,
                                size_t n_data, const float *data, bw_error *err)
{
    char *path = NULL;
    bw_status status;

    if (asprintf(&path, "%s/samples-%04llu.png", folder,
                 (unsigned long long)epoch) < 0)
        return bw_error_memory(err);
    status = item.is_flat ? write_points(path, bw_shape_n(item), n, samples,
                                         n_data, data, err)
                          : bw_grid_write(path, item.h, item.w, item.c, n,
                                          samples, N_COLUMNS, err);
    free(path);
    return status;
}
