/* option_value.c - values of options: from text, checked, and back.
 *
 * Numbers are read in the C locale, which a program has that never calls
 * setlocale; the tools don't.
 */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/status.h"
#include "base/option.h"
#include "base/option_table.h"

/* The shortest decimal that reads back as the same double; tens and hundreds
 * without an exponent. */
static const char *format_real(double x, char buffer[BW_OPTION_TEXT_SIZE])
{
    if (fabs(x) < 1e6 && x == floor(x)) {
        snprintf(buffer, BW_OPTION_TEXT_SIZE, "%.0f", x);
        return buffer;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, BW_OPTION_TEXT_SIZE, "%.*g", digits, x);
        if (strtod(buffer, NULL) == x)
            break;
    }
    return buffer;
}

static bool is_unbounded(const bw_option *option)
{
    return option->min == 0.0 && option->max == 0.0;
}

/* "option '-j': 0 is out of range (1 to 1024)" */
static bw_status refuse_range(const bw_option *option, const char *name,
                              const char *text, bw_error *err)
{
    char low[BW_OPTION_TEXT_SIZE], high[BW_OPTION_TEXT_SIZE];

    if (is_unbounded(option))
        return bw_error_set(err, BW_ERR_USAGE, "option '%s': %s is too large",
                            name, text);
    format_real(option->min, low);
    format_real(option->max, high);
    if (isinf(option->max) || option->max >= 0x1p64)
        return bw_error_set(err, BW_ERR_USAGE,
                            "option '%s': %s is out of range (at least %s)",
                            name, text, low);
    return bw_error_set(err, BW_ERR_USAGE,
                        "option '%s': %s is out of range (%s to %s)", name,
                        text, low, high);
}

static bool is_in_range(const bw_option *option, double x)
{
    assert(option->min <= option->max);
    return is_unbounded(option) || (x >= option->min && x <= option->max);
}

static bw_status set_size(const bw_option *option, const char *name,
                          const char *text, bw_error *err)
{
    uint64_t value = 0;
    bool is_huge = false;

    if (*text == '\0' || text[strspn(text, "0123456789")] != '\0')
        return bw_error_set(err, BW_ERR_USAGE,
                            "option '%s': '%s' is not a whole number", name,
                            text);
    for (const char *c = text; *c != '\0'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');

        is_huge = is_huge || value > (UINT64_MAX - digit) / 10;
        value = value * 10 + digit;
    }
    if (is_huge || !is_in_range(option, (double)value))
        return refuse_range(option, name, text, err);
    *(uint64_t *)option->value = value;
    return BW_OK;
}

static bw_status set_real(const bw_option *option, const char *name,
                          const char *text, bw_error *err)
{
    char *end = NULL;
    double value;

    errno = 0;
    value = strtod(text, &end);
    if (end == text || *end != '\0' || isspace((unsigned char)*text) ||
        isnan(value))
        return bw_error_set(err, BW_ERR_USAGE,
                            "option '%s': '%s' is not a number", name, text);
    /* Overflow is infinity with ERANGE; underflow is ERANGE, too, but fine. */
    if (isinf(value) && (errno == ERANGE || !isinf(option->max)))
        return refuse_range(option, name, text, err);
    if (!is_in_range(option, value))
        return refuse_range(option, name, text, err);
    *(double *)option->value = value;
    return BW_OK;
}

const char *bw_option_choice(const char *choices, size_t k, size_t *n)
{
    for (; k > 0; k--) {
        choices = strchr(choices, '|');
        if (choices == NULL)
            return NULL;
        choices++;
    }
    *n = strcspn(choices, "|");
    return choices;
}

static bw_status set_choice(const bw_option *option, const char *name,
                            const char *text, bw_error *err)
{
    char words[BW_ERROR_SIZE] = "";
    size_t n = 0, n_words = 0;

    for (size_t k = 0;; k++) {
        const char *word = bw_option_choice(option->choices, k, &n);

        if (word == NULL)
            break;
        if (strlen(text) == n && strncmp(text, word, n) == 0) {
            *(int *)option->value = (int)k;
            return BW_OK;
        }
        if (n_words + n + 3 < sizeof words)
            n_words += (size_t)snprintf(words + n_words, n + 3, "%s%.*s",
                                        k > 0 ? ", " : "", (int)n, word);
    }
    return bw_error_set(err, BW_ERR_USAGE, "option '%s': '%s' is none of %s",
                        name, text, words);
}

static bw_status set_flag(const bw_option *option, const char *name,
                          const char *opt_text, bw_error *err)
{
    bool is_true = opt_text == NULL || strcmp(opt_text, "true") == 0;

    if (!is_true && strcmp(opt_text, "false") != 0)
        return bw_error_set(err, BW_ERR_USAGE,
                            "option '%s': '%s' is neither true nor false", name,
                            opt_text);
    *(bool *)option->value = is_true;
    return BW_OK;
}

bw_status bw_option_value_set(const bw_option *option, const char *name,
                              const char *opt_text, bw_error *err)
{
    if (option->type == BW_OPTION_FLAG)
        return set_flag(option, name, opt_text, err);
    if (opt_text == NULL && option->is_optional)
        return BW_OK;
    if (opt_text == NULL)
        return bw_error_set(err, BW_ERR_USAGE, "option '%s' needs a value",
                            name);
    switch (option->type) {
    case BW_OPTION_SIZE:
        return set_size(option, name, opt_text, err);
    case BW_OPTION_REAL:
        return set_real(option, name, opt_text, err);
    case BW_OPTION_TEXT:
        *(const char **)option->value = opt_text;
        return BW_OK;
    case BW_OPTION_CHOICE:
        return set_choice(option, name, opt_text, err);
    case BW_OPTION_GROUP:
    case BW_OPTION_FLAG:
    case BW_OPTION_LIST:
        break;
    }
    return bw_error_set(err, BW_ERR_INTERNAL, "option '%s' cannot be set",
                        name);
}

const char *bw_option_value_text(const bw_option *option,
                                 char buffer[BW_OPTION_TEXT_SIZE])
{
    const char *word = NULL;
    size_t n = 0;

    switch (option->type) {
    case BW_OPTION_SIZE:
        if (*(uint64_t *)option->value == BW_OPTION_UNSET &&
            !is_in_range(option, (double)BW_OPTION_UNSET))
            return NULL;
        snprintf(buffer, BW_OPTION_TEXT_SIZE, "%ju",
                 (uintmax_t) * (uint64_t *)option->value);
        return buffer;
    case BW_OPTION_REAL:
        if (isnan(*(double *)option->value))
            return NULL;
        return format_real(*(double *)option->value, buffer);
    case BW_OPTION_TEXT:
        return *(const char **)option->value;
    case BW_OPTION_CHOICE:
        if (*(int *)option->value >= 0)
            word = bw_option_choice(option->choices,
                                    (size_t) * (int *)option->value, &n);
        if (word == NULL)
            return NULL;
        snprintf(buffer, BW_OPTION_TEXT_SIZE, "%.*s", (int)n, word);
        return buffer;
    case BW_OPTION_GROUP:
    case BW_OPTION_FLAG:
    case BW_OPTION_LIST:
        break;
    }
    return NULL;
}
