/* fuzz.h - what the fuzz targets share. A target is one file with one function,
 * LLVMFuzzerTestOneInput: it hands the bytes to a parser of ours and aborts
 * where what comes back breaks a promise. libFuzzer feeds it (make fuzz), or
 * replay.c with the files of tests/fuzz/corpus (make check). */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/array.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Aborts with the condition where it does not hold. */
#define FUZZ_MUST(condition)                                                   \
    ((condition) ? (void)0 : fuzz_fail(#condition, __FILE__, __LINE__))

_Noreturn void fuzz_fail(const char *what, const char *file, int line);

/* The n bytes as a file that can be opened under its path: a regular one, or,
 * where n is odd and a pipe holds so many, a pipe, whose size nobody knows
 * beforehand. */
typedef struct fuzz_file {
    int fd;
    char path[32];
} fuzz_file;

void fuzz_file_open(fuzz_file *file, const void *data, size_t n);
void fuzz_file_close(fuzz_file *file);

/* A call must end well or with a message; memory and the system are no excuse.
 * Returns whether it ended well. */
bool fuzz_check(bw_status status, const bw_error *err);

/* Text for a terminal must have no control characters but tabs and ends of
 * lines. */
void fuzz_check_text(const char *text);

/* Reads all rows of an array of a format, and checks that its header, where it
 * has one, can be written so that it reads back. */
void fuzz_array(const uint8_t *data, size_t n, bw_format format,
                const char *opt_label);

#endif
