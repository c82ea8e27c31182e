/* json.h - values that jansson takes not as they are. NULL is out of memory. */
#ifndef BW_JSON_H
#define BW_JSON_H

#include <stdint.h>

#include <jansson.h>

/* Text that may come from a command line or a file system in any encoding. */
json_t *bw_json_text(const char *text);

/* jansson's integers end at 2^63 - 1: beyond, the digits are a string. */
json_t *bw_json_whole(uint64_t value);

#endif
