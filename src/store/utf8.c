/* utf8.c - text from files and command lines, made safe to store and show.
 *
 * Names and values of a file may hold anything that JSON can spell, escape
 * sequences of terminals among it.
 */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/utf8.h"

size_t bw_utf8_length(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t length = s[0] < 0x80   ? 1
                    : s[0] < 0xc2 ? 0
                    : s[0] < 0xe0 ? 2
                    : s[0] < 0xf0 ? 3
                    : s[0] < 0xf5 ? 4
                                  : 0;

    if (length > n)
        return 0;
    for (size_t k = 1; k < length; k++)
        if ((s[k] & 0xc0) != 0x80)
            return 0;
    /* Overlong forms, surrogates, beyond U+10FFFF. */
    if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
        (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
        return 0;
    return length;
}

static bool is_control(const char *text, size_t length)
{
    unsigned char first = (unsigned char)text[0];

    if (length == 1)
        return first < 0x20 || first == 0x7f;
    /* U+0080 to U+009F */
    return length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0;
}

/* One character or its spelling to out (room for 9 bytes); returns how many
 * bytes of text it took. */
static size_t spell(const char *text, size_t n, bool with_controls, char *out)
{
    size_t length = bw_utf8_length(text, n);

    if (length == 0 || (with_controls && is_control(text, length))) {
        size_t taken = length == 0 ? 1 : length;

        for (size_t k = 0; k < taken; k++)
            snprintf(out + 4 * k, 5, "\\x%02x", (unsigned char)text[k]);
        return taken;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return length;
}

char *bw_utf8_clean(const char *text)
{
    size_t n = strlen(text), at = 0;
    char *copy = malloc(4 * n + 9);

    if (copy == NULL)
        return NULL;
    copy[0] = '\0';
    for (size_t k = 0; k < n; at += strlen(copy + at))
        k += spell(text + k, n - k, false, copy + at);
    return copy;
}

const char *bw_utf8_show(const char *text, char shown[BW_UTF8_SHOWN])
{
    size_t n = strlen(text), at = 0;

    shown[0] = '\0';
    for (size_t k = 0; k < n;) {
        char piece[9];
        size_t taken = spell(text + k, n - k, true, piece);

        if (at + strlen(piece) + 4 > BW_UTF8_SHOWN) {
            memcpy(shown + at, "...", 4);
            break;
        }
        memcpy(shown + at, piece, strlen(piece) + 1);
        at += strlen(piece);
        k += taken;
    }
    return shown;
}

void bw_utf8_print(const char *text, unsigned indent, FILE *out)
{
    size_t n = strlen(text);

    for (size_t k = 0; k < n;) {
        char piece[9];

        if (text[k] == '\n') {
            fprintf(out, "\n%*s", (int)indent, "");
            k++;
            continue;
        }
        k += spell(text + k, n - k, text[k] != '\t', piece);
        fputs(piece, out);
    }
}
