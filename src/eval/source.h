/* source.h - one file that is measured: a container, or an array in NPY, and
 * those of its tensors that are wanted, read in one pass.
 *
 * An NPY array has no name; of rank 3 or more it is `images`, else `codes`. In
 * `images` and `mass` integers are divided by their type's largest value; all
 * else is taken as it is.
 */
#ifndef BW_SOURCE_H
#define BW_SOURCE_H

#include <stdbool.h>

#include "eval/sample.h"

typedef struct bw_source bw_source;

/* Opens path ("-": standard input) and reads the header. NPY is told from a
 * container in regular files only. Messages begin with the path. */
bw_status bw_source_open(const char *path, bw_source **ret_source,
                         bw_error *err) BW_MUST_CHECK;
void bw_source_close(bw_source *source);

const char *bw_source_path(const bw_source *source);
bool bw_source_has(const bw_source *source, const char *tensor);
/* The names of all tensors, "codes, images", to text of the size given. */
void bw_source_names(const bw_source *source, size_t size, char *text);

/* Asks for a tensor, any number of times. BW_ERR_FORMAT when it is not there,
 * BW_ERR_DIMENSION when it holds no values. */
bw_status bw_source_want(bw_source *source, const char *tensor,
                         bw_error *err) BW_MUST_CHECK;

/* Reads what is wanted, and the file to its end. BW_ERR_RANGE for a value that
 * is not finite. */
bw_status bw_source_load(bw_source *source, bw_error *err) BW_MUST_CHECK;

/* A tensor that was wanted and loaded. Its data belongs to the source. */
const bw_sample *bw_source_get(const bw_source *source, const char *tensor);

#endif
