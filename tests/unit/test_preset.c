/* test_preset.c - presets: parameters, multiply-adds and shapes of the papers'
 * networks, and that every listed preset parses. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/network.h"

static const bw_shape mnist = {.h = 28, .w = 28, .c = 1};
static const bw_shape celeba = {.h = 64, .w = 64, .c = 3};

static bw_shape flat(size_t n)
{
    return (bw_shape){.h = 1, .w = 1, .c = n, .is_flat = true};
}

static bw_network *build(const char *preset, const char *part, bw_shape image,
                         size_t latent, bw_shape input)
{
    bw_error err = BW_ERROR_INIT;
    bw_network *network;
    char *text;

    cr_assert_eq(bw_preset_text(preset, part, image, latent, &text, &err),
                 BW_OK, "%s", err.text);
    cr_assert_eq(bw_network_parse(text, part, input, 1, &network, &err), BW_OK,
                 "%s: %s", preset, err.text);
    free(text);
    return network;
}

static void check(const char *preset, const char *part, bw_shape image,
                  size_t latent, bw_shape input, bw_shape output,
                  size_t n_trained, double work)
{
    bw_network *network = build(preset, part, image, latent, input);

    cr_expect(bw_shape_equal(bw_network_output(network), output), "%s %s",
              preset, part);
    cr_expect_eq(bw_network_n_trained(network), n_trained, "%s %s: %zu", preset,
                 part, bw_network_n_trained(network));
    cr_expect_eq(bw_network_work(network), work, "%s %s: %.0f", preset, part,
                 bw_network_work(network));
    bw_network_destroy(network);
}

/* Counts by hand from the papers' layers: weights, biases, normalisations. */
Test(preset, wae_mnist)
{
    check("wae-mnist", "encoder", mnist, 8, mnist, flat(8),
          16 * (128 + 128 * 256 + 256 * 512 + 512 * 1024) +
              3 * (128 + 256 + 512 + 1024) + 4096 * 8 + 8,
          16.0 * (196 * 128 + 49 * 32768 + 16 * 131072 + 4 * 524288) +
              4096 * 8);
    check("wae-mnist", "decoder", mnist, 8, flat(8), mnist,
          9 * 50176 + 16 * (1024 * 512 + 512 * 256 + 256) + 3 * (512 + 256) + 1,
          8.0 * 50176 + 16.0 * (49 * 524288 + 196 * 131072 + 784 * 256));
    check("wae-mnist", "adversary", mnist, 8, flat(8), flat(1),
          9 * 512 + 3 * 513 * 512 + 513, 8 * 512 + 3 * 512 * 512 + 512);
}

Test(preset, wae_celeba)
{
    check("wae-celeba", "encoder", celeba, 64, celeba, flat(64),
          25 * (3 * 128 + 128 * 256 + 256 * 512 + 512 * 1024) +
              3 * (128 + 256 + 512 + 1024) + 16384 * 64 + 64,
          25.0 * (1024 * 384 + 256 * 32768 + 64 * 131072 + 16 * 524288) +
              16384 * 64);
    check("wae-celeba", "decoder", celeba, 64, flat(64), celeba,
          65 * 65536 + 25 * (1024 * 512 + 512 * 256 + 256 * 128 + 128 * 3) +
              3 * (512 + 256 + 128) + 3,
          64.0 * 65536 +
              25.0 * (64 * 524288 + 256 * 131072 + 1024 * 32768 + 4096 * 384));
}

Test(preset, dwe_mnist)
{
    check("dwe-mnist", "encoder", mnist, 50, mnist, flat(50),
          9 * 20 + 20 + 25 * 100 + 5 + 3920 * 100 + 100 + 101 * 50,
          784.0 * (180 + 2500) + 392000 + 5000);
    check("dwe-mnist", "decoder", mnist, 50, flat(50), flat(784),
          51 * 100 + 101 * 3920 + 25 * 50 + 10 + 91,
          5000 + 392000 + 784.0 * (1250 + 90));
    check("dwe-mnist", "regressor", (bw_shape){28, 28, 1, false}, 0,
          (bw_shape){28, 28, 2, false}, flat(1),
          9 * 40 + 20 + 2500 + 5 + 392100 + 5050 + 51,
          784.0 * (360 + 2500) + 392000 + 5000 + 50);
}

/* The figures that the papers' readers know, in millions. */
Test(preset, published_sizes)
{
    static const struct {
        const char *preset, *part;
        bool is_color;
        size_t latent;
        double millions, work, tolerance;
    } known[] = {
        {"dwe-mnist", "encoder", false, 50, 0.40, 2.5, 0.005},
        {"dwe-mnist", "decoder", false, 50, 0.40, 1.45, 0.005},
        {"wae-mnist", "encoder", false, 8, 11.0, 93, 0.06},
        {"wae-mnist", "decoder", false, 8, 10.9, 826, 0.06},
        {"wae-celeba", "encoder", true, 64, 18.3, 640, 0.06},
        {"wae-celeba", "decoder", true, 64, 21.5, 2560, 0.06},
        {"wgan-gp-mnist", "generator", false, 128, 1.55, 24, 0.01},
        {"wgan-gp-mnist", "critic", false, 128, 1.03, 23.5, 0.01},
    };

    for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
        bw_shape image = known[k].is_color ? celeba : mnist;
        bool takes_image = strcmp(known[k].part, "encoder") == 0 ||
                           strcmp(known[k].part, "critic") == 0;
        bw_network *network =
            build(known[k].preset, known[k].part, image, known[k].latent,
                  takes_image ? image : flat(known[k].latent));

        cr_expect_float_eq((double)bw_network_n_trained(network) / 1e6,
                           known[k].millions, known[k].tolerance, "%s %s: %zu",
                           known[k].preset, known[k].part,
                           bw_network_n_trained(network));
        cr_expect_float_eq(bw_network_work(network) / 1e6, known[k].work,
                           0.02 * known[k].work, "%s %s: %.1f M",
                           known[k].preset, known[k].part,
                           bw_network_work(network) / 1e6);
        bw_network_destroy(network);
    }
}

/* 4 to 7: the cropped first doubling. */
Test(preset, wgan_gp_crops)
{
    bw_network *network =
        build("wgan-gp-mnist", "generator", mnist, 128, flat(128));
    const bw_shape wanted[] = {{7, 7, 128, false}, {14, 14, 64, false}, mnist};

    for (size_t k = 0; k < 3; k++)
        cr_expect(
            bw_shape_equal(bw_network_shape(network, 3 + 2 * k), wanted[k]));
    bw_network_destroy(network);
    network = build("wgan-gp-mnist", "generator", celeba, 128, flat(128));
    cr_expect(bw_shape_equal(bw_network_output(network), celeba));
    bw_network_destroy(network);
}

Test(preset, points)
{
    check("wgan-mlp", "critic", flat(2), 2, flat(2), flat(1),
          3 * 512 + 2 * 513 * 512 + 513, 2 * 512 + 2 * 512 * 512 + 512);
    check("wgan-mlp", "generator", flat(2), 2, flat(2), flat(2),
          3 * 512 + 3 * 513 * 512 + 513 * 2, 2 * 512 + 3 * 512 * 512 + 1024);
    check("wgan-toy", "critic", flat(2), 2, flat(2), flat(1),
          3 * 512 + 2 * 513 * 512 + 513, 2 * 512 + 2 * 512 * 512 + 512);
    check("wgan-toy", "generator", flat(2), 2, flat(2), flat(2),
          3 * 512 + 2 * 513 * 512 + 513 * 2, 2 * 512 + 2 * 512 * 512 + 1024);
    check("wgan-mlp", "critic", mnist, 2, mnist, flat(1),
          785 * 512 + 2 * 513 * 512 + 513, 784 * 512 + 2 * 512 * 512 + 512);
}

static bool is_listed(const char *list, const char *name)
{
    size_t n = strlen(name);

    for (const char *p = list; (p = strstr(p, name)) != NULL; p += n)
        if ((p == list || p[-1] == '|') && (p[n] == '|' || p[n] == '\0'))
            return true;
    return false;
}

/* Every preset of every part gives networks that fit together; those that are
 * not listed for a part lack it. */
Test(preset, all_parse)
{
    static const struct {
        const char *part;
        bool takes_image, gives_image;
    } parts[] = {{"adversary", false, false}, {"critic", true, false},
                 {"decoder", false, true},    {"encoder", true, false},
                 {"generator", false, true},  {"regressor", true, false}};
    char names[512], *rest = names, *name;
    size_t n_found = 0;

    cr_assert_lt(strlen(bw_preset_names(NULL)), sizeof names);
    strcpy(names, bw_preset_names(NULL));
    while ((name = strtok_r(NULL, "|", &rest)) != NULL)
        for (size_t k = 0; k < sizeof parts / sizeof parts[0]; k++) {
            bw_network *network;
            char *text;

            if (!is_listed(bw_preset_names(parts[k].part), name)) {
                cr_expect_eq(
                    bw_preset_text(name, parts[k].part, celeba, 9, &text, NULL),
                    BW_ERR_USAGE, "%s %s", name, parts[k].part);
                cr_expect(text == NULL);
                continue;
            }
            n_found++;
            network = build(name, parts[k].part, celeba, 9,
                            parts[k].takes_image ? celeba : flat(9));
            cr_expect_eq(bw_shape_n(bw_network_output(network)),
                         parts[k].gives_image                    ? 12288
                         : strcmp(parts[k].part, "encoder") == 0 ? 9
                                                                 : 1,
                         "%s %s", name, parts[k].part);
            bw_network_destroy(network);
        }
    cr_expect_eq(n_found, 34, "%zu", n_found);
    cr_expect_str_eq(bw_preset_names("hand"), "");
}

/* Sizes that no power of two divides. */
Test(preset, any_image_for_dwe)
{
    bw_shape odd = {.h = 31, .w = 17, .c = 1};
    static const char *const names[] = {"dwe-mnist", "dwe-small"};

    for (size_t k = 0; k < 2; k++) {
        bw_network *network = build(names[k], "decoder", odd, 5, flat(5));

        cr_expect(bw_shape_equal(bw_network_output(network), flat(527)));
        bw_network_destroy(network);
        network = build(names[k], "encoder", odd, 5, odd);
        cr_expect(bw_shape_equal(bw_network_output(network), flat(5)));
        bw_network_destroy(network);
    }
}

Test(preset, refusals)
{
    bw_error err = BW_ERROR_INIT;
    char place, *text = &place;

    cr_expect_eq(bw_preset_text("wae", "encoder", mnist, 8, &text, &err),
                 BW_ERR_USAGE);
    cr_expect(strstr(err.text, "no preset \"wae\" (dwe-mnist|dwe-small|wae-") ==
                  err.text,
              "%s", err.text);
    cr_expect(text == NULL);
    cr_expect_eq(bw_preset_text("wae-mnist", "critic", mnist, 8, &text, &err),
                 BW_ERR_USAGE);
    cr_expect(strstr(err.text, "preset \"wae-mnist\" has no part \"critic\"") ==
                  err.text,
              "%s", err.text);
    cr_expect_eq(bw_preset_text("wae-mnist", "decoder",
                                (bw_shape){.h = 30, .w = 28, .c = 1}, 8, &text,
                                &err),
                 BW_ERR_DIMENSION);
    cr_expect_str_eq(err.text, "preset \"wae-mnist\" takes images whose height "
                               "and width are multiples of 4, not 30x28x1");
    cr_expect_eq(
        bw_preset_text("dwe-mnist", "decoder", flat(784), 8, &text, &err),
        BW_ERR_DIMENSION);
    cr_expect_eq(bw_preset_text("wgan-dcgan", "critic", mnist, 8, &text, &err),
                 BW_ERR_DIMENSION);
    cr_expect(text == NULL);
}
