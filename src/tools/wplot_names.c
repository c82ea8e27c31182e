/* wplot_names.c - what labels are called. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/json.h"
#include "store/labels.h"
#include "tools/wplot.h"

void bw_wplot_names_clear(bw_wplot_names *names)
{
    for (size_t k = 0; k < names->n; k++)
        free(names->name[k]);
    free(names->name);
    *names = (bw_wplot_names){.n = 0};
}

bw_status bw_wplot_names_read(const bw_reader *reader, bw_wplot_names *names,
                              bw_error *err)
{
    const char *text = bw_reader_meta(reader, BW_META_LABEL_NAMES);
    bool is_short = false;
    json_error_t error;
    json_t *list =
        text ? bw_json_parse(text, strlen(text), 0, &error, &is_short) : NULL;
    size_t n = json_array_size(list);
    bw_status status = BW_OK;

    *names = (bw_wplot_names){.n = 0};
    if (!text)
        return BW_OK;
    if (is_short)
        status = bw_error_memory(err);
    else if (!json_is_array(list))
        status =
            bw_error_set(err, BW_ERR_FORMAT, "%s: label_names is no JSON list",
                         bw_reader_path(reader));
    else if (!(names->name = calloc(n + 1, sizeof *names->name)))
        status = bw_error_memory(err);
    for (size_t k = 0; k < n && !status; k++) {
        const char *name = json_string_value(json_array_get(list, k));
        if (!name)
            status = bw_error_set(err, BW_ERR_FORMAT,
                                  "%s: label_names: item %zu is no string",
                                  bw_reader_path(reader), k);
        else if (!(names->name[names->n++] = strdup(name)))
            status = bw_error_memory(err);
    }
    json_decref(list);
    return status;
}

const char *bw_wplot_names_get(const bw_wplot_names *names, int32_t label,
                               char digits[BW_WPLOT_DIGITS])
{
    if (label >= 0 && (size_t)label < names->n)
        return names->name[label];
    snprintf(digits, BW_WPLOT_DIGITS, "%" PRId32, label);
    return digits;
}
