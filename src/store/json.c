/* json.c - values that jansson takes not as they are. */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/json.h"
#include "store/utf8.h"

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
