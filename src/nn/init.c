/* init.c - initial values of a network's parameters.
 *
 * Each row of the parameter table draws from a random stream of its own, so
 * that adding a layer changes no other layer's values but by its position.
 */
#include "config.h"

#include <math.h>

#include "barrow/network.h"
#include "barrow/random.h"

static void fill(float *x, size_t n, float value)
{
    for (size_t k = 0; k < n; k++)
        x[k] = value;
}

static void fill_uniform(bw_random *random, float *x, size_t n, double a)
{
    for (size_t k = 0; k < n; k++)
        x[k] = (float)(a * (2 * bw_random_uniform(random) - 1));
}

static void fill_normal(bw_random *random, float *x, size_t n, double mean,
                        double sd)
{
    for (size_t k = 0; k < n; k++)
        x[k] = (float)(mean + sd * bw_random_normal(random));
}

/* Beyond 2 sd is drawn again: 1 number in 22. */
static void fill_truncated(bw_random *random, float *x, size_t n, double sd)
{
    for (size_t k = 0; k < n; k++) {
        double z;

        do
            z = bw_random_normal(random);
        while (fabs(z) > 2);
        x[k] = (float)(sd * z);
    }
}

static void fill_weight(const bw_parameter *row, bw_init init, double sd,
                        bw_random *random, float *x)
{
    double fan_in = (double)row->fan_in, fan_out = (double)row->fan_out;

    switch (init) {
    case BW_INIT_GLOROT:
        fill_uniform(random, x, row->n, sqrt(6 / (fan_in + fan_out)));
        break;
    case BW_INIT_HE:
        fill_uniform(random, x, row->n, sqrt(6 / fan_in));
        break;
    case BW_INIT_TRUNCATED:
        if (row->is_conv) {
            fill_truncated(random, x, row->n, sd);
            break;
        }
        /* fall through */
    case BW_INIT_NORMAL:
    case BW_INIT_DCGAN:
        fill_normal(random, x, row->n, 0, sd);
        break;
    }
}

void bw_network_init(const bw_network *network, bw_init init, double sd,
                     uint64_t seed, uint64_t stream, float *block)
{
    for (size_t k = 0; k < bw_network_n_parameters(network); k++) {
        const bw_parameter *row = bw_network_parameter(network, k);
        float *x = block + row->offset;
        bw_random random;

        bw_random_init(&random, seed, BW_RANDOM_WEIGHTS, stream + k);
        switch (row->role) {
        case BW_ROLE_WEIGHT:
            fill_weight(row, init, sd, &random, x);
            break;
        case BW_ROLE_SCALE:
            if (init == BW_INIT_DCGAN)
                fill_normal(&random, x, row->n, 1, sd);
            else
                fill(x, row->n, 1);
            break;
        case BW_ROLE_RUNNING_VAR:
            fill(x, row->n, 1);
            break;
        case BW_ROLE_BIAS:
        case BW_ROLE_SHIFT:
        case BW_ROLE_RUNNING_MEAN:
            fill(x, row->n, 0);
            break;
        }
    }
}
