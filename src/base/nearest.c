/* nearest.c - the name that was meant where one is mistyped: at most two
 * insertions, deletions or replacements away, or abbreviated. */
#include "config.h"

#include <string.h>

#include "base/nearest.h"

enum { TOO_FAR = 3, MAX_NAME = 64 };

/* Edits that turn a into b, or TOO_FAR where the lengths say that they are. */
static unsigned distance(const char *a, size_t n_a, const char *b)
{
    unsigned row[MAX_NAME], diagonal, above;
    size_t n_b = strlen(b);

    if (n_b >= MAX_NAME || n_a + 2 < n_b || n_b + 2 < n_a)
        return TOO_FAR;
    for (unsigned j = 0; j <= n_b; j++)
        row[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        diagonal = row[0];
        row[0] = (unsigned)i;
        for (size_t j = 1; j <= n_b; j++) {
            unsigned best = diagonal + (a[i - 1] != b[j - 1]);

            above = row[j];
            best = above + 1 < best ? above + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            diagonal = above;
        }
    }
    return row[n_b];
}

void bw_nearest_init(bw_nearest *nearest, const char *typed, size_t n)
{
    *nearest = (bw_nearest){.typed = typed, .n = n, .least = TOO_FAR};
}

/* An abbreviation is as good a hint as an edit; a name of two letters is within
 * two edits of anything short, which is none. */
void bw_nearest_try(bw_nearest *nearest, const char *name)
{
    size_t n = strlen(name);
    unsigned far = distance(nearest->typed, nearest->n, name);

    if (nearest->n >= 2 && nearest->n < n &&
        strncmp(nearest->typed, name, nearest->n) == 0)
        far = 1;
    if (far >= nearest->least || far >= n)
        return;
    nearest->least = far;
    nearest->name = name;
}
