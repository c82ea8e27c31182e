/* origin.c - where something that was read comes from. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "barrow/provenance.h"
#include "model/origin.h"

bw_status bw_origin_set(bw_origin *origin, const bw_reader *reader,
                        bw_error *err)
{
    const char *steps = bw_reader_meta(reader, BW_META_PROVENANCE);

    *origin = (bw_origin){.name = strdup(bw_reader_base_name(reader)),
                          .path = strdup(bw_reader_path(reader)),
                          .steps = steps ? strdup(steps) : NULL};
    if (!origin->name || !origin->path || (steps && !origin->steps))
        return bw_error_memory(err);
    return BW_OK;
}

void bw_origin_clear(bw_origin *origin)
{
    free(origin->name);
    free(origin->path);
    free(origin->steps);
    *origin = (bw_origin){0};
}
