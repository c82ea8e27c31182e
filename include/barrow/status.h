/* status.h - what a library call returns, and the message that goes with it.
 *
 * Every call that can fail returns a bw_status, or a pointer that is NULL only
 * when memory ran out. The library prints nothing and never exits; what a
 * person should read goes to a bw_error that the caller owns.
 *
 * Threads: every call may come from any thread; a bw_error is for one at a
 * time.
 */
#ifndef BARROW_STATUS_H
#define BARROW_STATUS_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define BW_MUST_CHECK __attribute__((warn_unused_result))
#define BW_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define BW_MUST_CHECK
#define BW_PRINTF(fmt, first)
#endif

/* Codes are told apart by what the caller can do about them. */
typedef enum bw_status {
    BW_OK = 0,
    BW_ERR_MEMORY,      /* an allocation failed */
    BW_ERR_IO,          /* the operating system refused: errno's text is in
                           the message */
    BW_ERR_FORMAT,      /* a file's bytes are not what its format demands */
    BW_ERR_USAGE,       /* options that contradict each other or the input */
    BW_ERR_DIMENSION,   /* shapes that do not fit together */
    BW_ERR_RANGE,       /* a value outside what the operation is defined on */
    BW_ERR_CERTIFICATE, /* a result is not proven to the asked tolerance */
    BW_ERR_INTERRUPTED, /* a signal asked the work to stop */
    BW_ERR_INTERNAL     /* our own mistake */
} bw_status;

enum { BW_ERROR_SIZE = 1024 };

typedef struct bw_error {
    bw_status code;
    char text[BW_ERROR_SIZE]; /* "" while all is well; no trailing newline */
} bw_error;

/* A bw_error with no error in it. */
#define BW_ERROR_INIT                                                          \
    {                                                                          \
        BW_OK, ""                                                              \
    }

/* Records code and the formatted message, replacing what was there, and
 * returns code, so that `return bw_error_set(err, BW_ERR_IO, ...)` reads well.
 * err may be NULL: then only the code is returned. Too long a message is cut.
 * Messages start at the most specific place that the callee knows, lower case,
 * without a full stop: "histogram 17: negative mass -0.2 at bin 43". */
bw_status bw_error_set(bw_error *err, bw_status code, const char *format, ...)
    BW_PRINTF(3, 4);
bw_status bw_error_vset(bw_error *err, bw_status code, const char *format,
                        va_list args) BW_PRINTF(3, 0);

/* Puts "prefix: " before the message, as the call travels up and the place
 * becomes known: record, then file. Returns err->code (BW_ERR_INTERNAL when
 * err is NULL). */
bw_status bw_error_prefix(bw_error *err, const char *format, ...)
    BW_PRINTF(2, 3);

/* Records BW_ERR_MEMORY with a fixed text; allocates nothing. */
bw_status bw_error_memory(bw_error *err);

/* Records BW_ERR_IO with what followed by errno's text: "what: No space left
 * on device". Call it at once after the failing call. */
bw_status bw_error_errno(bw_error *err, const char *format, ...)
    BW_PRINTF(2, 3);

/* The word for a code: "out of memory", "input/output error". Never NULL. */
const char *bw_status_text(bw_status code);

#ifdef __cplusplus
}
#endif
#endif
