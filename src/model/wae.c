/* wae.c - the model: its networks, its settings, and what fits it. */
#include "config.h"

#include <stdlib.h>

#include "model/parts.h"
#include "model/setting.h"
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

static bw_status check_parts(bw_wae *wae, bw_error *err)
{
    bool is_gan = wae->loss.penalty == BW_WAE_GAN;
    bw_shape code = bw_parts_flat(wae->latent);
    bw_status status;

    wae->encoder = bw_model_find(wae->model, "encoder");
    wae->decoder = bw_model_find(wae->model, "decoder");
    wae->adversary = bw_model_find(wae->model, "adversary");
    if (!wae->encoder || !wae->decoder || (wae->adversary != NULL) != is_gan)
        return bw_error_set(err, BW_ERR_FORMAT,
                            "its networks are not encoder and decoder%s",
                            is_gan ? " and adversary" : " alone");
    status =
        bw_parts_check("the encoder's input",
                       bw_network_input(wae->encoder->network), wae->item, err);
    if (!status)
        status = bw_parts_check(
            "the encoder's output", bw_network_output(wae->encoder->network),
            wae->is_gaussian ? bw_parts_flat(2 * wae->latent) : code, err);
    if (!status)
        status =
            bw_parts_check("the decoder's input",
                           bw_network_input(wae->decoder->network), code, err);
    if (!status)
        status = bw_parts_check(
            "the decoder's output",
            bw_parts_as_item(wae->decoder->network, wae->item), wae->item, err);
    if (!status && is_gan)
        status = bw_parts_check("the adversary's input",
                                bw_network_input(wae->adversary->network), code,
                                err);
    if (!status && is_gan)
        status = bw_parts_check("the adversary's output",
                                bw_network_output(wae->adversary->network),
                                bw_parts_flat(1), err);
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
        status = bw_setting_set_word(wae->model, word[k].key, word[k].names,
                                     word[k].value, err);
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
    bw_status status = set_words(wae, err);

    if (!status)
        status = bw_setting_set_shape(wae->model, "item", wae->item, err);
    if (!status)
        status =
            bw_setting_set_digest(wae->model, "items", wae->items_digest, err);
    if (!status)
        status = bw_model_set(wae->model, "preset", design->preset, err);
    for (size_t k = 0; k < sizeof real / sizeof *real && !status; k++)
        status = bw_model_set_real(wae->model, real[k].key, real[k].value, err);
    return status;
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
        status = bw_setting_get_word(wae->model, word[k].key, word[k].names,
                                     word[k].value, err);
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

static bw_status get_settings(bw_wae *wae, bw_error *err)
{
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
        status = bw_setting_get_shape(wae->model, "item", &wae->item, err);
    for (size_t k = 0; k < sizeof real / sizeof *real && !status; k++)
        status = bw_model_get_real(wae->model, real[k].key, real[k].min,
                                   real[k].max, real[k].value, err);
    wae->latent = (size_t)latent;
    wae->prior.d = wae->latent;
    if (!status)
        status =
            bw_setting_get_digest(wae->model, "items", &wae->items_digest, err);
    return status;
}

/* ---- a new model ---- */

static bw_status add_part(bw_wae *wae, const bw_wae_design *design,
                          const char *part, const char *opt_text,
                          const char *opt_name, bw_shape input, size_t latent,
                          bw_error *err)
{
    const bw_part_source source = {.preset = design->preset,
                                   .part = part,
                                   .opt_text = opt_text,
                                   .name = opt_name,
                                   .item = wae->item,
                                   .latent = latent,
                                   .input = input,
                                   .width = design->width};

    return bw_parts_add(wae->model, &source, err);
}

static bw_status add_parts(bw_wae *wae, const bw_wae_design *d, bw_error *err)
{
    size_t n = wae->latent;
    bw_status status = add_part(wae, d, "encoder", d->encoder, d->encoder_name,
                                wae->item, wae->is_gaussian ? 2 * n : n, err);

    if (!status)
        status = add_part(wae, d, "decoder", d->decoder, d->decoder_name,
                          bw_parts_flat(n), n, err);
    if (!status && wae->loss.penalty == BW_WAE_GAN)
        status = add_part(wae, d, "adversary", d->adversary, d->adversary_name,
                          bw_parts_flat(n), n, err);
    return status;
}

static void init_part(const bw_wae *wae, const bw_model_part *part,
                      const bw_wae_design *design, uint64_t stream)
{
    if (part)
        bw_network_init(part->network, design->init, design->init_sd,
                        design->seed, stream,
                        bw_model_values(wae->model, part));
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
    wae->range = design->range < 0 ? bw_parts_range(wae->decoder->network)
                                   : (bw_range)design->range;
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
    bw_wae *wae = calloc(1, sizeof *wae);
    bw_status status = wae ? BW_OK : bw_error_memory(err);

    *ret_wae = NULL;
    if (!status)
        status = bw_parts_open(path, "wae", &wae->model, &wae->origin, err);
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
    bw_wae_destroy(wae);
    return status;
}

/* ---- what fits it ---- */

bw_status bw_wae_load_items(const bw_wae *wae, const char *path,
                            bw_items *items, bw_error *err)
{
    return bw_parts_load_items(path, wae->item, wae->range, wae->origin.path,
                               items, err);
}
