/* setting.c - settings of a model that are no numbers. */
#include "config.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option_table.h"
#include "model/setting.h"

bw_status bw_setting_bad(const char *key, const char *opt_value, bw_error *err)
{
    return bw_error_set(err, BW_ERR_FORMAT, "setting '%s' is %s", key,
                        opt_value ? opt_value : "missing");
}

/* ---- words ---- */

bw_status bw_setting_set_word(bw_model *model, const char *key,
                              const char *names, size_t k, bw_error *err)
{
    char word[32];
    size_t n = 0;
    const char *name = bw_option_choice(names, k, &n);

    assert(name && n < sizeof word);
    memcpy(word, name, n);
    word[n] = '\0';
    return bw_model_set(model, key, word, err);
}

bw_status bw_setting_get_word(const bw_model *model, const char *key,
                              const char *names, int *value, bw_error *err)
{
    const char *text = bw_model_get(model, key), *name = names;
    size_t n = 0;

    for (int k = 0; text && name; k++) {
        name = bw_option_choice(names, (size_t)k, &n);
        if (name && strlen(text) == n && memcmp(text, name, n) == 0) {
            *value = k;
            return BW_OK;
        }
    }
    return bw_setting_bad(key, text, err);
}

/* ---- shapes ---- */

bw_status bw_setting_set_shape(bw_model *model, const char *key, bw_shape shape,
                               bw_error *err)
{
    char text[64];

    bw_shape_text(shape, text);
    return bw_model_set(model, key, text, err);
}

bw_status bw_setting_get_shape(const bw_model *model, const char *key,
                               bw_shape *shape, bw_error *err)
{
    const char *text = bw_model_get(model, key);
    unsigned long long size[3];
    int n_read = 0;

    if (text &&
        sscanf(text, "%9llux%9llux%9llu%n", &size[0], &size[1], &size[2],
               &n_read) == 3 &&
        text[n_read] == '\0')
        *shape = (bw_shape){(size_t)size[0], (size_t)size[1], (size_t)size[2],
                            false};
    else if (text && sscanf(text, "%9llu%n", &size[0], &n_read) == 1 &&
             text[n_read] == '\0')
        *shape = (bw_shape){1, 1, (size_t)size[0], true};
    else
        return bw_setting_bad(key, text, err);
    return BW_OK;
}

/* ---- digests ---- */

bw_status bw_setting_set_digest(bw_model *model, const char *key,
                                uint64_t digest, bw_error *err)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%016" PRIx64, digest);
    return bw_model_set(model, key, digits, err);
}

bw_status bw_setting_get_digest(const bw_model *model, const char *key,
                                uint64_t *digest, bw_error *err)
{
    const char *text = bw_model_get(model, key);
    char *end = NULL;

    *digest = text ? strtoull(text, &end, 16) : 0;
    if (!text || strlen(text) != 16 || *end)
        return bw_setting_bad(key, text, err);
    return BW_OK;
}
