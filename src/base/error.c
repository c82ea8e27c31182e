/* error.c - the error object of status.h.
 *
 * Messages are built without allocation, so that reporting works when memory
 * is what ran out. The arguments of a message may point into the object that
 * receives it.
 */
#include "config.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "barrow/status.h"

/* Formats into text; a message that does not fit ends in "...". */
static void format_text(char text[BW_ERROR_SIZE], const char *format,
                        va_list args) BW_PRINTF(2, 0);

static void format_text(char text[BW_ERROR_SIZE], const char *format,
                        va_list args)
{
    int n = vsnprintf(text, BW_ERROR_SIZE, format, args);

    if (n < 0)
        text[0] = '\0';
    else if (n >= BW_ERROR_SIZE)
        memcpy(text + BW_ERROR_SIZE - 4, "...", 4);
}

/* Puts head before the text that is there, with ": " between. What does not fit
 * is cut from the front of head: a path's end and the reason matter most. */
static void join_text(char text[BW_ERROR_SIZE], const char *head,
                      const char *tail)
{
    char joined[BW_ERROR_SIZE];
    size_t n_head = strlen(head), n_tail = strlen(tail);
    size_t room = n_tail < BW_ERROR_SIZE / 2 ? BW_ERROR_SIZE - n_tail - 3
                                             : BW_ERROR_SIZE / 2;
    int n;

    if (n_head <= room)
        n = snprintf(joined, sizeof joined, "%s: %s", head, tail);
    else
        n = snprintf(joined, sizeof joined, "...%s: %s",
                     head + (n_head - room + 3), tail);
    if (n >= BW_ERROR_SIZE)
        memcpy(joined + BW_ERROR_SIZE - 4, "...", 4);
    memcpy(text, joined, strlen(joined) + 1);
}

bw_status bw_error_vset(bw_error *err, bw_status code, const char *format,
                        va_list args)
{
    char text[BW_ERROR_SIZE];

    if (err == NULL)
        return code;
    format_text(text, format, args);
    memcpy(err->text, text, strlen(text) + 1);
    err->code = code;
    return code;
}

bw_status bw_error_set(bw_error *err, bw_status code, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    bw_error_vset(err, code, format, args);
    va_end(args);
    return code;
}

bw_status bw_error_prefix(bw_error *err, const char *format, ...)
{
    char head[BW_ERROR_SIZE];
    va_list args;

    if (err == NULL)
        return BW_ERR_INTERNAL;
    va_start(args, format);
    format_text(head, format, args);
    va_end(args);
    join_text(err->text, head, err->text);
    return err->code;
}

bw_status bw_error_memory(bw_error *err)
{
    return bw_error_set(err, BW_ERR_MEMORY, "%s",
                        bw_status_text(BW_ERR_MEMORY));
}

bw_status bw_error_errno(bw_error *err, const char *format, ...)
{
    int number = errno;
    char what[BW_ERROR_SIZE], reason[256];
    va_list args;

    if (err == NULL)
        return BW_ERR_IO;
    va_start(args, format);
    format_text(what, format, args);
    va_end(args);
    /* The GNU form: it may return a text of its own instead of the buffer. */
    join_text(err->text, what, strerror_r(number, reason, sizeof reason));
    err->code = BW_ERR_IO;
    return BW_ERR_IO;
}

const char *bw_status_text(bw_status code)
{
    switch (code) {
    case BW_OK:
        return "no error";
    case BW_ERR_MEMORY:
        return "out of memory";
    case BW_ERR_IO:
        return "input/output error";
    case BW_ERR_FORMAT:
        return "malformed data";
    case BW_ERR_USAGE:
        return "wrong usage";
    case BW_ERR_DIMENSION:
        return "shapes do not fit";
    case BW_ERR_RANGE:
        return "value out of range";
    case BW_ERR_CERTIFICATE:
        return "result not certified";
    case BW_ERR_INTERRUPTED:
        return "interrupted";
    case BW_ERR_INTERNAL:
        return "internal error";
    }
    return "unknown error";
}
