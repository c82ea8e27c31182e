/* network_text.h - the text of a network: words to layers.
 *
 * What stands in a text is checked here, one layer at a time; what needs the
 * shapes is network.c's.
 */
#ifndef BW_NETWORK_TEXT_H
#define BW_NETWORK_TEXT_H

#include <stddef.h>

#include "nn/layer.h"

/* Reads at most BW_MAX_LAYERS layers into layer[]: kind, index, line, column
 * and the numbers; shapes and parameters are left zero. A dense layer of HxWxC
 * has these in `reshape`, of U values 1x1xU. BW_ERR_FORMAT, BW_ERR_RANGE;
 * messages begin with "name: ". */
bw_status bw_network_text_read(const char *text, const char *name,
                               bw_layer layer[], size_t *n_layers,
                               bw_error *err) BW_MUST_CHECK;

#endif
