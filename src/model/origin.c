/* origin.c - where something that was read comes from. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "model/origin.h"
#include "store/labels.h"

bw_status bw_origin_set(bw_origin *origin, const bw_reader *reader,
                        bw_error *err)
{
    const char *steps = bw_reader_meta(reader, BW_META_PROVENANCE);
    const char *names = bw_reader_meta(reader, BW_META_LABEL_NAMES);

    *origin = (bw_origin){.name = strdup(bw_reader_base_name(reader)),
                          .path = strdup(bw_reader_path(reader)),
                          .steps = steps ? strdup(steps) : NULL,
                          .label_names = names ? strdup(names) : NULL};
    if (!origin->name || !origin->path || (steps && !origin->steps) ||
        (names && !origin->label_names))
        return bw_error_memory(err);
    return BW_OK;
}

void bw_origin_clear(bw_origin *origin)
{
    free(origin->name);
    free(origin->path);
    free(origin->steps);
    free(origin->label_names);
    *origin = (bw_origin){0};
}
