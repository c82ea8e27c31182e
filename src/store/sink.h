/* sink.h - where wpack's items go: one container or several parts, in the order
 * of arrival or shuffled. */
#ifndef BW_SINK_H
#define BW_SINK_H

#include "barrow/provenance.h"
#include "store/image.h"
#include "store/pack.h"

typedef struct bw_sink bw_sink;

/* Creates the writers, so that an output that cannot be written fails before
 * the input is read. options are borrowed and must live on. */
bw_status bw_sink_create(const bw_pack_options *options, bw_sink **ret_sink,
                         bw_error *err) BW_MUST_CHECK;
/* Without bw_sink_commit before, nothing appears. */
void bw_sink_destroy(bw_sink *sink);

/* Declares the tensors: the main one by its name and the shape of its rows,
 * labels where has_labels. Once, before the first put. */
bw_status bw_sink_begin(bw_sink *sink, const char *tensor, bw_dtype dtype,
                        unsigned rank, const uint64_t *row_shape,
                        bool has_labels, bw_error *err) BW_MUST_CHECK;

/* Adds a small whole tensor of doubles, (n_rows, n_columns), to each part. */
bw_status bw_sink_add_matrix(bw_sink *sink, const char *tensor, size_t n_rows,
                             size_t n_columns, const double *values,
                             bw_error *err) BW_MUST_CHECK;

/* Takes one row; every row is as large as bw_sink_begin said. */
bw_status bw_sink_put(bw_sink *sink, const void *row, int32_t label,
                      bw_error *err) BW_MUST_CHECK;

/* Writes what a shuffle holds back, stamps every part, with opt_label_names in
 * its metadata, and commits. BW_ERR_DIMENSION when the parts want more items
 * than came. */
bw_status bw_sink_commit(bw_sink *sink, const bw_provenance *provenance,
                         const char *kind, const char *opt_label_names,
                         bw_error *err) BW_MUST_CHECK;

#endif
