/* test_network.c - texts of networks: layers, shapes, parameters, widths, and
 * what is no text. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/network.h"
#include "nn/layer.h"

static const bw_shape mnist = {.h = 28, .w = 28, .c = 1};
static const bw_shape flat50 = {.h = 1, .w = 1, .c = 50, .is_flat = true};

static bw_network *parse(const char *text, bw_shape input, double width)
{
    bw_error err = BW_ERROR_INIT;
    bw_network *network;

    cr_assert_eq(bw_network_parse(text, "net", input, width, &network, &err),
                 BW_OK, "%s", err.text);
    return network;
}

static void check_shape(const bw_network *network, size_t k, const char *wanted)
{
    char text[64];

    bw_shape_text(bw_network_shape(network, k), text);
    cr_expect_str_eq(text, wanted, "layer %zu: %s, not %s", k, text, wanted);
}

/* ---- what is right ---- */

Test(network, shapes_of_every_layer)
{
    static const char text[] = "# all kinds\n"
                               "noise 0.1\n"
                               "conv 8 3x3\r\n"
                               "\trelu # after it\n"
                               "\n"
                               "maxpool 2x2\n"
                               "conv 6 5x4 stride 2\n"
                               "batchnorm 1e-3 0.2\n"
                               "leakyrelu 0.2\n"
                               "deconv 4 3x3 stride 2 pad 1\n"
                               "elu\n"
                               "upsample 2\n"
                               "avgpool 3x2 stride 1 pad 0\n"
                               "layernorm\n"
                               "flatten\n"
                               "dense 3x4x5\n"
                               "tanh\n"
                               "reshape 3 4 5\n"
                               "sigmoid\n"
                               "conv 2 3x3 pad 1,0,2,1\n"
                               "flatten\n"
                               "softmax";
    static const char *const shapes[] = {
        "28x28x1", "28x28x8", "28x28x8", "14x14x8", "7x7x6",   "7x7x6", "7x7x6",
        "13x13x4", "13x13x4", "26x26x4", "24x25x4", "24x25x4", "2400",  "60",
        "60",      "3x4x5",   "3x4x5",   "2x5x2",   "20",      "20"};
    bw_network *network = parse(text, mnist, 1);

    cr_assert_eq(bw_network_n_layers(network), 20);
    for (size_t k = 0; k < 20; k++)
        check_shape(network, k, shapes[k]);
    cr_expect(
        bw_shape_equal(bw_network_output(network), (bw_shape){1, 1, 20, true}));
    cr_expect_str_eq(bw_network_text(network),
                     "noise 0.1\nconv 8 3x3\nrelu\nmaxpool 2x2\n"
                     "conv 6 5x4 stride 2\nbatchnorm 0.001 0.2\n"
                     "leakyrelu 0.2\ndeconv 4 3x3 stride 2 pad 1\nelu\n"
                     "upsample 2\navgpool 3x2 stride 1 pad 0\nlayernorm\n"
                     "flatten\ndense 60\ntanh\nreshape 3 4 5\nsigmoid\n"
                     "conv 2 3x3 pad 1,0,2,1\nflatten\nsoftmax\n");
    bw_network_destroy(network);
}

/* Every canonical text reads back to itself. */
Test(network, canonical_text_repeats)
{
    static const char *const texts[] = {
        "conv 3 5x5 stride 3 pad 2,1,0,4\nbatchnorm 1e-05 0.25\nrelu",
        "maxpool 3x3 stride 2\nmaxpool 3x3 stride 3 pad 0\navgpool 2x2 pad 1",
        "maxpool 3x2 stride 3",
        "noise 0.10000000000000001\nleakyrelu 0.333333333333333333",
        "batchnorm 1e-5 0.1\nlayernorm 0.00001\nflatten\nlayernorm 2e-5",
        "conv 1 1x1 pad 0 stride 1"};

    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        bw_network *one = parse(texts[k], mnist, 1);
        bw_network *two = parse(bw_network_text(one), mnist, 1);
        cr_expect_str_eq(bw_network_text(one), bw_network_text(two));
        cr_expect_eq(bw_network_n_values(one), bw_network_n_values(two));
        bw_network_destroy(one);
        bw_network_destroy(two);
    }
}

static void check_row(const bw_network *network, size_t k, const char *name,
                      bw_parameter_role role, unsigned rank,
                      const uint64_t shape[], size_t offset)
{
    const bw_parameter *row = bw_network_parameter(network, k);
    size_t n = 1;

    cr_expect_str_eq(row->name, name);
    cr_expect_eq(row->role, role, "%s", name);
    cr_expect_eq(row->rank, rank, "%s", name);
    for (unsigned d = 0; d < rank; d++) {
        cr_expect_eq(row->shape[d], shape[d], "%s", name);
        n *= shape[d];
    }
    cr_expect_eq(row->n, n, "%s", name);
    cr_expect_eq(row->offset, offset, "%s: %zu", name, row->offset);
}

Test(network, parameters)
{
    bw_network *network = parse("conv 6 3x2\nbatchnorm\nrelu\ndeconv 4 5x5\n"
                                "layernorm\nflatten\ndense 10",
                                (bw_shape){.h = 4, .w = 5, .c = 3}, 1);
    const size_t n_conv = 6 * 3 * 6, n_deconv = 6 * 4 * 25;

    cr_assert_eq(bw_network_n_parameters(network), 12);
    check_row(network, 0, "0.weight", BW_ROLE_WEIGHT, 4,
              (uint64_t[]){6, 3, 3, 2}, 0);
    check_row(network, 1, "0.bias", BW_ROLE_BIAS, 1, (uint64_t[]){6}, n_conv);
    check_row(network, 2, "1.weight", BW_ROLE_SCALE, 1, (uint64_t[]){6},
              n_conv + 6);
    check_row(network, 3, "1.bias", BW_ROLE_SHIFT, 1, (uint64_t[]){6},
              n_conv + 12);
    check_row(network, 4, "1.running_mean", BW_ROLE_RUNNING_MEAN, 1,
              (uint64_t[]){6}, bw_network_n_trained(network));
    check_row(network, 5, "1.running_var", BW_ROLE_RUNNING_VAR, 1,
              (uint64_t[]){6}, bw_network_n_trained(network) + 6);
    check_row(network, 6, "3.weight", BW_ROLE_WEIGHT, 4,
              (uint64_t[]){6, 4, 5, 5}, n_conv + 18);
    check_row(network, 7, "3.bias", BW_ROLE_BIAS, 1, (uint64_t[]){4},
              n_conv + 18 + n_deconv);
    check_row(network, 8, "4.weight", BW_ROLE_SCALE, 3, (uint64_t[]){4, 4, 5},
              n_conv + 22 + n_deconv);
    check_row(network, 10, "6.weight", BW_ROLE_WEIGHT, 2, (uint64_t[]){10, 80},
              n_conv + 22 + n_deconv + 160);
    cr_expect_eq(bw_network_n_values(network),
                 bw_network_n_trained(network) + 12);
    cr_expect_eq(bw_network_parameter(network, 0)->fan_in, 18);
    cr_expect_eq(bw_network_parameter(network, 0)->fan_out, 36);
    cr_expect(bw_network_parameter(network, 6)->is_conv);
    cr_expect_not(bw_network_parameter(network, 10)->is_conv);
    cr_expect_eq(bw_network_parameter(network, 11)->fan_in, 80);
    cr_expect_eq(bw_network_work(network),
                 (double)(20 * n_conv + 20 * n_deconv + 10 * 80));
    bw_network_destroy(network);
}

/* The last layer with units and what follows it keep their sizes. */
Test(network, width)
{
    bw_network *network =
        parse("dense 3\nrelu\ndense 2x3x5\nreshape 2 3 5\nconv 7 3x3\n"
              "batchnorm\nconv 4 1x1\nflatten\nreshape 2 3 4",
              flat50, 0.5);

    cr_expect_str_eq(bw_network_text(network),
                     "dense 2\nrelu\ndense 18\nreshape 2 3 3\nconv 4 3x3\n"
                     "batchnorm\nconv 4 1x1\nflatten\nreshape 2 3 4\n");
    bw_network_destroy(network);
    network = parse("dense 3\ndense 2", flat50, 1e-3);
    cr_expect_str_eq(bw_network_text(network), "dense 1\ndense 2\n");
    bw_network_destroy(network);
    network = parse("dense 3\ndense 2", flat50, 2.5);
    cr_expect_str_eq(bw_network_text(network), "dense 8\ndense 2\n");
    bw_network_destroy(network);
}

Test(network, every_kind_is_found)
{
    static const char *const names[] = {
        "dense",     "conv",      "deconv",  "upsample",  "maxpool", "avgpool",
        "batchnorm", "layernorm", "relu",    "leakyrelu", "elu",     "tanh",
        "sigmoid",   "softmax",   "reshape", "flatten",   "noise"};

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++) {
        const bw_layer_kind *kind = bw_layer_find(names[k]);

        cr_assert(kind != NULL, "%s", names[k]);
        cr_expect_str_eq(kind->name, names[k]);
        cr_expect_eq(strncmp(kind->syntax, names[k], strlen(names[k])), 0);
    }
    cr_expect(bw_layer_find("dens") == NULL);
    cr_expect(bw_layer_find("densed") == NULL);
    cr_expect(bw_layer_find("") == NULL);
}

/* ---- what is wrong ---- */

typedef struct wrong {
    const char *text;
    bw_status status;
    const char *message; /* how it begins */
} wrong;

static void check_wrong(const wrong *cases, size_t n, bw_shape input)
{
    for (size_t k = 0; k < n; k++) {
        bw_error err = BW_ERROR_INIT;
        bw_network *network = (bw_network *)&err;
        bw_status status = bw_network_parse(cases[k].text, "decoder", input, 1,
                                            &network, &err);

        cr_expect_eq(status, cases[k].status, "\"%s\": %d, %s", cases[k].text,
                     status, err.text);
        cr_expect(network == NULL);
        cr_expect_eq(
            strncmp(err.text, cases[k].message, strlen(cases[k].message)), 0,
            "\"%s\" gave \"%s\"", cases[k].text, err.text);
        cr_expect_eq(bw_network_parse(cases[k].text, "decoder", input, 1,
                                      &network, NULL),
                     status);
    }
}

Test(network, wrong_words)
{
    static const wrong cases[] = {
        {"", BW_ERR_FORMAT, "decoder: a network without layers"},
        {"\n \t\r\n# dense 3", BW_ERR_FORMAT,
         "decoder: a network without layers"},
        {"relu\n  dens 3", BW_ERR_FORMAT,
         "decoder: line 2: column 3: expected a layer (dense, conv, deconv, "
         "upsample, maxpool, avgpool, batchnorm, layernorm, relu, leakyrelu, "
         "elu, tanh, sigmoid, softmax, reshape, flatten, noise), found "
         "\"dens\""},
        {"conv", BW_ERR_FORMAT,
         "decoder: line 1: column 5: expected a count of channels from 1, "
         "found the end of the line (conv U KxL"},
        {"conv 3 # 3x3", BW_ERR_FORMAT,
         "decoder: line 1: column 8: expected a window as 3x3, each from 1, "
         "found the end of the line"},
        {"conv 3 3", BW_ERR_FORMAT, "decoder: line 1: column 8: expected a w"},
        {"conv 3 3x", BW_ERR_FORMAT, "decoder: line 1: column 8: expected a w"},
        {"conv 3 3x3x3", BW_ERR_FORMAT, "decoder: line 1: column 8: expecte"},
        {"conv 3 0x3", BW_ERR_FORMAT, "decoder: line 1: column 8: expected a"},
        {"conv -3 3x3", BW_ERR_FORMAT,
         "decoder: line 1: column 6: expected a count of channels from 1, "
         "found \"-3\""},
        {"conv 0 3x3", BW_ERR_FORMAT, "decoder: line 1: column 6: expected a"},
        {"conv 3 3x3 stride", BW_ERR_FORMAT,
         "decoder: line 1: column 18: expected a stride from 1, found the end"},
        {"conv 3 3x3 stride 0", BW_ERR_FORMAT,
         "decoder: line 1: column 19: expected a stride from 1, found \"0\""},
        {"conv 3 3x3 stride 2 stride 2", BW_ERR_FORMAT,
         "decoder: line 1: column 21: expected \"pad\", found \"stride\""},
        {"conv 3 3x3 pad 1 stride 1 pad 1", BW_ERR_FORMAT,
         "decoder: line 1: column 27: expected the end of the line"},
        {"conv 3 3x3 pad 1,2", BW_ERR_FORMAT,
         "decoder: line 1: column 16: expected \"same\", P, or T,B,L,R, found "
         "\"1,2\""},
        {"conv 3 3x3 pad 1,2,3,4,5", BW_ERR_FORMAT, "decoder: line 1: column"},
        {"conv 3 3x3 pads 1", BW_ERR_FORMAT,
         "decoder: line 1: column 12: expected \"stride\" or \"pad\""},
        {"maxpool 3x2", BW_ERR_FORMAT,
         "decoder: line 1: column 12: expected \"stride\", since"},
        {"relu 1", BW_ERR_FORMAT,
         "decoder: line 1: column 6: expected the end of the line, found "
         "\"1\" (relu)"},
        {"relu relu", BW_ERR_FORMAT, "decoder: line 1: column 6: expected the"},
        {"leakyrelu", BW_ERR_FORMAT,
         "decoder: line 1: column 10: expected a slope from 0 to 1e6"},
        {"leakyrelu nan", BW_ERR_FORMAT, "decoder: line 1: column 11: expec"},
        {"leakyrelu inf", BW_ERR_FORMAT, "decoder: line 1: column 11: expec"},
        {"leakyrelu 0x1p2", BW_ERR_FORMAT, "decoder: line 1: column 11: exp"},
        {"leakyrelu 1e999", BW_ERR_FORMAT, "decoder: line 1: column 11: exp"},
        {"leakyrelu 0.2.1", BW_ERR_FORMAT, "decoder: line 1: column 11: exp"},
        {"leakyrelu -0.1", BW_ERR_RANGE, "decoder: line 1: column 11: expec"},
        {"batchnorm 0", BW_ERR_RANGE, "decoder: line 1: column 11: expected "},
        {"batchnorm 1 2", BW_ERR_RANGE, "decoder: line 1: column 13: expect"},
        {"reshape 3 3", BW_ERR_FORMAT,
         "decoder: line 1: column 12: expected a count of channels from 1"},
        {"dense 3x3", BW_ERR_FORMAT,
         "decoder: line 1: column 7: expected a count of units from 1, or "
         "HxWxC, found \"3x3\""},
        {"dense \033[2J\n", BW_ERR_FORMAT,
         "decoder: line 1: column 7: expected a count of units from 1, or "
         "HxWxC, found \"?[2J\" (dense"},
        {"dense 12345678901234567890123456789012345", BW_ERR_RANGE,
         "decoder: line 1: column 7: expected at most 268435456, found "
         "\"12345678901234567890123456789012...\""},
        {"dense 18446744073709551617", BW_ERR_RANGE,
         "decoder: line 1: column 7: expected at most 268435456"},
        {"dense 268435457", BW_ERR_RANGE, "decoder: line 1: column 7: expecte"},
        {"dense 70000x70000x1", BW_ERR_RANGE,
         "decoder: line 1: column 7: expected a product of at most 268435456"},
        {"reshape 4294967296 4294967296 1", BW_ERR_RANGE,
         "decoder: line 1: column 9: expected at most 268435456"},
        {"reshape 268435456 268435456 256", BW_ERR_RANGE,
         "decoder: line 1: column 9: expected a product of at most"},
    };

    check_wrong(cases, sizeof cases / sizeof cases[0], mnist);
}

Test(network, wrong_shapes)
{
    static const wrong cases[] = {
        {"relu\n dense 3", BW_ERR_DIMENSION,
         "decoder: line 2: column 2: dense 3 cannot take 28x28x1: "},
        {"maxpool 4x4\nconv 20 9x9 pad 0", BW_ERR_DIMENSION,
         "decoder: line 2: column 1: conv 20 9x9 pad 0 cannot take 7x7x1: "},
        {"flatten\nconv 3 3x3", BW_ERR_DIMENSION,
         "decoder: line 2: column 1: conv 3 3x3 cannot take 784: "},
        {"flatten\ndeconv 3 3x3", BW_ERR_DIMENSION,
         "decoder: line 2: column 1: deconv 3 3x3 cannot take 784: "},
        {"flatten\nmaxpool 3x3", BW_ERR_DIMENSION,
         "decoder: line 2: column 1: maxpool cannot take 784: "},
        {"flatten\nupsample 3", BW_ERR_DIMENSION,
         "decoder: line 2: column 1: upsample cannot take 784: "},
        {"softmax", BW_ERR_DIMENSION,
         "decoder: line 1: column 1: softmax cannot take 28x28x1: "},
        {"reshape 28 28 1", BW_ERR_DIMENSION,
         "decoder: line 1: column 1: reshape"},
        {"flatten\nreshape 28 27 1", BW_ERR_DIMENSION,
         "decoder: line 2: column 1: reshape 28 27 1 cannot take 784"},
        {"conv 268435456 1x1", BW_ERR_RANGE, "decoder: line 1: column 1: conv"},
        {"conv 268435456 1x1 stride 28", BW_OK, ""},
        {"conv 4096 1x1 stride 28\nconv 65537 1x1", BW_ERR_RANGE,
         "decoder: line 2: column 1: conv"},
        {"conv 1 268435456x268435456", BW_ERR_RANGE, "decoder: line 1: colum"},
        {"deconv 1 1x1 stride 268435456", BW_ERR_RANGE, "decoder: line 1: co"},
        {"upsample 268435456", BW_ERR_RANGE, "decoder: line 1: column 1: ups"},
        {"upsample 500\nupsample 500", BW_ERR_RANGE, "decoder: line 2: colum"},
        {"flatten\ndense 65536\ndense 65536", BW_ERR_RANGE,
         "decoder: line 3: column 1: dense: a weight of 65536 x 65536 x 1 x 1 "
         "is more than 268435456 values"},
    };

    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        if (cases[k].status != BW_OK)
            check_wrong(&cases[k], 1, mnist);
        else
            bw_network_destroy(parse(cases[k].text, mnist, 1));
}

Test(network, wrong_arguments)
{
    static const double widths[] = {0, -1, NAN, INFINITY, 1e7};
    static const bw_shape inputs[] = {{.h = 0, .w = 1, .c = 1},
                                      {.h = 1, .w = 1, .c = 0, .is_flat = true},
                                      {.h = 2, .w = 1, .c = 1, .is_flat = true},
                                      {.h = SIZE_MAX, .w = 2, .c = SIZE_MAX},
                                      {.h = 1 << 14, .w = 1 << 14, .c = 2}};
    bw_network *network;
    bw_error err = BW_ERROR_INIT;

    for (size_t k = 0; k < 5; k++) {
        cr_expect_eq(
            bw_network_parse("relu", "net", mnist, widths[k], &network, &err),
            BW_ERR_RANGE, "width %g", widths[k]);
        cr_expect(strstr(err.text, "net: width ") == err.text, "%s", err.text);
        cr_expect_eq(
            bw_network_parse("relu", "net", inputs[k], 1, &network, &err),
            BW_ERR_RANGE, "input %zu", k);
        cr_expect(strstr(err.text, "net: an input of ") == err.text, "%s",
                  err.text);
    }
    cr_expect_eq(bw_network_parse("dense 100000\ndense 1", "net", flat50, 1e6,
                                  &network, &err),
                 BW_ERR_RANGE);
    cr_expect(strstr(err.text, "net: line 1: column 1: dense: width 1e+06") ==
                  err.text,
              "%s", err.text);
}

static char *repeat(const char *line, size_t n)
{
    size_t n_line = strlen(line);
    char *text = malloc(n * n_line + 1);

    cr_assert(text != NULL);
    for (size_t k = 0; k < n; k++)
        memcpy(text + k * n_line, line, n_line);
    text[n * n_line] = '\0';
    return text;
}

Test(network, limits_of_the_text)
{
    char *text = repeat("relu\n", BW_MAX_LAYERS);
    bw_error err = BW_ERROR_INIT;
    bw_network *network = parse(text, mnist, 1);

    cr_expect_eq(bw_network_n_layers(network), BW_MAX_LAYERS);
    bw_network_destroy(network);
    free(text);
    text = repeat("relu\n", BW_MAX_LAYERS + 1);
    cr_expect_eq(bw_network_parse(text, "net", mnist, 1, &network, &err),
                 BW_ERR_RANGE);
    cr_expect_str_eq(err.text, "net: line 257: more than 256 layers");
    free(text);
    text = repeat("\n", BW_MAX_NETWORK_TEXT + 1);
    cr_expect_eq(bw_network_parse(text, "net", mnist, 1, &network, &err),
                 BW_ERR_RANGE);
    text[BW_MAX_NETWORK_TEXT] = '\0';
    cr_expect_eq(bw_network_parse(text, "net", mnist, 1, &network, &err),
                 BW_ERR_FORMAT);
    memcpy(text + BW_MAX_NETWORK_TEXT - 5, "relux", 5);
    cr_expect_eq(bw_network_parse(text, "net", mnist, 1, &network, &err),
                 BW_ERR_FORMAT);
    cr_expect(strstr(err.text, "net: line 1048572: column 1: ") == err.text,
              "%s", err.text);
    free(text);
}

/* ---- initial values ---- */

static void moments(const bw_network *network, const float *block, size_t k,
                    double *mean, double *var, double *largest)
{
    const bw_parameter *row = bw_network_parameter(network, k);
    const float *x = block + row->offset;

    *mean = *var = *largest = 0;
    for (size_t i = 0; i < row->n; i++) {
        *mean += (double)x[i] / (double)row->n;
        *largest = fmax(*largest, fabs((double)x[i]));
    }
    for (size_t i = 0; i < row->n; i++)
        *var += pow((double)x[i] - *mean, 2) / (double)row->n;
}

/* Moments within 5 standard errors of the distributions'; bounds hold. */
Test(network, initial_values)
{
    bw_network *network =
        parse("conv 40 5x5\nbatchnorm\nflatten\ndense 10", mnist, 1);
    float *block = malloc(bw_network_n_values(network) * sizeof *block);
    const double bound = sqrt(6.0 / (25 + 40 * 25)), he = sqrt(6.0 / 31360);
    double mean, var, largest;

    cr_assert(block != NULL);
    bw_network_init(network, BW_INIT_GLOROT, 0, 7, 0, block);
    moments(network, block, 0, &mean, &var, &largest);
    cr_expect(largest <= bound && largest > 0.98 * bound);
    cr_expect_float_eq(var, bound * bound / 3, 0.15 * bound * bound / 3);
    cr_expect_float_eq(mean, 0, 5 * bound / sqrt(3000));
    bw_network_init(network, BW_INIT_HE, 0, 7, 0, block);
    moments(network, block, 6, &mean, &var, &largest);
    cr_expect(largest <= he && largest > 0.99 * he);
    bw_network_init(network, BW_INIT_TRUNCATED, 0.01, 7, 0, block);
    moments(network, block, 0, &mean, &var, &largest);
    cr_expect(largest <= 0.02 && largest > 0.0185);
    cr_expect_float_eq(var, 0.774e-4, 0.12e-4);
    moments(network, block, 6, &mean, &var, &largest);
    cr_expect(largest > 0.035);
    cr_expect_float_eq(var, 1e-4, 0.03e-4);
    moments(network, block, 2, &mean, &var, &largest);
    cr_expect(mean > 0.999999 && var < 1e-9);
    moments(network, block, 5, &mean, &var, &largest);
    cr_expect(mean > 0.999999 && var < 1e-9, "running variance");
    moments(network, block, 1, &mean, &var, &largest);
    cr_expect_eq(largest, 0, "bias");
    bw_network_init(network, BW_INIT_DCGAN, 0.02, 7, 0, block);
    moments(network, block, 2, &mean, &var, &largest);
    cr_expect(fabs(mean - 1) < 0.02 && var > 1e-5);
    free(block);
    bw_network_destroy(network);
}

/* The values of a row depend on seed, stream and its place alone. */
Test(network, streams_of_initial_values)
{
    bw_network *one = parse("flatten\ndense 10\ndense 3", mnist, 1);
    bw_network *two = parse("flatten\ndense 10\nrelu\ndense 3", mnist, 1);
    size_t n = bw_network_n_values(one);
    float *a = malloc(n * sizeof *a), *b = malloc(n * sizeof *b);

    cr_assert(a != NULL && b != NULL);
    bw_network_init(one, BW_INIT_GLOROT, 0, 7, 1024, a);
    bw_network_init(two, BW_INIT_GLOROT, 0, 7, 1024, b);
    cr_expect_eq(memcmp(a, b, n * sizeof *a), 0);
    bw_network_init(one, BW_INIT_GLOROT, 0, 8, 1024, b);
    cr_expect_neq(memcmp(a, b, 4000 * sizeof *a), 0);
    bw_network_init(one, BW_INIT_GLOROT, 0, 7, 0, b);
    cr_expect_neq(memcmp(a, b, 4000 * sizeof *a), 0);
    free(a);
    free(b);
    bw_network_destroy(one);
    bw_network_destroy(two);
}
