/* header.h - the JSON header of a safetensors file, as a structure. */
#ifndef BW_HEADER_H
#define BW_HEADER_H

#include <stddef.h>
#include <stdint.h>

#include "barrow/container.h"

/* The entry of the header that is no tensor. */
#define BW_HEADER_META "__metadata__"

typedef struct bw_meta {
    char *key, *value;
} bw_meta;

typedef struct bw_header {
    size_t n_meta, meta_room;
    bw_meta *meta; /* in file order */
    size_t n_tensors, tensor_room;
    bw_tensor *tensor; /* by offset; among equals, those without bytes first */
    uint64_t n_data_bytes;
} bw_header;

/* A header without anything in it. */
#define BW_HEADER_INIT                                                         \
    {                                                                          \
        0, 0, NULL, 0, 0, NULL, 0                                              \
    }

void bw_header_clear(bw_header *header);

/* Appends copies, or nothing; key and value are not looked at. */
bw_status bw_header_append_meta(bw_header *header, const char *key,
                                const char *value, bw_error *err) BW_MUST_CHECK;

/* Sets a metadata string; an old one of that key keeps its place. Key and value
 * must be UTF-8, else BW_ERR_RANGE. */
bw_status bw_header_set_meta(bw_header *header, const char *key,
                             const char *value, bw_error *err) BW_MUST_CHECK;
const char *bw_header_meta(const bw_header *header, const char *key);

/* Appends a tensor under a copy of its name, as given. */
bw_status bw_header_add(bw_header *header, const bw_tensor *tensor,
                        bw_error *err) BW_MUST_CHECK;

/* Fills n_items and n_bytes from type, rank and shape. False when the product
 * of the item's size and of all sizes but 0 is over 2^63 - 1: with that, any
 * product of sizes that a caller forms fits. */
bool bw_header_measure(bw_tensor *tensor);

/* Parses n bytes of JSON into an empty header and checks all that
 * bw_reader_open promises of it. Beside the copies, memory holds one entry at
 * a time. On failure the header is empty. BW_ERR_FORMAT, BW_ERR_MEMORY. */
bw_status bw_header_parse(bw_header *header, const char *text, size_t n,
                          bw_error *err) BW_MUST_CHECK;

/* The JSON text, padded with spaces to a multiple of 8 bytes; *ret_text is to
 * be freed. BW_ERR_RANGE when it is longer than BW_MAX_HEADER. */
bw_status bw_header_print(const bw_header *header, char **ret_text, size_t *n,
                          bw_error *err) BW_MUST_CHECK;

#endif
