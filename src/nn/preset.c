/* preset.c - the networks of the papers as texts, and cheap likenesses.
 *
 * WAE: Tolstikhin, Bousquet, Gelly and Schoelkopf, 2018; DWE: Courty, Flamary
 * and Ducoffe, 2018; WGAN: Arjovsky, Chintala and Bottou, 2017; WGAN-GP:
 * Gulrajani et al., 2017. Where a paper has one size of images, its rule
 * stands for all sizes that it fits.
 */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/network.h"
#include "base/printed.h"

typedef struct recipe {
    size_t base;   /* channels of the narrowest convolution, or units */
    size_t kernel; /* side of the windows */
    bw_shape image;
    size_t latent;
} recipe;

typedef void (*recipe_writer)(FILE *out, const recipe *r);

/* ---- Wasserstein auto-encoders ---- */

static void wae_encoder(FILE *out, const recipe *r)
{
    fputs("noise 0.01\n", out);
    for (size_t k = 1; k <= 8; k *= 2)
        fprintf(out, "conv %zu %zux%zu stride 2\nbatchnorm\nrelu\n",
                k * r->base, r->kernel, r->kernel);
    fprintf(out, "flatten\ndense %zu\n", r->latent);
}

/* From an image `factor` times smaller, doubled while it has to be. */
static void wae_decoder(FILE *out, const recipe *r, size_t factor,
                        const char *last)
{
    size_t h = r->image.h / factor, w = r->image.w / factor, c = 8 * r->base;

    fprintf(out, "dense %zux%zux%zu\nrelu\nreshape %zu %zu %zu\n", h, w, c, h,
            w, c);
    for (; factor > 1; factor /= 2)
        fprintf(out, "deconv %zu %zux%zu stride 2\nbatchnorm\nrelu\n", c /= 2,
                r->kernel, r->kernel);
    fprintf(out, "deconv %zu %zux%zu\n%s\n", r->image.c, r->kernel, r->kernel,
            last);
}

static void wae_mnist_decoder(FILE *out, const recipe *r)
{
    wae_decoder(out, r, 4, "sigmoid");
}

static void wae_celeba_decoder(FILE *out, const recipe *r)
{
    wae_decoder(out, r, 8, "tanh");
}

static void wae_adversary(FILE *out, const recipe *r)
{
    for (int k = 0; k < 4; k++)
        fprintf(out, "dense %zu\nrelu\n", r->base);
    fputs("dense 1\n", out);
}

/* ---- Deep Wasserstein Embedding ---- */

static void dwe_encoder(FILE *out, const recipe *r)
{
    fprintf(out,
            "conv 20 3x3\nrelu\nconv 5 5x5\nrelu\nflatten\ndense 100\n"
            "dense %zu\n",
            r->latent);
}

static void dwe_decoder(FILE *out, const recipe *r)
{
    size_t h = r->image.h, w = r->image.w;

    fprintf(out,
            "dense 100\nrelu\ndense %zux%zux5\nrelu\nreshape %zu %zu 5\n"
            "conv 10 5x5\nrelu\nconv %zu 3x3\nflatten\nsoftmax\n",
            h, w, h, w, r->image.c);
}

static void dwe_regressor(FILE *out, const recipe *r)
{
    (void)r;
    fputs("conv 20 3x3\nrelu\nconv 5 5x5\nrelu\nflatten\ndense 100\nrelu\n"
          "dense 50\nrelu\ndense 1\n",
          out);
}

static void dwe_small_encoder(FILE *out, const recipe *r)
{
    fprintf(out,
            "conv 8 3x3\nrelu\nconv 4 5x5 stride 2\nrelu\nflatten\n"
            "dense 64\ndense %zu\n",
            r->latent);
}

static void dwe_small_decoder(FILE *out, const recipe *r)
{
    size_t h = r->image.h, w = r->image.w;

    fprintf(out,
            "dense 64\nrelu\ndense %zux%zux2\nrelu\nreshape %zu %zu 2\n"
            "conv 4 5x5\nrelu\nconv %zu 3x3\nflatten\nsoftmax\n",
            h, w, h, w, r->image.c);
}

static void dwe_small_regressor(FILE *out, const recipe *r)
{
    (void)r;
    fputs("conv 8 3x3\nrelu\nconv 4 5x5 stride 2\nrelu\nflatten\ndense 64\n"
          "relu\ndense 32\nrelu\ndense 1\n",
          out);
}

/* ---- Wasserstein GANs ---- */

static void mlp_critic(FILE *out, const recipe *r)
{
    if (!r->image.is_flat)
        fputs("flatten\n", out);
    for (int k = 0; k < 3; k++)
        fprintf(out, "dense %zu\nrelu\n", r->base);
    fputs("dense 1\n", out);
}

/* The paper says no more than four layers, and its code ends in a linear one.
 * Images end in tanh here, as the convolutional generator's, so that samples
 * stay in the items' range. Flat items are points, which nothing bounds. */
static void hidden_generator(FILE *out, const recipe *r, int n_hidden)
{
    for (int k = 0; k < n_hidden; k++)
        fprintf(out, "dense %zu\nrelu\n", r->base);
    fprintf(out, "dense %zu\n", bw_shape_n(r->image));
    if (!r->image.is_flat)
        fprintf(out, "tanh\nreshape %zu %zu %zu\n", r->image.h, r->image.w,
                r->image.c);
}

static void mlp_generator(FILE *out, const recipe *r)
{
    hidden_generator(out, r, 4);
}

/* The second paper's, for sets of points. */
static void toy_generator(FILE *out, const recipe *r)
{
    hidden_generator(out, r, 3);
}

static void dcgan_critic(FILE *out, const recipe *r)
{
    for (size_t k = 1; k <= 8; k *= 2)
        fprintf(out, "conv %zu 4x4 stride 2 pad 1\n%sleakyrelu 0.2\n",
                k * r->base, k > 1 ? "batchnorm\n" : "");
    fprintf(out, "conv 1 %zux%zu pad 0\nflatten\n", r->image.h / 16,
            r->image.w / 16);
}

static void dcgan_generator(FILE *out, const recipe *r)
{
    size_t h = r->image.h / 16, w = r->image.w / 16, c = 8 * r->base;

    fprintf(out, "dense %zux%zux%zu\nreshape %zu %zu %zu\nbatchnorm\nrelu\n", h,
            w, c, h, w, c);
    for (c /= 2; c >= r->base; c /= 2)
        fprintf(out, "deconv %zu 4x4 stride 2 pad 1\nbatchnorm\nrelu\n", c);
    fprintf(out, "deconv %zu 4x4 stride 2 pad 1\ntanh\n", r->image.c);
}

static void gp_critic(FILE *out, const recipe *r)
{
    for (size_t k = 1; k <= 4; k *= 2)
        fprintf(out, "conv %zu 5x5 stride 2\nleakyrelu 0.2\n", k * r->base);
    fputs("flatten\ndense 1\n", out);
}

/* The first doubling is cropped by its last row and column where a quarter of
 * the image is odd, 8 to 7 for MNIST: "same" has 1 and 2 zeros around. */
static void gp_generator(FILE *out, const recipe *r)
{
    size_t h = (r->image.h / 4 + 1) / 2, w = (r->image.w / 4 + 1) / 2;
    size_t c = 4 * r->base;

    fprintf(out, "dense %zux%zux%zu\nrelu\nreshape %zu %zu %zu\n", h, w, c, h,
            w, c);
    fprintf(out, "deconv %zu 5x5 stride 2 pad 1,%zu,1,%zu\nrelu\n", 2 * r->base,
            2 + 2 * h - r->image.h / 4, 2 + 2 * w - r->image.w / 4);
    fprintf(out, "deconv %zu 5x5 stride 2\nrelu\n", r->base);
    fprintf(out, "deconv %zu 5x5 stride 2\nsigmoid\n", r->image.c);
}

/* ---- the table ---- */

typedef struct preset_part {
    const char *preset, *part;
    recipe_writer write;
    size_t base, kernel;
    size_t multiple; /* of height and width; 0: items may be flat */
} preset_part;

static const preset_part parts[] = {
    {"dwe-mnist", "encoder", dwe_encoder, 0, 0, 1},
    {"dwe-mnist", "decoder", dwe_decoder, 0, 0, 1},
    {"dwe-mnist", "regressor", dwe_regressor, 0, 0, 1},
    {"dwe-small", "encoder", dwe_small_encoder, 0, 0, 1},
    {"dwe-small", "decoder", dwe_small_decoder, 0, 0, 1},
    {"dwe-small", "regressor", dwe_small_regressor, 0, 0, 1},
    {"wae-celeba", "encoder", wae_encoder, 128, 5, 8},
    {"wae-celeba", "decoder", wae_celeba_decoder, 128, 5, 8},
    {"wae-celeba", "adversary", wae_adversary, 1024, 0, 0},
    {"wae-celeba-small", "encoder", wae_encoder, 8, 5, 8},
    {"wae-celeba-small", "decoder", wae_celeba_decoder, 8, 5, 8},
    {"wae-celeba-small", "adversary", wae_adversary, 128, 0, 0},
    {"wae-mnist", "encoder", wae_encoder, 128, 4, 4},
    {"wae-mnist", "decoder", wae_mnist_decoder, 128, 4, 4},
    {"wae-mnist", "adversary", wae_adversary, 512, 0, 0},
    {"wae-mnist-small", "encoder", wae_encoder, 16, 4, 4},
    {"wae-mnist-small", "decoder", wae_mnist_decoder, 16, 4, 4},
    {"wae-mnist-small", "adversary", wae_adversary, 128, 0, 0},
    {"wgan-dcgan", "generator", dcgan_generator, 64, 4, 16},
    {"wgan-dcgan", "critic", dcgan_critic, 64, 4, 16},
    {"wgan-dcgan-small", "generator", dcgan_generator, 8, 4, 16},
    {"wgan-dcgan-small", "critic", dcgan_critic, 8, 4, 16},
    {"wgan-gp-mnist", "generator", gp_generator, 64, 5, 4},
    {"wgan-gp-mnist", "critic", gp_critic, 64, 5, 4},
    {"wgan-gp-mnist-small", "generator", gp_generator, 16, 5, 4},
    {"wgan-gp-mnist-small", "critic", gp_critic, 16, 5, 4},
    {"wgan-mlp", "generator", mlp_generator, 512, 0, 0},
    {"wgan-mlp", "critic", mlp_critic, 512, 0, 0},
    {"wgan-mlp-small", "generator", mlp_generator, 64, 0, 0},
    {"wgan-mlp-small", "critic", mlp_critic, 64, 0, 0},
    {"wgan-toy", "generator", toy_generator, 512, 0, 0},
    {"wgan-toy", "critic", mlp_critic, 512, 0, 0},
    {"wgan-toy-small", "generator", toy_generator, 128, 0, 0},
    {"wgan-toy-small", "critic", mlp_critic, 128, 0, 0},
};
enum { N_PARTS = sizeof parts / sizeof parts[0] };

#define DWE_PRESETS "dwe-mnist|dwe-small"
#define WAE_PRESETS "wae-celeba|wae-celeba-small|wae-mnist|wae-mnist-small"
#define WGAN_PRESETS                                                           \
    "wgan-dcgan|wgan-dcgan-small|wgan-gp-mnist|wgan-gp-mnist-small|"           \
    "wgan-mlp|wgan-mlp-small|wgan-toy|wgan-toy-small"

const char *bw_preset_names(const char *opt_part)
{
    static const struct {
        const char *part, *names;
    } lists[] = {
        {"adversary", WAE_PRESETS},
        {"critic", WGAN_PRESETS},
        {"decoder", DWE_PRESETS "|" WAE_PRESETS},
        {"encoder", DWE_PRESETS "|" WAE_PRESETS},
        {"generator", WGAN_PRESETS},
        {"regressor", DWE_PRESETS},
    };

    if (!opt_part)
        return DWE_PRESETS "|" WAE_PRESETS "|" WGAN_PRESETS;
    for (size_t k = 0; k < sizeof lists / sizeof lists[0]; k++)
        if (strcmp(lists[k].part, opt_part) == 0)
            return lists[k].names;
    return "";
}

/* ---- one text ---- */

static bw_status find_part(const char *preset, const char *part,
                           const preset_part **found, bw_error *err)
{
    bool is_known = false;

    for (size_t k = 0; k < N_PARTS; k++) {
        if (strcmp(parts[k].preset, preset) != 0)
            continue;
        is_known = true;
        *found = &parts[k];
        if (strcmp(parts[k].part, part) == 0)
            return BW_OK;
    }
    if (!is_known)
        return bw_error_set(err, BW_ERR_USAGE, "no preset \"%s\" (%s)", preset,
                            bw_preset_names(NULL));
    return bw_error_set(err, BW_ERR_USAGE,
                        "preset \"%s\" has no part \"%s\" (those that have: "
                        "%s)",
                        preset, part, bw_preset_names(part));
}

static bw_status check_image(const preset_part *part, bw_shape image,
                             bw_error *err)
{
    size_t multiple = part->multiple;
    char text[64];

    if (multiple == 0 ||
        (!image.is_flat && image.h >= multiple && image.w >= multiple &&
         image.h % multiple == 0 && image.w % multiple == 0))
        return BW_OK;
    bw_shape_text(image, text);
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "preset \"%s\" takes images whose height and width "
                        "are multiples of %zu, not %s",
                        part->preset, multiple, text);
}

bw_status bw_preset_text(const char *preset, const char *part, bw_shape image,
                         size_t latent, char **ret_text, bw_error *err)
{
    const preset_part *found = NULL;
    bw_status status = find_part(preset, part, &found, err);
    recipe r;
    bw_printed text;

    *ret_text = NULL;
    if (status == BW_OK)
        status = check_image(found, image, err);
    if (status != BW_OK)
        return status;
    if (!bw_printed_open(&text))
        return bw_error_memory(err);
    r = (recipe){.base = found->base,
                 .kernel = found->kernel,
                 .image = image,
                 .latent = latent};
    found->write(text.out, &r);
    return bw_printed_close(&text, ret_text, NULL) ? BW_OK
                                                   : bw_error_memory(err);
}
