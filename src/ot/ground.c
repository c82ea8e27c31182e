/* ground.c - ground costs: distances, powers, tables, fixed-point scales. */
#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ot/ground.h"
#include "ot/kd.h"

enum {
    NARROW_BITS = 60,     /* potentials of 64 bits stay below 2^60 */
    WIDE_BITS = 124,      /* of 128 bits, below 2^124 */
    INTEGRAL_BITS = 53,   /* where doubles stop holding every integer */
    SMALL_BITS = 20,      /* of small costs; their potentials have 30 */
    FINE_BITS = 24,       /* of the finer ones; potentials have 29 */
    FORBIDDEN_BITS = 4,   /* of which this many are left to forbidden arcs */
    LEAST_BITS = -1000,   /* smaller costs have no scale that is a double */
    TABLE_UNIT = 4,       /* quarter pixels ... */
    MAX_FINE_TABLE = 128, /* ... up to this many pixels a side, else whole */
    MAX_SQUARED = 509,    /* pixels a side, as bitmask.h has coordinates */
    MAX_SIDE = 32767,     /* pixels: 15 bits of bw_point */
    MAX_LINE = 1 << 30    /* bins of a line, which needs no table */
};

double bw_ground_distance(bw_norm norm, size_t d, const double *x,
                          const double *y)
{
    double sum = 0, most = 0;
    for (size_t k = 0; k < d; k++) {
        double diff = fabs(x[k] - y[k]);
        sum += norm == BW_NORM_L2 ? diff * diff : diff;
        most = most > diff ? most : diff;
    }
    if (norm == BW_NORM_LINF)
        return most;
    return norm == BW_NORM_L2 ? sqrt(sum) : sum;
}

/* The power of a distance; for l2, even powers come from the square, so that
 * integers stay integers. */
static double powered(bw_norm norm, double p, size_t d, const double *x,
                      const double *y)
{
    /* fmod() takes longer than all the rest: not where it can be told. */
    if (norm == BW_NORM_L2 && (p == 2 || (p != 1 && fmod(p, 2) == 0))) {
        double square = 0;
        for (size_t k = 0; k < d; k++)
            square += (x[k] - y[k]) * (x[k] - y[k]);
        return p == 2 ? square : pow(square, p / 2);
    }
    double distance = bw_ground_distance(norm, d, x, y);
    return p == 1 ? distance : p == 2 ? distance * distance : pow(distance, p);
}

size_t bw_ground_n_sources(const bw_ground *ground)
{
    return ground->n_sources;
}

size_t bw_ground_n_sinks(const bw_ground *ground)
{
    return ground->n_sinks;
}

bool bw_ground_is_integral(const bw_ground *ground)
{
    return ground->is_exact;
}

double bw_ground_between(const bw_ground *g, const double *x, const double *y)
{
    return powered(g->norm, g->p, g->d, x, y);
}

double bw_ground_cost(const bw_ground *g, size_t i, size_t j)
{
    if (g->kind == BW_GROUND_MATRIX)
        return g->cost[i * g->n_sinks + j];
    if (g->kind == BW_GROUND_POINTS)
        return bw_ground_between(g, g->coordinate + i * g->d,
                                 g->coordinate + j * g->d);
    ptrdiff_t w = (ptrdiff_t)g->width, from = (ptrdiff_t)i, to = (ptrdiff_t)j;
    ptrdiff_t dy = from / w - to / w, dx = from % w - to % w;
    return g->cost[dy * g->stride + dx];
}

int64_t bw_ground_narrow(const bw_ground *g, double cost)
{
    return llrint(ldexp(cost, g->narrow_exponent));
}

bw_wide bw_ground_wide(const bw_ground *g, double cost)
{
    if (cost == 0) /* which has no exponent to shift by */
        return 0;
    int exponent;
    double fraction = frexp(cost, &exponent); /* cost = fraction * 2^exponent */
    int64_t mantissa = (int64_t)ldexp(fraction, 53);
    int shift = exponent - 53 + g->wide_exponent;
    if (shift >= 0)
        return (bw_wide)mantissa << shift;
    return shift > -63 ? (bw_wide)(mantissa >> -shift) : 0;
}

/* Whether bw_ground_wide loses nothing of a cost. */
static bool fits_wide(const bw_ground *g, double cost)
{
    int exponent;
    double fraction = frexp(cost, &exponent);
    int shift = exponent - 53 + g->wide_exponent;
    int64_t mantissa = (int64_t)ldexp(fraction, 53);
    if (shift >= 0)
        return true;
    return mantissa == 0 ||
           (shift > -63 && (mantissa >> -shift) << -shift == mantissa);
}

/* The scales, from the largest cost and the most arcs that a path can have. */
static void set_scales(bw_ground *g)
{
    int path_bits, cost_bits;
    double most = g->forbidden > 0 ? g->forbidden : g->max_cost;
    frexp((double)(g->n_sources + g->n_sinks), &path_bits);
    frexp(most, &cost_bits); /* most < 2^cost_bits */
    g->is_exact = g->is_integral && cost_bits + path_bits < NARROW_BITS;
    g->is_wide_exact = g->is_exact || most == 0;
    if (g->is_wide_exact)
        return;
    g->narrow_exponent = NARROW_BITS - path_bits - cost_bits;
    g->wide_exponent = WIDE_BITS - path_bits - cost_bits;
}

static bool is_integer(double x)
{
    return x == rint(x) && x < ldexp(1, INTEGRAL_BITS);
}

static bw_status check_power(double p, bw_error *err)
{
    if (p >= 1 && isfinite(p))
        return BW_OK;
    return bw_error_set(err, BW_ERR_RANGE,
                        "the power p must be at least 1, not %g", p);
}

/* Copies the item of the difference (y, x) to its other three signs. */
static void mirror(void *table, size_t size, ptrdiff_t stride, ptrdiff_t y,
                   ptrdiff_t x)
{
    char *middle = table;
    ptrdiff_t n = (ptrdiff_t)size;
    const char *item = middle + (y * stride + x) * n;
    memmove(middle + (y * stride - x) * n, item, size);
    memmove(middle + (-y * stride + x) * n, item, size);
    memmove(middle + (-y * stride - x) * n, item, size);
}

/* Room for the differences of a grid: the middle of *store, or NULL. */
static void *differences(ptrdiff_t height, ptrdiff_t width, size_t size,
                         void *store)
{
    size_t n = (size_t)(2 * height - 1) * (size_t)(2 * width - 1);
    char *p = malloc(n * size);
    memcpy(store, &p, sizeof p);
    return p ? p + n / 2 * size : NULL;
}

/* Costs by pixel differences, doubles and narrow integers. */
static bw_status fill_grid_costs(bw_ground *g, bw_error *err)
{
    ptrdiff_t height = (ptrdiff_t)g->height, width = (ptrdiff_t)g->width;
    g->stride = (int32_t)(2 * width - 1);
    g->cost = differences(height, width, sizeof *g->cost, &g->cost_store);
    g->narrow = differences(height, width, sizeof *g->narrow, &g->narrow_store);
    if (!g->cost || !g->narrow)
        return bw_error_memory(err);
    const double zero[2] = {0, 0};
    g->is_integral = true;
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            double at[2] = {(double)y, (double)x};
            double cost = powered(g->norm, g->p, 2, at, zero);
            if (!isfinite(cost))
                return bw_error_set(err, BW_ERR_RANGE,
                                    "the power p = %g overflows on a %zu x "
                                    "%zu grid",
                                    g->p, g->height, g->width);
            g->cost[y * g->stride + x] = cost;
            mirror(g->cost, sizeof cost, g->stride, y, x);
            g->is_integral = g->is_integral && is_integer(cost);
            g->max_cost = g->max_cost > cost ? g->max_cost : cost;
        }
    set_scales(g);
    bool fits = true;
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            ptrdiff_t at = y * g->stride + x;
            fits = fits && fits_wide(g, g->cost[at]);
            g->narrow[at] = bw_ground_narrow(g, g->cost[at]);
            mirror(g->narrow, sizeof *g->narrow, g->stride, y, x);
        }
    g->is_wide_exact = g->is_wide_exact || fits;
    return BW_OK;
}

/* Wide costs by pixel differences, where they are needed and not too many. */
static bw_status fill_wide(bw_ground *g, bw_error *err)
{
    ptrdiff_t height = (ptrdiff_t)g->height, width = (ptrdiff_t)g->width;
    g->wide = differences(height, width, sizeof *g->wide, &g->wide_store);
    if (!g->wide)
        return bw_error_memory(err);
    for (ptrdiff_t y = 1 - height; y < height; y++)
        for (ptrdiff_t x = 1 - width; x < width; x++) {
            ptrdiff_t at = y * g->stride + x;
            g->wide[at] = bw_ground_wide(g, g->cost[at]);
        }
    return BW_OK;
}

/* The table of small integers at fractions of a pixel. Its scale is a power of
 * two, so that integral costs stay exact where they fit. */
static bw_status fill_table(bw_ground *g, bw_error *err)
{
    ptrdiff_t height = (ptrdiff_t)((g->height - 1) * g->unit + 1);
    ptrdiff_t width = (ptrdiff_t)((g->width - 1) * g->unit + 1);
    g->table_scale = bw_ground_small_scale(g);
    g->is_table_exact = g->is_integral && g->table_scale >= 1;
    g->table_stride = (int32_t)(2 * width - 1);
    g->table = differences(height, width, sizeof *g->table, &g->table_store);
    if (!g->table)
        return bw_error_memory(err);
    const double zero[2] = {0, 0};
    for (ptrdiff_t y = 0; y < height; y++)
        for (ptrdiff_t x = 0; x < width; x++) {
            double at[2] = {(double)y / g->unit, (double)x / g->unit};
            double cost = powered(g->norm, g->p, 2, at, zero);
            int32_t small = (int32_t)lrint(cost * g->table_scale);
            g->table[y * g->table_stride + x] = small;
            mirror(g->table, sizeof small, g->table_stride, y, x);
            g->table_max = g->table_max > small ? g->table_max : small;
        }
    return BW_OK;
}

double bw_ground_small_scale(const bw_ground *g)
{
    int bits, most = SMALL_BITS - (g->forbidden > 0 ? FORBIDDEN_BITS : 0);
    frexp(g->max_cost, &bits);
    return ldexp(1, most - (bits > LEAST_BITS ? bits : LEAST_BITS));
}

double bw_ground_fine_scale(const bw_ground *g)
{
    double scale = ldexp(bw_ground_small_scale(g), FINE_BITS - SMALL_BITS);
    return isfinite(scale) ? scale : bw_ground_small_scale(g);
}

bw_status bw_ground_create_grid(bw_norm norm, double p, size_t height,
                                size_t width, bw_ground **ret_ground,
                                bw_error *err)
{
    *ret_ground = NULL;
    bw_status status = check_power(p, err);
    if (status)
        return status;
    bool is_line = height == 1 || width == 1;
    size_t longer = height > width ? height : width;
    if (height == 0 || width == 0 || longer > (is_line ? MAX_LINE : MAX_SIDE))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "a grid of %zu x %zu bins: sides are 1 to %d, of a "
                            "line 1 to %d",
                            height, width, MAX_SIDE, MAX_LINE);
    bw_ground *g = calloc(1, sizeof *g);
    if (!g)
        return bw_error_memory(err);
    g->kind = BW_GROUND_GRID;
    g->norm = norm;
    g->p = p;
    g->height = height;
    g->width = width;
    g->n_sources = g->n_sinks = height * width;
    g->is_metric = p == 1;
    g->has_zero_diagonal = true;
    g->is_line = is_line;
    bool is_fine = height <= MAX_FINE_TABLE && width <= MAX_FINE_TABLE;
    g->unit = is_fine ? TABLE_UNIT : 1;
    status = fill_grid_costs(g, err);
    if (status)
        goto done;
    g->is_squared =
        norm == BW_NORM_L2 && p == 2 && longer <= MAX_SQUARED && !g->is_line;
    g->table_scale = g->unit * g->unit;
    g->is_table_exact = true;
    if (g->is_squared) /* else it is counted, and may be beyond 32 bits here */
        g->table_max = (int32_t)(g->max_cost * g->table_scale);
    if (!g->is_squared && longer <= MAX_SIDE)
        status = fill_table(g, err);
    if (!status && !g->is_exact && is_fine)
        status = fill_wide(g, err);
done:
    if (status) {
        bw_ground_destroy(g);
        return status;
    }
    *ret_ground = g;
    return BW_OK;
}

/* Bounds all costs without visiting all pairs: the box around the points. */
static double box_cost(const bw_ground *g, const double *low,
                       const double *high)
{
    return powered(g->norm, g->p, g->d, high, low);
}

static bw_status copy_points(bw_ground *g, const double *coordinates,
                             bw_error *err)
{
    size_t n = g->n_sources, d = g->d;
    double *box = malloc(2 * d * sizeof *box);
    g->coordinate = malloc(n * d * sizeof *g->coordinate);
    if (!box || !g->coordinate) {
        free(box);
        return bw_error_memory(err);
    }
    bw_status status = BW_OK;
    double *low = box, *high = box + d;
    for (size_t k = 0; k < d; k++) {
        low[k] = HUGE_VAL;
        high[k] = -HUGE_VAL;
    }
    g->is_integral = g->norm != BW_NORM_L2 || fmod(g->p, 2) == 0;
    g->is_integral = g->is_integral && is_integer(g->p);
    for (size_t i = 0; i < n * d && !status; i++) {
        double x = coordinates[i];
        if (!isfinite(x))
            status = bw_error_set(err, BW_ERR_RANGE,
                                  "support point %zu: coordinate %zu is %g",
                                  i / d, i % d, x);
        g->coordinate[i] = x;
        g->is_integral = g->is_integral && is_integer(fabs(x));
        low[i % d] = low[i % d] < x ? low[i % d] : x;
        high[i % d] = high[i % d] > x ? high[i % d] : x;
    }
    if (!status && n > 0)
        g->max_cost = box_cost(g, low, high);
    if (!status && !isfinite(g->max_cost))
        status = bw_error_set(err, BW_ERR_RANGE,
                              "costs overflow: the support is too wide for "
                              "the power p = %g",
                              g->p);
    g->is_integral = g->is_integral && is_integer(g->max_cost);
    free(box);
    return status;
}

bw_status bw_ground_create_points(bw_norm norm, double p, size_t n, size_t d,
                                  const double *coordinates,
                                  bw_ground **ret_ground, bw_error *err)
{
    *ret_ground = NULL;
    bw_status status = check_power(p, err);
    if (status)
        return status;
    if (n == 0 || d == 0)
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "a support of %zu points in %zu dimensions", n, d);
    bw_ground *g = calloc(1, sizeof *g);
    if (!g)
        return bw_error_memory(err);
    g->kind = BW_GROUND_POINTS;
    g->norm = norm;
    g->p = p;
    g->n_sources = g->n_sinks = n;
    g->d = d;
    g->is_metric = p == 1;
    g->has_zero_diagonal = true;
    g->is_line = d == 1;
    status = copy_points(g, coordinates, err);
    if (!status) {
        g->code = malloc(n * sizeof *g->code);
        if (!g->code || bw_kd_codes(n, d, g->coordinate, g->code))
            status = bw_error_memory(err);
    }
    if (status) {
        bw_ground_destroy(g);
        return status;
    }
    set_scales(g);
    *ret_ground = g;
    return BW_OK;
}

/* Copies costs; sets *has_forbidden where some are infinite. */
static bw_status copy_matrix(bw_ground *g, const double *cost,
                             bool *has_forbidden, bw_error *err)
{
    size_t n = g->n_sources * g->n_sinks;
    g->cost = malloc(n * sizeof *g->cost);
    if (!g->cost)
        return bw_error_memory(err);
    g->is_integral = true;
    for (size_t k = 0; k < n; k++) {
        double c = cost[k];
        if (!(c >= 0))
            return bw_error_set(err, BW_ERR_RANGE,
                                "cost matrix: row %zu, column %zu is %g: "
                                "costs are not negative",
                                k / g->n_sinks, k % g->n_sinks, c);
        g->cost[k] = c;
        if (isinf(c)) {
            *has_forbidden = true;
            continue;
        }
        g->is_integral = g->is_integral && is_integer(c);
        g->max_cost = g->max_cost > c ? g->max_cost : c;
    }
    return BW_OK;
}

/* The power of two above the largest cost times the bins of the shorter side:
 * an integer where costs are. */
static bw_status set_forbidden(bw_ground *g, bw_error *err)
{
    int cost_bits, side_bits;
    bool is_tall = g->n_sources > g->n_sinks;
    frexp(g->max_cost, &cost_bits); /* 0 of 0 */
    frexp((double)(is_tall ? g->n_sinks : g->n_sources), &side_bits);
    g->forbidden = ldexp(1, cost_bits + side_bits);
    g->discouraging = fmin(g->forbidden, ldexp(1, cost_bits + FORBIDDEN_BITS));
    if (isfinite(g->forbidden))
        return BW_OK;
    return bw_error_set(err, BW_ERR_RANGE,
                        "cost matrix: a cost of %g leaves no room above it "
                        "for forbidden moves",
                        g->max_cost);
}

bw_status bw_ground_create_matrix(size_t n_sources, size_t n_sinks,
                                  const double *cost, bw_ground **ret_ground,
                                  bw_error *err)
{
    *ret_ground = NULL;
    if (n_sources == 0 || n_sinks == 0)
        return bw_error_set(err, BW_ERR_DIMENSION, "a cost matrix of %zu x %zu",
                            n_sources, n_sinks);
    bw_ground *g = calloc(1, sizeof *g);
    if (!g)
        return bw_error_memory(err);
    g->kind = BW_GROUND_MATRIX;
    g->p = 1;
    g->n_sources = n_sources;
    g->n_sinks = n_sinks;
    bool has_forbidden = false;
    bw_status status = copy_matrix(g, cost, &has_forbidden, err);
    if (!status && has_forbidden)
        status = set_forbidden(g, err);
    if (status) {
        bw_ground_destroy(g);
        return status;
    }
    set_scales(g);
    bool fits = true;
    for (size_t k = 0; k < n_sources * n_sinks && fits; k++)
        fits = fits_wide(g, bw_ground_finite(g, cost[k]));
    g->is_wide_exact = g->is_wide_exact || fits;
    *ret_ground = g;
    return BW_OK;
}

void bw_ground_destroy(bw_ground *ground)
{
    if (!ground)
        return;
    free(ground->coordinate);
    free(ground->code);
    if (ground->kind == BW_GROUND_MATRIX)
        free(ground->cost);
    free(ground->cost_store);
    free(ground->narrow_store);
    free(ground->wide_store);
    free(ground->table_store);
    free(ground);
}
