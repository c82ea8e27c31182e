/* interpolate.c - straight and spherical ways between codes. */
#include "config.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "model/interpolate.h"

const char bw_path_names[] = "straight|spherical";

/* Sines of angles below which directions count as equal or opposite; codes are
 * floats. */
static const double least_sine = 1e-7;

/* A plane turned through: cos(t angle) a / |a| + sin(t angle) w, where w is
 * x + tilt axis, x a multiple of b less its part along a. */
typedef struct turn {
    double length_a, length_b;
    double angle;
    double along; /* w = across b + along a + tilt e_axis */
    double across, tilt;
    size_t axis;
} turn;

static double dot(size_t d, const float *a, const float *b)
{
    double sum = 0;

    for (size_t i = 0; i < d; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* w for opposite codes: the axis where a is least, less its part along a. */
static void tilt(turn *t, size_t d, const float *a)
{
    for (size_t i = 1; i < d; i++)
        if (fabsf(a[i]) < fabsf(a[t->axis]))
            t->axis = i;
    double u = (double)a[t->axis] / t->length_a;
    t->across = 0;
    t->tilt = 1 / sqrt(1 - u * u);
    t->along = -u * t->tilt / t->length_a;
    t->angle = acos(-1);
}

/* False where the way is straight: a zero code, equal directions, and opposite
 * ones in one dimension. */
static bool find_turn(turn *t, size_t d, const float *a, const float *b)
{
    *t = (turn){.length_a = sqrt(dot(d, a, a)), .length_b = sqrt(dot(d, b, b))};
    if (!(t->length_a > 0) || !(t->length_b > 0))
        return false;
    /* v - (u v) u, by its own length: cosines lose small angles. */
    double cosine = dot(d, a, b) / t->length_a / t->length_b, square = 0;
    for (size_t i = 0; i < d; i++) {
        double x =
            (double)b[i] / t->length_b - cosine * (double)a[i] / t->length_a;
        square += x * x;
    }
    double sine = sqrt(square);
    if (sine < least_sine && cosine > 0)
        return false;
    if (sine < least_sine) {
        if (d > 1)
            tilt(t, d, a);
        return d > 1;
    }
    t->angle = atan2(sine, cosine);
    t->across = 1 / (sine * t->length_b);
    t->along = -cosine / (sine * t->length_a);
    return true;
}

static void turn_to(const turn *t, size_t d, const float *a, const float *b,
                    double at, float *z)
{
    double length = (1 - at) * t->length_a + at * t->length_b;
    double c = cos(at * t->angle) / t->length_a, s = sin(at * t->angle);

    for (size_t i = 0; i < d; i++) {
        double w = t->across * (double)b[i] + t->along * (double)a[i] +
                   (i == t->axis ? t->tilt : 0);
        z[i] = (float)(length * (c * (double)a[i] + s * w));
    }
}

void bw_interpolate(bw_path path, size_t d, const float *a, const float *b,
                    size_t n, float *z)
{
    turn t;
    bool turns = path == BW_PATH_SPHERICAL && find_turn(&t, d, a, b);

    for (size_t k = 1; k + 1 < n; k++) {
        double at = (double)k / (double)(n - 1);
        if (turns)
            turn_to(&t, d, a, b, at, z + k * d);
        else
            for (size_t i = 0; i < d; i++)
                z[k * d + i] =
                    (float)((1 - at) * (double)a[i] + at * (double)b[i]);
    }
    memcpy(z, a, d * sizeof *z);
    memcpy(z + (n - 1) * d, b, d * sizeof *z);
}
