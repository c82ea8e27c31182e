/* json.c - values that jansson takes not as they are. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/json.h"
#include "store/utf8.h"

/* Blocks that jansson has got for the work in hand, newest last. */
typedef struct watch {
    bool is_on;
    jmp_buf failed;
    void **block;
    size_t n, capacity;
} watch;

/* jansson hands its allocator no context, and has one for all threads. */
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;
static json_malloc_t plain_malloc;
static json_free_t plain_free;
static _Thread_local watch in_hand;

static bool note(void *p)
{
    if (in_hand.n == in_hand.capacity) {
        size_t capacity = in_hand.capacity == 0 ? 64 : 2 * in_hand.capacity;
        void **block = realloc(in_hand.block, capacity * sizeof *block);

        if (block == NULL)
            return false;
        in_hand.block = block;
        in_hand.capacity = capacity;
    }
    in_hand.block[in_hand.n++] = p;
    return true;
}

/* jansson does not get to see that memory ran out: its lexer goes on without
 * the character that had no room, and where that was the quote at the end of a
 * string, it goes on past the end of the text (2.14, lex_scan_string). */
static void *watched_malloc(size_t n)
{
    void *p = plain_malloc(n);

    if (!in_hand.is_on || (p != NULL && note(p)))
        return p;
    plain_free(p);
    longjmp(in_hand.failed, 1);
}

/* What is freed was mostly had a moment ago. */
static void watched_free(void *p)
{
    size_t k = in_hand.n;

    while (k > 0 && in_hand.block[k - 1] != p)
        k--;
    if (k > 0) {
        in_hand.n--;
        memmove(in_hand.block + k - 1, in_hand.block + k,
                (in_hand.n - (k - 1)) * sizeof *in_hand.block);
    }
    plain_free(p);
}

json_t *bw_json_text(const char *text)
{
    char *clean = bw_utf8_clean(text);
    json_t *string = clean == NULL ? NULL : json_string(clean);

    free(clean);
    return string;
}

json_t *bw_json_whole(uint64_t value)
{
    char digits[24];

    if (value <= INT64_MAX)
        return json_integer((json_int_t)value);
    snprintf(digits, sizeof digits, "%" PRIu64, value);
    return json_string(digits);
}

/* Between the two, a lack of memory ends the work in hand at in_hand.failed. */
static void watch_begin(void)
{
    pthread_mutex_lock(&watching);
    json_get_alloc_funcs(&plain_malloc, &plain_free);
    json_set_alloc_funcs(watched_malloc, watched_free);
    in_hand.is_on = true;
}

/* What was had stays, or goes. */
static void watch_end(bool stays)
{
    while (!stays && in_hand.n > 0)
        plain_free(in_hand.block[--in_hand.n]);
    free(in_hand.block);
    in_hand = (watch){.is_on = false};
    json_set_alloc_funcs(plain_malloc, plain_free);
    pthread_mutex_unlock(&watching);
}

json_t *bw_json_parse(const char *text, size_t n, size_t flags,
                      json_error_t *error, bool *is_short)
{
    json_t *value;

    watch_begin();
    if (setjmp(in_hand.failed) != 0) {
        watch_end(false);
        *is_short = true;
        return NULL;
    }
    value = json_loadb(text, n, flags, error);
    watch_end(true);
    *is_short = false;
    return value;
}

char *bw_json_print(const json_t *value, size_t flags)
{
    char *text;

    watch_begin();
    if (setjmp(in_hand.failed) != 0) {
        watch_end(false);
        return NULL;
    }
    text = json_dumps(value, flags);
    watch_end(true);
    return text;
}
