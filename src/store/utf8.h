/* utf8.h - text from files and command lines, made safe to store and show. */
#ifndef BW_UTF8_H
#define BW_UTF8_H

#include <stddef.h>
#include <stdio.h>

#include "barrow/status.h"

/* Bytes of the UTF-8 character (RFC 3629) at text, of which n > 0 bytes are
 * there; 0 when none begins there. */
size_t bw_utf8_length(const char *text, size_t n);

/* A copy, to be freed, in which every byte that is no UTF-8 is spelt "\xHH".
 * NULL when memory is out. */
char *bw_utf8_clean(const char *text);

enum { BW_UTF8_SHOWN = 80 };

/* The text for a message or a table: control characters and bad bytes spelt
 * "\xHH", cut with "..." where it would be longer than the buffer. Returns
 * shown. */
const char *bw_utf8_show(const char *text, char shown[BW_UTF8_SHOWN]);

/* Writes text with control characters spelt "\xHH"; a newline is followed by
 * `indent` spaces. */
void bw_utf8_print(const char *text, unsigned indent, FILE *out);

#endif
