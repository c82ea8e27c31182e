/* test_second.c - the gradient by parameters of what was made of input
 * gradients: against central differences in doubles, in every layout and by
 * every way to convolve; what it leaves alone; what it refuses.
 */
#include "config.h"

#include "allocations.h"
#include "critic_case.h"

/* Sum of g v. */
static double take_sum(const critic *c)
{
    double sum = 0;

    for (size_t k = 0; k < c->n * c->n_in; k++)
        sum += c->twin_dx[k] * (double)c->v[k];
    return sum;
}

static void take_second(critic *c)
{
    (void)critic_pass(c, NULL);
    memcpy(bw_engine_tangent(c->engine), c->v, c->n * c->n_in * sizeof *c->v);
    bw_engine_second(c->engine, c->n, c->block, c->dblock);
}

static void check_case(const net_case *from)
{
    critic by_auto = critic_start(from, false, true, BW_WAY_AUTO, 2);

    take_second(&by_auto);
    critic_compare(&by_auto, take_sum, 2e-5);
    for (size_t w = 1; w < N_CRITIC_WAYS; w++) {
        critic c;

        if (!bw_conv_has(critic_ways[w]))
            continue;
        c = critic_start(from, false, true, critic_ways[w], 2);
        take_second(&c);
        cr_expect_leq(critic_error(&c, by_auto.dblock), 2e-5, "%s", from->text);
        critic_finish(&c);
    }
    critic_finish(&by_auto);
}

Test(second, central_differences)
{
    for (size_t k = 0; k < N_CRITICS; k++)
        check_case(&critics[k]);
}

/* Several outputs, and an image of them. */
Test(second, many_outputs)
{
    const net_case some[] = {
        {"dense 9\nrelu\ndense 4", FLAT(5), 3},
        {"conv 5 3x3 stride 2\nleakyrelu 0.2\nconv 2 3x3", IMAGE(5, 6, 2), 18},
    };

    for (size_t k = 0; k < 2; k++)
        check_case(&some[k]);
}

/* Slopes by biases are 0, exactly. */
Test(second, biases)
{
    for (size_t k = 0; k < N_CRITICS; k++) {
        critic c = critic_start(&critics[k], false, true, BW_WAY_AUTO, 1);

        take_second(&c);
        for (size_t p = 0; p < c.network->n_parameters; p++) {
            const bw_parameter *row = &c.network->parameter[p];

            for (size_t i = 0; row->role == BW_ROLE_BIAS && i < row->n; i++)
                cr_assert_eq(c.dblock[row->offset + i], 0);
        }
        critic_finish(&c);
    }
}

/* Passes of an engine planned for it are those of one that is not; the input
 * gradients still stand afterwards. */
Test(second, first_is_the_same)
{
    for (size_t k = 0; k < N_CRITICS; k++)
        for (size_t w = 0; w < N_CRITIC_WAYS; w++) {
            const net_case *from = &critics[k];
            critic with, without;
            const float *dx, *dx_without;
            float *kept;

            if (critic_ways[w] != BW_WAY_AUTO && !bw_conv_has(critic_ways[w]))
                continue;
            with = critic_start(from, false, true, critic_ways[w], 1);
            without = critic_start(from, false, false, critic_ways[w], 1);
            kept = calloc(with.n * with.n_in, sizeof *kept);
            cr_assert(kept != NULL);
            dx = critic_pass(&with, with.dblock);
            dx_without = critic_pass(&without, without.dblock);
            memcpy(kept, dx, with.n * with.n_in * sizeof *dx);
            cr_expect_eq(
                memcmp(kept, dx_without, with.n * with.n_in * sizeof *dx), 0);
            cr_expect_eq(memcmp(with.dblock, without.dblock,
                                with.n_trained * sizeof *dx),
                         0);
            memcpy(bw_engine_tangent(with.engine), with.v,
                   with.n * with.n_in * sizeof *dx);
            bw_engine_second(with.engine, with.n, with.block, with.dblock);
            cr_expect_eq(memcmp(kept, dx, with.n * with.n_in * sizeof *dx), 0);
            cr_expect(bw_engine_n_bytes(with.engine) >
                      bw_engine_n_bytes(without.engine));
            free(kept);
            critic_finish(&with);
            critic_finish(&without);
        }
}

/* It is added, and no items add nothing. */
Test(second, added)
{
    critic c = critic_start(&critics[5], false, true, BW_WAY_AUTO, 1);
    float *once = calloc(c.n_trained, sizeof *once);

    cr_assert(once != NULL);
    take_second(&c);
    memcpy(once, c.dblock, c.n_trained * sizeof *once);
    take_second(&c);
    for (size_t k = 0; k < c.n_trained; k++)
        cr_assert_float_eq((double)c.dblock[k], 2 * (double)once[k],
                           1e-5 * (1 + fabs((double)once[k])), "%zu", k);
    memcpy(once, c.dblock, c.n_trained * sizeof *once);
    (void)bw_engine_forward(c.engine, BW_MODE_TRAIN, 0, c.block, 0);
    (void)bw_engine_backward(c.engine, 0, c.block, NULL);
    bw_engine_second(c.engine, 0, c.block, c.dblock);
    cr_expect_eq(memcmp(once, c.dblock, c.n_trained * sizeof *once), 0);
    free(once);
    critic_finish(&c);
}

/* Lanes that a larger batch filled are not seen. */
Test(second, fewer_items_after_more)
{
    for (size_t k = 0; k < N_CRITICS; k++) {
        net_case more = critics[k];
        critic used,
            fresh = critic_start(&critics[k], false, true, BW_WAY_THIN, 1);

        more.n += 20;
        used = critic_start(&more, false, true, BW_WAY_THIN, 1);
        take_second(&used);
        memset(used.dblock, 0, used.n_trained * sizeof(float));
        used.n = fresh.n;
        memcpy(bw_engine_input(used.engine), fresh.x,
               fresh.n * fresh.n_in * sizeof(float));
        memcpy(used.dy, fresh.dy, fresh.n * fresh.n_out * sizeof(float));
        memcpy(used.v, fresh.v, fresh.n * fresh.n_in * sizeof(float));
        memcpy(used.block, fresh.block, fresh.n_values * sizeof(float));
        bw_engine_touch(used.engine);
        take_second(&used);
        take_second(&fresh);
        for (size_t i = 0; i < fresh.n_trained; i++)
            cr_assert_float_eq((double)used.dblock[i], (double)fresh.dblock[i],
                               1e-5 * (1 + fabs((double)fresh.dblock[i])),
                               "%s: %zu", critics[k].text, i);
        critic_finish(&used);
        critic_finish(&fresh);
    }
}

Test(second, same_bytes)
{
    static const size_t n_threads[] = {1, 2, 7};

    for (size_t k = 0; k < N_CRITICS; k++)
        for (size_t w = 0; w < N_CRITIC_WAYS; w++) {
            critic c[3];

            if (critic_ways[w] != BW_WAY_AUTO && !bw_conv_has(critic_ways[w]))
                continue;
            for (int t = 0; t < 3; t++) {
                c[t] = critic_start(&critics[k], false, true, critic_ways[w],
                                    n_threads[t]);
                take_second(&c[t]);
                cr_expect_eq(memcmp(c[0].dblock, c[t].dblock,
                                    c[0].n_trained * sizeof(float)),
                             0, "%s", critics[k].text);
            }
            for (int t = 0; t < 3; t++)
                critic_finish(&c[t]);
        }
}

#ifndef HAS_OWN_MALLOC
Test(second, allocates_nothing)
{
    const bw_way ways[] = {BW_WAY_BLAS, BW_WAY_ONEDNN, BW_WAY_THIN};

    for (size_t k = 0; k < N_CRITICS; k++)
        for (int w = 0; w < 3; w++) {
            if (!bw_conv_has(ways[w]))
                continue;
            critic c = critic_start(&critics[k], false, true, ways[w], 2);
            size_t n_before;

            take_second(&c);
            n_before = atomic_load(&n_allocations);
            take_second(&c);
            cr_expect_eq(atomic_load(&n_allocations), n_before, "%s",
                         critics[k].text);
            critic_finish(&c);
        }
}
#endif

/* ---- what is refused ---- */

static void check_refused(const char *text, const char *message)
{
    const bw_shape image = IMAGE(4, 4, 2);
    bw_engine_options options = {.n_max = 2,
                                 .is_training = true,
                                 .input_gradient = true,
                                 .second = true};
    bw_error err = BW_ERROR_INIT, from_engine = BW_ERROR_INIT;
    bw_engine *engine;
    bw_network *network;
    bw_tasks *tasks;

    cr_assert_eq(bw_tasks_create(1, &tasks, NULL), BW_OK);
    cr_assert_eq(bw_network_parse(text, "net", image, 1, &network, &err), BW_OK,
                 "%s", err.text);
    cr_expect_eq(bw_engine_check_second(network, "critic", &err), BW_ERR_USAGE);
    cr_expect_str_eq(err.text, message);
    cr_expect_eq(
        bw_engine_create(network, &options, tasks, &engine, &from_engine),
        BW_ERR_USAGE);
    cr_expect(engine == NULL);
    options.second = false;
    cr_expect_eq(
        bw_engine_create(network, &options, tasks, &engine, &from_engine),
        BW_OK);
    bw_engine_destroy(engine);
    bw_network_destroy(network);
    bw_tasks_destroy(tasks);
}

#define CURVED "it is curved, and second derivatives of layers are not done"
#define UNKNOWN "a second gradient does not know what it did to its input"

Test(second, refused)
{
    check_refused("conv 2 3x3\n# of a batch\nbatchnorm\ntanh\n",
                  "critic: line 3: batchnorm: it mixes the items of a batch, "
                  "so that none has a gradient of its own");
    check_refused("layernorm", "critic: line 1: layernorm: " CURVED);
    check_refused("relu\nelu", "critic: line 2: elu: " CURVED);
    check_refused("tanh", "critic: line 1: tanh: " CURVED);
    check_refused("sigmoid", "critic: line 1: sigmoid: " CURVED);
    check_refused("flatten\nsoftmax", "critic: line 2: softmax: " CURVED);
    check_refused("maxpool 2x2", "critic: line 1: maxpool: " UNKNOWN);
    check_refused("noise 0.1", "critic: line 1: noise: " UNKNOWN);
}

Test(second, allowed)
{
    for (size_t k = 0; k < N_CRITICS; k++) {
        bw_network *network;
        bw_error err = BW_ERROR_INIT;

        cr_assert_eq(bw_network_parse(critics[k].text, "net", critics[k].in, 1,
                                      &network, &err),
                     BW_OK);
        cr_expect_eq(bw_engine_check_second(network, "critic", &err), BW_OK,
                     "%s", err.text);
        bw_network_destroy(network);
    }
}
