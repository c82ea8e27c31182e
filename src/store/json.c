/* json.c - values that jansson takes not as they are. */
#include "config.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/json.h"
#include "store/utf8.h"

/* jansson hands its allocator no context, and has one for all threads. */
static pthread_mutex_t watching = PTHREAD_MUTEX_INITIALIZER;
static json_malloc_t plain_malloc;
static _Thread_local bool was_short;

static void *watched_malloc(size_t n)
{
    void *p = plain_malloc(n);

    was_short |= p == NULL;
    return p;
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

/* Between the two, this thread's lack of memory is noticed. */
static json_free_t watch(void)
{
    json_free_t plain_free;

    pthread_mutex_lock(&watching);
    json_get_alloc_funcs(&plain_malloc, &plain_free);
    json_set_alloc_funcs(watched_malloc, plain_free);
    was_short = false;
    return plain_free;
}

static bool unwatch(json_free_t plain_free)
{
    json_set_alloc_funcs(plain_malloc, plain_free);
    pthread_mutex_unlock(&watching);
    return was_short;
}

json_t *bw_json_parse(const char *text, size_t n, size_t flags,
                      json_error_t *error, bool *is_short)
{
    json_free_t plain_free = watch();
    json_t *value = json_loadb(text, n, flags, error);

    *is_short = unwatch(plain_free);
    if (*is_short) {
        json_decref(value);
        value = NULL;
    }
    return value;
}

char *bw_json_print(const json_t *value, size_t flags)
{
    json_free_t plain_free = watch();
    char *text = json_dumps(value, flags);

    if (unwatch(plain_free)) {
        free(text);
        text = NULL;
    }
    return text;
}
