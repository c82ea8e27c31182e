/* setting.h - settings of a model that are no numbers: words of a list, shapes
 * of items, digests. */
#ifndef BW_SETTING_H
#define BW_SETTING_H

#include <stdint.h>

#include "model/model.h"

/* "setting 'KEY' is VALUE", or missing: BW_ERR_FORMAT. */
bw_status bw_setting_bad(const char *key, const char *opt_value,
                         bw_error *err) BW_MUST_CHECK;

/* The k-th of names "a|b|c". */
bw_status bw_setting_set_word(bw_model *model, const char *key,
                              const char *names, size_t k,
                              bw_error *err) BW_MUST_CHECK;
/* BW_ERR_FORMAT when it is absent or none of the names. */
bw_status bw_setting_get_word(const bw_model *model, const char *key,
                              const char *names, int *value,
                              bw_error *err) BW_MUST_CHECK;

/* "28x28x1", or "50" for flat items. */
bw_status bw_setting_set_shape(bw_model *model, const char *key, bw_shape shape,
                               bw_error *err) BW_MUST_CHECK;
bw_status bw_setting_get_shape(const bw_model *model, const char *key,
                               bw_shape *shape, bw_error *err) BW_MUST_CHECK;

/* 16 hexadecimal digits. */
bw_status bw_setting_set_digest(bw_model *model, const char *key,
                                uint64_t digest, bw_error *err) BW_MUST_CHECK;
bw_status bw_setting_get_digest(const bw_model *model, const char *key,
                                uint64_t *digest, bw_error *err) BW_MUST_CHECK;

#endif
