/* json.h - values that jansson takes not as they are. NULL is out of memory. */
#ifndef BW_JSON_H
#define BW_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

/* Text that may come from a command line or a file system in any encoding. */
json_t *bw_json_text(const char *text);

/* jansson's integers end at 2^63 - 1: beyond, the digits are a string. */
json_t *bw_json_whole(uint64_t value);

/* json_loadb, which by itself drops from a string the characters that it finds
 * no memory for, and goes on, past the end of the text where that was a quote.
 * *is_short: memory ran out; the value is NULL. */
json_t *bw_json_parse(const char *text, size_t n, size_t flags,
                      json_error_t *error, bool *is_short);

/* json_dumps, which by itself drops characters, too. To be freed. */
char *bw_json_print(const json_t *value, size_t flags);

#endif
