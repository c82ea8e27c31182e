/* wgan.c - the model: its networks, its settings, and what fits it. */
#include "config.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/model_file.h"
#include "model/parts.h"
#include "model/setting.h"
#include "model/wgan.h"

/* Streams of initial values are 1024 apart. */
enum { GENERATOR_STREAM = 0, CRITIC_STREAM = 1024 };

const char bw_wgan_loss_names[] = "wasserstein|minimax|nonsaturating";

void bw_wgan_destroy(bw_wgan *wgan)
{
    if (!wgan)
        return;
    bw_model_destroy(wgan->model);
    bw_origin_clear(&wgan->origin);
    free(wgan);
}

/* ---- the Lipschitz bound ---- */

static const char one_sided[] = ":one-sided";

/* Of the number: what a float holds, with room for what it is multiplied by. */
static const double least_bound = 1e-30, most_bound = 1e30;

static bw_status bad_bound(const char *text, bw_error *err)
{
    return bw_error_set(err, BW_ERR_USAGE,
                        "\"%.40s\" is none of clip, clip:C, gp, gp:LAMBDA, "
                        "gp:LAMBDA:one-sided, spectral, none; C and LAMBDA "
                        "from %g to %g",
                        text, least_bound, most_bound);
}

bw_status bw_lipschitz_parse(const char *text, bw_lipschitz *lipschitz,
                             bw_error *err)
{
    static const char *const name[] = {"clip", "gp", "spectral", "none"};
    bw_lipschitz parsed = {.value = NAN};
    size_t n = strcspn(text, ":"), kind = 0;
    const char *rest = text + n;
    char *end;

    while (kind < 4 &&
           (strlen(name[kind]) != n || strncmp(text, name[kind], n)))
        kind++;
    if (kind == 4)
        return bad_bound(text, err);
    parsed.kind = (bw_lipschitz_kind)kind;
    if (*rest && kind > BW_LIPSCHITZ_GP)
        return bad_bound(text, err);
    if (*rest && strcmp(rest, one_sided) != 0) {
        parsed.value = strtod(rest + 1, &end);
        if (end == rest + 1 || isspace((unsigned char)rest[1]) ||
            !(parsed.value >= least_bound && parsed.value <= most_bound))
            return bad_bound(text, err);
        rest = end;
    }
    if (kind == BW_LIPSCHITZ_GP && strcmp(rest, one_sided) == 0) {
        parsed.is_one_sided = true;
        rest += strlen(rest);
    }
    if (*rest)
        return bad_bound(text, err);
    *lipschitz = parsed;
    return BW_OK;
}

void bw_lipschitz_text(const bw_lipschitz *lipschitz, char text[40])
{
    char value[BW_REAL_SIZE] = "", colon[] = ":";

    if (isnan(lipschitz->value))
        colon[0] = '\0';
    else
        bw_model_print_real(lipschitz->value, value);
    switch (lipschitz->kind) {
    case BW_LIPSCHITZ_CLIP:
        snprintf(text, 40, "clip%s%s", colon, value);
        break;
    case BW_LIPSCHITZ_GP:
        snprintf(text, 40, "gp%s%.24s%s", colon, value,
                 lipschitz->is_one_sided ? one_sided : "");
        break;
    case BW_LIPSCHITZ_SPECTRAL:
        snprintf(text, 40, "spectral");
        break;
    case BW_LIPSCHITZ_NONE:
        snprintf(text, 40, "none");
        break;
    }
}

/* ---- whether the networks fit ---- */

static bw_status check_generator(const bw_wgan *wgan, bw_error *err)
{
    const bw_network *network = wgan->generator->network;
    bw_status status =
        bw_parts_check("the generator's input", bw_network_input(network),
                       bw_parts_flat(wgan->latent), err);

    if (!status)
        status = bw_parts_check("the generator's output",
                                bw_parts_as_item(network, wgan->item),
                                wgan->item, err);
    return status;
}

static bw_status check_critic(const bw_wgan *wgan, bw_error *err)
{
    const bw_network *network = wgan->critic->network;
    bw_shape output = bw_network_output(network);
    bw_status status = bw_parts_check(
        "the critic's input", bw_network_input(network), wgan->item, err);

    if (!status && bw_shape_n(output) != 1)
        status = bw_parts_check("the critic's output", output, bw_parts_flat(1),
                                err);
    if (!status && wgan->lipschitz.kind == BW_LIPSCHITZ_GP)
        status = bw_engine_check_second(network, "critic", err);
    return status;
}

static bw_status check_parts(bw_wgan *wgan, bw_error *err)
{
    bw_status status = BW_OK;

    wgan->generator = bw_model_find(wgan->model, "generator");
    wgan->critic = bw_model_find(wgan->model, "critic");
    if (!wgan->critic || wgan->model->n_parts != 1 + (wgan->generator != NULL))
        return bw_error_set(err, BW_ERR_FORMAT,
                            "its networks are not generator and critic, or a "
                            "critic alone");
    if (wgan->generator)
        status = check_generator(wgan, err);
    return status ? status : check_critic(wgan, err);
}

/* ---- settings ---- */

static bw_status set_words(bw_wgan *wgan, bw_error *err)
{
    const struct {
        const char *key, *names;
        size_t value;
    } word[] = {
        {"loss", bw_wgan_loss_names, wgan->loss},
        {"noise", bw_prior_names, wgan->noise.kind},
        {"range", bw_range_names, wgan->range},
    };
    bw_status status = BW_OK;

    for (size_t k = 0; k < sizeof word / sizeof *word && !status; k++)
        status = bw_setting_set_word(wgan->model, word[k].key, word[k].names,
                                     word[k].value, err);
    return status;
}

static bw_status set_settings(bw_wgan *wgan, const bw_wgan_design *design,
                              bw_error *err)
{
    const struct {
        const char *key;
        double value;
    } real[] = {
        {"latent", (double)wgan->latent},
        {"noise-scale", wgan->noise.scale},
        {"width", design->width},
    };
    bw_model *model = wgan->model;
    char bound[40];
    bw_status status = set_words(wgan, err);

    bw_lipschitz_text(&wgan->lipschitz, bound);
    if (!status)
        status = bw_model_set(model, "lipschitz", bound, err);
    if (!status)
        status = bw_setting_set_shape(model, "item", wgan->item, err);
    if (!status)
        status = bw_setting_set_digest(model, "items", wgan->items_digest, err);
    if (!status)
        status = bw_model_set(model, "preset", design->preset, err);
    for (size_t k = 0; k < sizeof real / sizeof *real && !status; k++)
        status = bw_model_set_real(model, real[k].key, real[k].value, err);
    return status;
}

static bw_status get_words(bw_wgan *wgan, bw_error *err)
{
    int loss = 0, noise = 0, range = 0;
    const struct {
        const char *key, *names;
        int *value;
    } word[] = {
        {"loss", bw_wgan_loss_names, &loss},
        {"noise", bw_prior_names, &noise},
        {"range", bw_range_names, &range},
    };
    bw_status status = BW_OK;

    for (size_t k = 0; k < sizeof word / sizeof *word && !status; k++)
        status = bw_setting_get_word(wgan->model, word[k].key, word[k].names,
                                     word[k].value, err);
    wgan->loss = (bw_wgan_loss_kind)loss;
    wgan->noise.kind = (bw_prior_kind)noise;
    wgan->range = (bw_range)range;
    return status;
}

static bw_status get_bound(bw_wgan *wgan, bw_error *err)
{
    const char *text = bw_model_get(wgan->model, "lipschitz");
    bw_error unused = BW_ERROR_INIT;

    if (!text || bw_lipschitz_parse(text, &wgan->lipschitz, &unused))
        return bw_setting_bad("lipschitz", text, err);
    return BW_OK;
}

static bw_status get_settings(bw_wgan *wgan, bw_error *err)
{
    const bw_model *model = wgan->model;
    double latent = 0;
    bw_status status = get_words(wgan, err);

    if (!status)
        status = get_bound(wgan, err);
    if (!status)
        status = bw_setting_get_shape(model, "item", &wgan->item, err);
    if (!status)
        status =
            bw_model_get_real(model, "latent", 0, BW_MAX_ITEM, &latent, err);
    if (!status)
        status = bw_model_get_real(model, "noise-scale", 1e-300, 1e300,
                                   &wgan->noise.scale, err);
    wgan->latent = wgan->noise.d = (size_t)latent;
    if (!status)
        status =
            bw_setting_get_digest(model, "items", &wgan->items_digest, err);
    return status;
}

/* ---- a new model ---- */

static bw_status add_parts(bw_wgan *wgan, const bw_wgan_design *design,
                           bw_error *err)
{
    bw_part_source generator = {.preset = design->preset,
                                .part = "generator",
                                .opt_text = design->generator,
                                .name = design->generator_name,
                                .item = wgan->item,
                                .latent = wgan->latent,
                                .input = bw_parts_flat(wgan->latent),
                                .width = design->width};
    bw_part_source critic = generator;
    bw_status status = BW_OK;

    critic.part = "critic";
    critic.opt_text = design->critic;
    critic.name = design->critic_name;
    critic.input = wgan->item;
    if (design->has_generator)
        status = bw_parts_add(wgan->model, &generator, err);
    return status ? status : bw_parts_add(wgan->model, &critic, err);
}

static void init_part(const bw_wgan *wgan, const bw_model_part *part,
                      const bw_wgan_design *design, uint64_t stream)
{
    if (part)
        bw_network_init(part->network, design->init, design->init_sd,
                        design->seed, stream,
                        bw_model_values(wgan->model, part));
}

static bw_range range_of(const bw_wgan *wgan)
{
    return wgan->generator ? bw_parts_range(wgan->generator->network)
                           : BW_RANGE_NONE;
}

bw_status bw_wgan_create(const bw_wgan_design *design, bw_wgan **ret_wgan,
                         bw_error *err)
{
    bw_wgan *wgan = calloc(1, sizeof *wgan);
    bw_status status = BW_OK;

    *ret_wgan = NULL;
    if (!wgan)
        return bw_error_memory(err);
    wgan->model = bw_model_create("wgan");
    if (!wgan->model) {
        status = bw_error_memory(err);
        goto done;
    }
    wgan->item = design->items->shape;
    wgan->items_digest = design->items->origin.digest;
    wgan->latent = design->has_generator ? design->latent : 0;
    wgan->noise = design->noise;
    wgan->noise.d = wgan->latent;
    wgan->loss = design->loss;
    wgan->lipschitz = design->lipschitz;
    status = add_parts(wgan, design, err);
    if (!status)
        status = bw_model_seal(wgan->model, err);
    if (!status)
        status = check_parts(wgan, err);
    if (status)
        goto done;
    wgan->range = design->range < 0 ? range_of(wgan) : (bw_range)design->range;
    status = bw_items_check(design->items, wgan->range, err);
    if (!status)
        status = set_settings(wgan, design, err);
    if (status)
        goto done;
    init_part(wgan, wgan->generator, design, GENERATOR_STREAM);
    init_part(wgan, wgan->critic, design, CRITIC_STREAM);
    *ret_wgan = wgan;
    wgan = NULL;
done:
    bw_wgan_destroy(wgan);
    return status;
}

/* ---- a model from a file ---- */

bw_status bw_wgan_open(const char *path, bw_wgan **ret_wgan, bw_error *err)
{
    bw_wgan *wgan = calloc(1, sizeof *wgan);
    bw_status status = wgan ? BW_OK : bw_error_memory(err);

    *ret_wgan = NULL;
    if (!status)
        status = bw_parts_open(path, "wgan", &wgan->model, &wgan->origin, err);
    if (status)
        goto done;
    status = get_settings(wgan, err);
    if (!status)
        status = check_parts(wgan, err);
    if (status) {
        bw_error_prefix(err, "%s", wgan->origin.path);
        goto done;
    }
    *ret_wgan = wgan;
    wgan = NULL;
done:
    bw_wgan_destroy(wgan);
    return status;
}

bw_status bw_wgan_load_items(const bw_wgan *wgan, const char *path,
                             bw_items *items, bw_error *err)
{
    return bw_parts_load_items(path, wgan->item, wgan->range, wgan->origin.path,
                               items, err);
}
