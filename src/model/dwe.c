/* dwe.c - the model: its networks, its settings, and what fits it. */
#include "config.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/dwe.h"

/* Mean W2^2 of pairs of MNIST's images, in px^2. */
static const double mnist_mean = 11.3;

/* Streams of initial values are 1024 apart. */
enum { ENCODER_STREAM = 0, DECODER_STREAM = 1024, REGRESSOR_STREAM = 2048 };

/* The nearest power of 2. */
static double power_near(double scale)
{
    return isfinite(scale) ? exp2(rint(log2(scale))) : 1;
}

double bw_dwe_label_scale(double mean_cost)
{
    return power_near(mean_cost > 0 ? mnist_mean / mean_cost : 1);
}

double bw_dwe_input_scale(double peak)
{
    return power_near(peak > 0 ? 1 / peak : 1);
}

void bw_dwe_destroy(bw_dwe *dwe)
{
    if (!dwe)
        return;
    bw_model_destroy(dwe->model);
    bw_origin_clear(&dwe->origin);
    free(dwe);
}

/* ---- whether the networks fit ---- */

static bw_status misfit(const char *what, bw_shape found, bw_shape wanted,
                        bw_error *err)
{
    char one[64], other[64];

    bw_shape_text(found, one);
    bw_shape_text(wanted, other);
    return bw_error_set(err, BW_ERR_DIMENSION, "%s is %s, where %s is wanted",
                        what, one, other);
}

static bw_shape flat_shape(size_t n)
{
    return (bw_shape){.h = 1, .w = 1, .c = n, .is_flat = true};
}

/* Both images of a pair, channels side by side. */
static bw_shape twice(bw_shape image)
{
    image.c *= 2;
    return image;
}

static bool ends_in_softmax(const bw_network *network)
{
    const char *text = bw_network_text(network);
    size_t n = strlen(text);

    while (n > 0 && text[n - 1] == '\n')
        n--;
    return n >= 7 && strncmp(text + n - 7, "softmax", 7) == 0;
}

static bw_status check_embedding(bw_dwe *dwe, bw_error *err)
{
    const bw_network *encoder = dwe->encoder->network;
    const bw_network *decoder = dwe->decoder->network;
    bw_shape code = bw_network_output(encoder);
    size_t size = bw_shape_n(dwe->image);

    if (!bw_shape_equal(bw_network_input(encoder), dwe->image))
        return misfit("the encoder's input", bw_network_input(encoder),
                      dwe->image, err);
    if (!code.is_flat)
        return misfit("the encoder's output", code,
                      flat_shape(bw_shape_n(code)), err);
    dwe->latent = code.c;
    if (!bw_shape_equal(bw_network_input(decoder), code))
        return misfit("the decoder's input", bw_network_input(decoder), code,
                      err);
    if (!bw_shape_equal(bw_network_output(decoder), flat_shape(size)))
        return misfit("the decoder's output", bw_network_output(decoder),
                      flat_shape(size), err);
    if (!ends_in_softmax(decoder))
        return bw_error_set(err, BW_ERR_DIMENSION,
                            "the decoder does not end in softmax: its output "
                            "has to be a histogram");
    return BW_OK;
}

static bw_status check_parts(bw_dwe *dwe, bw_error *err)
{
    dwe->encoder = bw_model_find(dwe->model, "encoder");
    dwe->decoder = bw_model_find(dwe->model, "decoder");
    dwe->regressor = bw_model_find(dwe->model, "regressor");
    if (dwe->encoder && dwe->decoder && !dwe->regressor)
        return check_embedding(dwe, err);
    if (!dwe->regressor || dwe->encoder || dwe->decoder)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "neither encoder and decoder nor a regressor");
    const bw_network *network = dwe->regressor->network;
    if (!bw_shape_equal(bw_network_input(network), twice(dwe->image)))
        return misfit("the regressor's input", bw_network_input(network),
                      twice(dwe->image), err);
    if (bw_shape_n(bw_network_output(network)) != 1)
        return misfit("the regressor's output", bw_network_output(network),
                      flat_shape(1), err);
    return BW_OK;
}

/* ---- settings ---- */

static bw_status set_settings(const bw_dwe *dwe, const bw_dwe_design *design,
                              bw_error *err)
{
    bw_model *m = dwe->model;
    const bw_dwe_problem *problem = &dwe->problem;
    char shape[64], digits[24];

    bw_shape_text(dwe->image, shape);
    snprintf(digits, sizeof digits, "%016" PRIx64, dwe->images_digest);
    const char *pair[][2] = {
        {"ground", problem->ground},
        {"normalize", bw_dwe_mass_text(problem->mass)},
        {"channels", problem->each_channel ? "each" : "gray"},
        {"image", shape},
        {"images", digits},
        {"preset", design->preset},
    };
    const char *key[] = {"p",           "label-scale",
                         "input-scale", "reconstruction",
                         "sparsity",    "width"};
    double value[] = {problem->p,          dwe->label_scale, dwe->input_scale,
                      dwe->reconstruction, dwe->sparsity,    design->width};
    bw_status status = BW_OK;

    for (size_t k = 0; k < sizeof pair / sizeof *pair && !status; k++)
        status = bw_model_set(m, pair[k][0], pair[k][1], err);
    for (size_t k = 0; k < sizeof key / sizeof *key && !status; k++)
        status = bw_model_set_real(m, key[k], value[k], err);
    return status;
}

static bw_status bad_setting(const char *key, const char *opt_value,
                             bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT, "setting '%s' is %s", key,
                        opt_value ? opt_value : "missing");
}

static bw_status get_image(bw_dwe *dwe, bw_error *err)
{
    const char *text = bw_model_get(dwe->model, "image");
    unsigned long long size[3];
    int n_read = 0;

    if (!text ||
        sscanf(text, "%9llux%9llux%9llu%n", &size[0], &size[1], &size[2],
               &n_read) != 3 ||
        text[n_read] != '\0')
        return bad_setting("image", text, err);
    dwe->image = (bw_shape){
        .h = (size_t)size[0], .w = (size_t)size[1], .c = (size_t)size[2]};
    return BW_OK;
}

static bw_status get_settings(bw_dwe *dwe, bw_error *err)
{
    const bw_model *m = dwe->model;
    const char *ground = bw_model_get(m, "ground");
    const char *normalize = bw_model_get(m, "normalize");
    const char *channels = bw_model_get(m, "channels");
    const char *images = bw_model_get(m, "images");
    char *end = NULL;

    if (!ground || strlen(ground) >= sizeof dwe->problem.ground)
        return bad_setting("ground", ground, err);
    strcpy(dwe->problem.ground, ground);
    if (!bw_dwe_mass_parse(normalize, &dwe->problem.mass))
        return bad_setting("normalize", normalize, err);
    if (!channels || (strcmp(channels, "each") && strcmp(channels, "gray")))
        return bad_setting("channels", channels, err);
    dwe->problem.each_channel = strcmp(channels, "each") == 0;
    dwe->images_digest = images ? strtoull(images, &end, 16) : 0;
    if (!images || strlen(images) != 16 || *end)
        return bad_setting("images", images, err);
    bw_status status = get_image(dwe, err);
    if (!status)
        status = bw_model_get_real(m, "p", 1, 1e6, &dwe->problem.p, err);
    if (!status)
        status = bw_model_get_real(m, "label-scale", 1e-300, 1e300,
                                   &dwe->label_scale, err);
    if (!status)
        status = bw_model_get_real(m, "input-scale", 1e-30, 1e30,
                                   &dwe->input_scale, err);
    if (!status)
        status = bw_model_get_real(m, "reconstruction", 0, 1e300,
                                   &dwe->reconstruction, err);
    if (!status)
        status =
            bw_model_get_real(m, "sparsity", 0, 1e300, &dwe->sparsity, err);
    return status;
}

/* ---- a new model ---- */

static bw_status add_part(bw_dwe *dwe, const bw_dwe_design *design,
                          const char *part, const char *opt_text,
                          const char *opt_name, bw_shape input, bw_error *err)
{
    char *text = NULL;
    bw_status status = BW_OK;

    if (!opt_text)
        status = bw_preset_text(design->preset, part, dwe->image, dwe->latent,
                                &text, err);
    if (!status)
        status =
            bw_model_add(dwe->model, part, opt_text ? opt_text : text,
                         opt_text ? opt_name : part, input, design->width, err);
    free(text);
    return status;
}

static bw_status add_parts(bw_dwe *dwe, const bw_dwe_design *d, bw_error *err)
{
    bw_status status;

    dwe->latent = d->latent;
    if (d->is_regressor)
        return add_part(dwe, d, "regressor", d->regressor, d->regressor_name,
                        twice(dwe->image), err);
    status = add_part(dwe, d, "encoder", d->encoder, d->encoder_name,
                      dwe->image, err);
    if (status)
        return status;
    const bw_model_part *encoder = bw_model_find(dwe->model, "encoder");
    dwe->latent = bw_shape_n(bw_network_output(encoder->network));
    return add_part(dwe, d, "decoder", d->decoder, d->decoder_name,
                    flat_shape(dwe->latent), err);
}

static void init_part(const bw_dwe *dwe, const bw_model_part *part,
                      uint64_t seed, uint64_t stream)
{
    if (part)
        bw_network_init(part->network, BW_INIT_GLOROT, 0, seed, stream,
                        bw_model_values(dwe->model, part));
}

bw_status bw_dwe_create(const bw_dwe_design *design, bw_dwe **ret_dwe,
                        bw_error *err)
{
    bw_dwe *dwe = calloc(1, sizeof *dwe);
    bw_status status = BW_OK;

    *ret_dwe = NULL;
    if (!dwe)
        return bw_error_memory(err);
    dwe->model = bw_model_create("dwe");
    if (!dwe->model) {
        status = bw_error_memory(err);
        goto done;
    }
    dwe->image = design->images->shape;
    dwe->images_digest = design->images->origin.digest;
    dwe->problem = design->pairs->problem;
    dwe->reconstruction = design->is_regressor ? 0 : design->reconstruction;
    dwe->sparsity = design->is_regressor ? 0 : design->sparsity;
    dwe->label_scale =
        isnan(design->label_scale)
            ? bw_dwe_label_scale(bw_dwe_pairs_mean(design->pairs))
            : design->label_scale;
    dwe->input_scale =
        isnan(design->input_scale)
            ? bw_dwe_input_scale(bw_dwe_images_peak(design->images))
            : design->input_scale;
    status = add_parts(dwe, design, err);
    if (!status)
        status = bw_model_seal(dwe->model, err);
    if (!status)
        status = check_parts(dwe, err);
    if (!status)
        status = set_settings(dwe, design, err);
    if (status)
        goto done;
    init_part(dwe, dwe->encoder, design->seed, ENCODER_STREAM);
    init_part(dwe, dwe->decoder, design->seed, DECODER_STREAM);
    init_part(dwe, dwe->regressor, design->seed, REGRESSOR_STREAM);
    *ret_dwe = dwe;
    dwe = NULL;
done:
    bw_dwe_destroy(dwe);
    return status;
}

/* ---- a model from a file ---- */

bw_status bw_dwe_open(const char *path, bw_dwe **ret_dwe, bw_error *err)
{
    bw_reader *reader = NULL;
    bw_dwe *dwe = calloc(1, sizeof *dwe);
    bw_status status = dwe ? BW_OK : bw_error_memory(err);

    *ret_dwe = NULL;
    if (!status)
        status = bw_reader_open(path, &reader, err);
    if (!status)
        status = bw_origin_set(&dwe->origin, reader, err);
    if (!status)
        status =
            bw_model_read(reader, "dwe", &dwe->model, &dwe->origin.digest, err);
    if (status)
        goto done;
    status = get_settings(dwe, err);
    if (!status)
        status = check_parts(dwe, err);
    if (status) {
        bw_error_prefix(err, "%s", dwe->origin.path);
        goto done;
    }
    *ret_dwe = dwe;
    dwe = NULL;
done:
    bw_reader_close(reader);
    bw_dwe_destroy(dwe);
    return status;
}

/* ---- what fits it ---- */

bw_status bw_dwe_need_codes(const bw_dwe *dwe, const char *verb, bw_error *err)
{
    if (dwe->encoder)
        return BW_OK;
    return bw_error_set(err, BW_ERR_USAGE,
                        "%s: a regressor takes pairs of images and has no "
                        "codes: no %s",
                        dwe->origin.path, verb);
}

bw_status bw_dwe_check_images(const bw_dwe *dwe, const bw_dwe_images *images,
                              bw_error *err)
{
    char own[64], other[64];

    if (bw_shape_equal(dwe->image, images->shape))
        return BW_OK;
    bw_shape_text(dwe->image, own);
    bw_shape_text(images->shape, other);
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: images are %s, those of the model %s are %s",
                        images->origin.path, other,
                        dwe->origin.path ? dwe->origin.path : "", own);
}

bw_status bw_dwe_load_images(const bw_dwe *dwe, const char *path,
                             bw_dwe_images *images, bw_error *err)
{
    bw_status status = bw_dwe_images_load(
        path, dwe->problem.mass, dwe->problem.each_channel, images, err);

    if (!status)
        status = bw_dwe_check_images(dwe, images, err);
    if (status)
        bw_dwe_images_clear(images);
    return status;
}

static bw_status other_problem(const bw_dwe *dwe, const bw_dwe_pairs *pairs,
                               const char *key, const char *found,
                               const char *wanted, bw_error *err)
{
    return bw_error_set(
        err, BW_ERR_RANGE, "%s: %s is %s, that of the model %s is %s",
        pairs->origin.path, key, found, dwe->origin.path, wanted);
}

bw_status bw_dwe_check_pairs(const bw_dwe *dwe, const bw_dwe_pairs *pairs,
                             bw_error *err)
{
    const bw_dwe_problem *own = &dwe->problem, *other = &pairs->problem;
    char p[2][32];

    if (strcmp(own->ground, other->ground) != 0)
        return other_problem(dwe, pairs, "ground", other->ground, own->ground,
                             err);
    snprintf(p[0], sizeof p[0], "%.17g", other->p);
    snprintf(p[1], sizeof p[1], "%.17g", own->p);
    if (own->p < other->p || own->p > other->p)
        return other_problem(dwe, pairs, "p", p[0], p[1], err);
    if (own->mass != other->mass)
        return other_problem(dwe, pairs, "normalize",
                             bw_dwe_mass_text(other->mass),
                             bw_dwe_mass_text(own->mass), err);
    if (own->each_channel != other->each_channel)
        return other_problem(dwe, pairs, "channels",
                             other->each_channel ? "each" : "gray",
                             own->each_channel ? "each" : "gray", err);
    return BW_OK;
}
