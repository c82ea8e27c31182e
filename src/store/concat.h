/* concat.h - joining containers along the first axis. */
#ifndef BW_CONCAT_H
#define BW_CONCAT_H

#include <stddef.h>

#include "barrow/container.h"

/* Joins the containers at path[0 .. n-1], n >= 1, in that order into output;
 * "-" may stand for standard input once. Each file is read once, in memory that
 * does not grow with it; where all are regular files, their headers are
 * compared before anything is copied.
 *
 * Parts must agree as bw_agree_add demands. Tensors that tell of all rows
 * (`support`) must be equal and are kept once; `plan_offset` runs on across the
 * parts. Shards that are complete lose the key "shard", others get "K-L/N".
 *
 * With opt_histograms, parts are distances of the first histograms of that
 * file, each of no fewer than the one before; the whole is of all of them.
 *
 * opt_stop is asked now and then whether to give up: BW_ERR_INTERRUPTED. On
 * failure nothing is left under output's name. */
bw_status bw_concat(size_t n, const char *const *path,
                    const char *opt_histograms, const char *output,
                    int (*opt_stop)(void), bw_error *err) BW_MUST_CHECK;

#endif
