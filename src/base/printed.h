/* printed.h - a text that grows as it is printed.
 *
 * open_memstream does not tell when memory ran out: what did not fit is missing
 * from the middle of the text, and both ferror and fclose say that all is well.
 */
#ifndef BW_PRINTED_H
#define BW_PRINTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "barrow/status.h"

typedef struct bw_printed {
    FILE *out; /* to be printed to; NULL when it could not be opened */
    char *bytes;
    size_t n, capacity;
    bool is_lost;
} bw_printed;

/* Begins an empty text, which must stay where it is until it is closed. NULL,
 * and nothing to be closed, where memory has run out; else text->out. */
FILE *bw_printed_open(bw_printed *text);

/* Ends it. True: *ret_text is all that was printed, to be freed, and *opt_n its
 * length without the zero at its end. False: memory ran out; *ret_text is NULL.
 */
bool bw_printed_close(bw_printed *text, char **ret_text,
                      size_t *opt_n) BW_MUST_CHECK;

#endif
