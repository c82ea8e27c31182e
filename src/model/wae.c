/* wae.c - the model: its networks, its settings, and what fits it. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option_table.h"
#include "model/wae.h"

/* Streams of initial values are 1024 apart. */
enum { ENCODER_STREAM = 0, DECODER_STREAM = 1024, ADVERSARY_STREAM = 2048 };

const char bw_wae_penalty_names[] = "mmd|gan|kl|none";
const char bw_wae_cost_names[] = "l2sq|l2|l1";
const char bw_wae_kernel_names[] = "imq|rbf";

void bw_wae_destroy(bw_wae *wae)
{
    if (!wae)
        return;
    bw_model_destroy(wae->model);
    bw_origin_clear(&wae->origin);
    free(wae);
}

bw_mmd bw_wae_mmd(const bw_wae *wae)
{
    bw_mmd mmd = wae->loss.kernel == BW_MMD_RBF
                     ? bw_mmd_rbf()
                     : bw_mmd_imq(bw_prior_base(&wae->prior));

    mmd.is_biased = wae->loss.is_biased;
    return mmd;
}

/* ---- whether the networks fit ---- */

static bw_shape flat_shape(size_t n)
{
    return (bw_shape){.h = 1, .w = 1, .c = n, .is_flat = true};
}

static bw_status check_shape(const char *what, bw_shape found, bw_shape wanted,
                             bw_error *err)
{
    char one[64], other[64];

    if (bw_shape_equal(found, wanted))
        return BW_OK;
    bw_shape_text(found, one);
    bw_shape_text(wanted, other);
    return bw_error_set(err, BW_ERR_DIMENSION, "%s is %s, where %s is wanted",
                        what, one, other);
}

/* Flat outputs stand for images of one channel, whose order of values is the
 * same; flatten puts several channels one after the other. */
static bw_shape output_as_item(const bw_wae *wae)
{
    bw_shape output = bw_network_output(wae->decoder->network);

    if (output.is_flat && wae->item.c == 1 &&
        bw_shape_n(output) == bw_shape_n(wae->item))
        return wae->item;
    return output;
}

static bw_status check_parts(bw_wae *wae, bw_error *err)
{
    bool is_gan = wae->loss.penalty == BW_WAE_GAN;
    bw_shape code = flat_shape(wae->latent);
    bw_status status;

    wae->encoder = bw_model_find(wae->model, "encoder");
    wae->decoder = bw_model_find(wae->model, "decoder");
    wae->adversary = bw_model_find(wae->model, "adversary");
    if (!wae->encoder || !wae->decoder || (wae->adversary != NULL) != is_gan)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "its networks are not encoder and decoder%s",
                            is_gan ? " and adversary" : " alone");
    status =
        check_shape("the encoder's input",
                    bw_network_input(wae->encoder->network), wae->item, err);
    if (!status)
        status = check_shape(
            "the encoder's output", bw_network_output(wae->encoder->network),
            wae->is_gaussian ? flat_shape(2 * wae->latent) : code, err);
    if (!status)
        status =
            check_shape("the decoder's input",
                        bw_network_input(wae->decoder->network), code, err);
    if (!status)
        status = check_shape("the decoder's output", output_as_item(wae),
                             wae->item, err);
    if (!status && is_gan)
        status =
            check_shape("the adversary's input",
                        bw_network_input(wae->adversary->network), code, err);
    if (!status && is_gan)
        status = check_shape("the adversary's output",
                             bw_network_output(wae->adversary->network),
                             flat_shape(1), err);
    return status;
}

/* ---- the loss ---- */

static bw_status check_loss(const bw_wae *wae, bw_error *err)
{
    const bw_wae_loss *loss = &wae->loss;
    bool is_normal = wae->prior.kind == BW_PRIOR_NORMAL;

    if (loss->penalty == BW_WAE_KL && !wae->is_gaussian)
        return bw_error_set(err, BW_ERR_USAGE,
                            "the penalty kl needs a Gaussian encoder");
    if (loss->penalty == BW_WAE_KL && !is_normal)
        return bw_error_set(err, BW_ERR_USAGE,
                            "the penalty kl needs the normal prior");
    if (loss->penalty == BW_WAE_GAN && loss->has_log_prior && !is_normal)
        return bw_error_set(err, BW_ERR_USAGE,
                            "the adversary's log-prior needs the normal prior");
    return BW_OK;
}

/* ---- settings ---- */

static bw_status set_word(bw_wae *wae, const char *key, const char *names,
                          size_t k, bw_error *err)
{
    char word[32];
    size_t n = 0;
    const char *name = bw_option_choice(names, k, &n);

    assert(name && n < sizeof word);
    memcpy(word, name, n);
    word[n] = '\0';
    return bw_model_set(wae->model, key, word, err);
}

static bw_status set_words(bw_wae *wae, bw_error *err)
{
    const struct {
        const char *key, *names;
        size_t value;
    } word[] = {
        {"cost", bw_wae_cost_names, wae->loss.cost},
        {"penalty", bw_wae_penalty_names, wae->loss.penalty},
        {"kernel", bw_wae_kernel_names, wae->loss.kernel},
        {"statistic", "u|v", wae->loss.is_biased},
        {"log-prior", "no|yes", wae->loss.has_log_prior},
        {"gaussian", "no|yes", wae->is_gaussian},
        {"prior", bw_prior_names, wae->prior.kind},
        {"range", bw_range_names, wae->range},
    };
    bw_status status = BW_OK;

    for (size_t k = 0; k < sizeof word / sizeof *word && !status; k++)
        status = set_word(wae, word[k].key, word[k].names, word[k].value, err);
    return status;
}

static bw_status set_settings(bw_wae *wae, const bw_wae_design *design,
                              bw_error *err)
{
    const struct {
        const char *key;
        double value;
    } real[] = {
        {"cost-scale", wae->loss.scale}, {"lambda", wae->loss.lambda},
        {"latent", (double)wae->latent}, {"prior-scale", wae->prior.scale},
        {"width", design->width},
    };
    char shape[64], digits[24];
    bw_status status = set_words(wae, err);

    bw_shape_text(wae->item, shape);
    snprintf(digits, sizeof digits, "%016" PRIx64, wae->items_digest);
    if (!status)
        status = bw_model_set(wae->model, "item", shape, err);
    if (!status)
        status = bw_model_set(wae->model, "items", digits, err);
    if (!status)
        status = bw_model_set(wae->model, "preset", design->preset, err);
    for (size_t k = 0; k < sizeof real / sizeof *real && !status; k++)
        status = bw_model_set_real(wae->model, real[k].key, real[k].value, err);
    return status;
}

static bw_status bad_setting(const char *key, const char *opt_value,
                             bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT, "setting '%s' is %s", key,
                        opt_value ? opt_value : "missing");
}

static bw_status get_word(const bw_wae *wae, const char *key, const char *names,
                          int *value, bw_error *err)
{
    const char *text = bw_model_get(wae->model, key), *name = names;
    size_t n = 0;

    for (int k = 0; text && name; k++) {
        name = bw_option_choice(names, (size_t)k, &n);
        if (name && strlen(text) == n && memcmp(text, name, n) == 0) {
            *value = k;
            return BW_OK;
        }
    }
    return bad_setting(key, text, err);
}

static bw_status get_words(bw_wae *wae, bw_error *err)
{
    int cost = 0, penalty = 0, kernel = 0, biased = 0, log_prior = 0,
        gaussian = 0, prior = 0, range = 0;
    const struct {
        const char *key, *names;
        int *value;
    } word[] = {
        {"cost", bw_wae_cost_names, &cost},
        {"penalty", bw_wae_penalty_names, &penalty},
        {"kernel", bw_wae_kernel_names, &kernel},
        {"statistic", "u|v", &biased},
        {"log-prior", "no|yes", &log_prior},
        {"gaussian", "no|yes", &gaussian},
        {"prior", bw_prior_names, &prior},
        {"range", bw_range_names, &range},
    };
    bw_status status = BW_OK;

    for (size_t k = 0; k < sizeof word / sizeof *word && !status; k++)
        status = get_word(wae, word[k].key, word[k].names, word[k].value, err);
    wae->loss.cost = (bw_wae_cost)cost;
    wae->loss.penalty = (bw_wae_penalty)penalty;
    wae->loss.kernel = (bw_mmd_kernel)kernel;
    wae->loss.is_biased = biased != 0;
    wae->loss.has_log_prior = log_prior != 0;
    wae->is_gaussian = gaussian != 0;
    wae->prior.kind = (bw_prior_kind)prior;
    wae->range = (bw_range)range;
    return status;
}

/* "28x28x1", or "50" for flat items. */
static bw_status get_item(bw_wae *wae, bw_error *err)
{
    const char *text = bw_model_get(wae->model, "item");
    unsigned long long size[3];
    int n_read = 0;

    if (text &&
        sscanf(text, "%9llux%9llux%9llu%n", &size[0], &size[1], &size[2],
               &n_read) == 3 &&
        text[n_read] == '\0')
        wae->item = (bw_shape){(size_t)size[0], (size_t)size[1],
                               (size_t)size[2], false};
    else if (text && sscanf(text, "%9llu%n", &size[0], &n_read) == 1 &&
             text[n_read] == '\0')
        wae->item = flat_shape((size_t)size[0]);
    else
        return bad_setting("item", text, err);
    return BW_OK;
}

static bw_status get_settings(bw_wae *wae, bw_error *err)
{
    const char *items = bw_model_get(wae->model, "items");
    char *end = NULL;
    double latent = 0;
    const struct {
        const char *key;
        double min, max, *value;
    } real[] = {
        {"cost-scale", 0, 1e300, &wae->loss.scale},
        {"lambda", 0, 1e300, &wae->loss.lambda},
        {"latent", 1, BW_MAX_ITEM, &latent},
        {"prior-scale", 1e-300, 1e300, &wae->prior.scale},
    };
    bw_status status = get_words(wae, err);

    if (!status)
        status = get_item(wae, err);
    for (size_t k = 0; k < sizeof real / sizeof *real && !status; k++)
        status = bw_model_get_real(wae->model, real[k].key, real[k].min,
                                   real[k].max, real[k].value, err);
    wae->latent = (size_t)latent;
    wae->prior.d = wae->latent;
    wae->items_digest = items ? strtoull(items, &end, 16) : 0;
    if (!status && (!items || strlen(items) != 16 || *end))
        status = bad_setting("items", items, err);
    return status;
}

/* ---- a new model ---- */

static bw_status add_part(bw_wae *wae, const bw_wae_design *design,
                          const char *part, const char *opt_text,
                          const char *opt_name, bw_shape input, size_t latent,
                          bw_error *err)
{
    char *text = NULL;
    bw_status status = BW_OK;

    if (!opt_text)
        status =
            bw_preset_text(design->preset, part, wae->item, latent, &text, err);
    if (!status)
        status =
            bw_model_add(wae->model, part, opt_text ? opt_text : text,
                         opt_text ? opt_name : part, input, design->width, err);
    free(text);
    return status;
}

static bw_status add_parts(bw_wae *wae, const bw_wae_design *d, bw_error *err)
{
    size_t n = wae->latent;
    bw_status status = add_part(wae, d, "encoder", d->encoder, d->encoder_name,
                                wae->item, wae->is_gaussian ? 2 * n : n, err);

    if (!status)
        status = add_part(wae, d, "decoder", d->decoder, d->decoder_name,
                          flat_shape(n), n, err);
    if (!status && wae->loss.penalty == BW_WAE_GAN)
        status = add_part(wae, d, "adversary", d->adversary, d->adversary_name,
                          flat_shape(n), n, err);
    return status;
}

/* What the decoder's last layer that computes can say. */
static bw_range range_of(const bw_wae *wae)
{
    const char *text = bw_network_text(wae->decoder->network), *end;
    bw_range range = BW_RANGE_NONE;

    for (; *text; text = *end ? end + 1 : end) {
        end = text + strcspn(text, "\n");
        if (strncmp(text, "sigmoid", 7) == 0)
            range = BW_RANGE_UNIT;
        else if (strncmp(text, "tanh", 4) == 0)
            range = BW_RANGE_SIGNED;
        else if (end > text && strncmp(text, "flatten", 7) != 0 &&
                 strncmp(text, "reshape", 7) != 0)
            range = BW_RANGE_NONE;
    }
    return range;
}

static void init_part(const bw_wae *wae, const bw_model_part *part,
                      const bw_wae_design *design, uint64_t stream)
{
    if (part)
        bw_network_init(part->network, design->init, design->init_sd,
                        design->seed, stream,
                        wae->model->values + part->offset);
}

bw_status bw_wae_create(const bw_wae_design *design, bw_wae **ret_wae,
                        bw_error *err)
{
    bw_wae *wae = calloc(1, sizeof *wae);
    bw_status status = BW_OK;

    *ret_wae = NULL;
    if (!wae)
        return bw_error_memory(err);
    wae->model = bw_model_create("wae");
    if (!wae->model) {
        status = bw_error_memory(err);
        goto done;
    }
    wae->item = design->items->shape;
    wae->items_digest = design->items->origin.digest;
    wae->latent = design->latent;
    wae->is_gaussian = design->is_gaussian;
    wae->prior = design->prior;
    wae->prior.d = design->latent;
    wae->loss = design->loss;
    status = check_loss(wae, err);
    if (!status)
        status = add_parts(wae, design, err);
    if (!status)
        status = bw_model_seal(wae->model, err);
    if (!status)
        status = check_parts(wae, err);
    if (status)
        goto done;
    wae->range = design->range < 0 ? range_of(wae) : (bw_range)design->range;
    status = bw_items_check(design->items, wae->range, err);
    if (!status)
        status = set_settings(wae, design, err);
    if (status)
        goto done;
    init_part(wae, wae->encoder, design, ENCODER_STREAM);
    init_part(wae, wae->decoder, design, DECODER_STREAM);
    init_part(wae, wae->adversary, design, ADVERSARY_STREAM);
    *ret_wae = wae;
    wae = NULL;
done:
    bw_wae_destroy(wae);
    return status;
}

/* ---- a model from a file ---- */

bw_status bw_wae_open(const char *path, bw_wae **ret_wae, bw_error *err)
{
    bw_reader *reader = NULL;
    bw_wae *wae = calloc(1, sizeof *wae);
    bw_status status = wae ? BW_OK : bw_error_memory(err);

    *ret_wae = NULL;
    if (!status)
        status = bw_reader_open(path, &reader, err);
    if (!status)
        status = bw_origin_set(&wae->origin, reader, err);
    if (!status)
        status =
            bw_model_read(reader, "wae", &wae->model, &wae->origin.digest, err);
    if (status)
        goto done;
    status = get_settings(wae, err);
    if (!status)
        status = check_loss(wae, err);
    if (!status)
        status = check_parts(wae, err);
    if (status) {
        bw_error_prefix(err, "%s", wae->origin.path);
        goto done;
    }
    *ret_wae = wae;
    wae = NULL;
done:
    bw_reader_close(reader);
    bw_wae_destroy(wae);
    return status;
}

/* ---- what fits it ---- */

static bw_status check_items(const bw_wae *wae, const bw_items *items,
                             bw_error *err)
{
    char own[64], other[64];

    if (bw_shape_equal(wae->item, items->shape))
        return bw_items_check(items, wae->range, err);
    bw_shape_text(wae->item, own);
    bw_shape_text(items->shape, other);
    return bw_error_set(err, BW_ERR_DIMENSION,
                        "%s: items are %s, those of the model %s are %s",
                        items->origin.path, other,
                        wae->origin.path ? wae->origin.path : "", own);
}

bw_status bw_wae_load_items(const bw_wae *wae, const char *path,
                            bw_items *items, bw_error *err)
{
    bw_status status = bw_items_load(path, items, err);

    if (!status)
        status = check_items(wae, items, err);
    if (status)
        bw_items_clear(items);
    return status;
}
