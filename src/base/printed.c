/* printed.c - a text that grows as it is printed. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "base/printed.h"

/* Makes room for n more bytes and the zero at the end. */
static bool make_room(bw_printed *text, size_t n)
{
    size_t capacity = 2 * text->capacity;
    char *bytes;

    if (n < text->capacity - text->n)
        return true;
    if (capacity < text->n + n + 1)
        capacity = text->n + n + 1;
    bytes = realloc(text->bytes, capacity);
    if (bytes == NULL)
        return false;
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

/* 0 is stdio's word for a write that failed. */
static ssize_t append(void *context, const char *bytes, size_t n)
{
    bw_printed *text = context;

    if (text->is_lost || !make_room(text, n)) {
        text->is_lost = true;
        return 0;
    }
    memcpy(text->bytes + text->n, bytes, n);
    text->n += n;
    return (ssize_t)n;
}

FILE *bw_printed_open(bw_printed *text)
{
    *text = (bw_printed){.out = NULL};
    text->out =
        fopencookie(text, "w", (cookie_io_functions_t){.write = append});
    return text->out;
}

bool bw_printed_close(bw_printed *text, char **ret_text, size_t *opt_n)
{
    bool is_lost = ferror(text->out) != 0;

    *ret_text = NULL;
    is_lost |= fclose(text->out) != 0;
    if (is_lost || text->is_lost || !make_room(text, 0)) {
        free(text->bytes);
        return false;
    }
    text->bytes[text->n] = '\0';
    *ret_text = text->bytes;
    if (opt_n != NULL)
        *opt_n = text->n;
    return true;
}
