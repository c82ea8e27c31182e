/* steps.h - the list of steps as JSON, for those who show or compare it. */
#ifndef BW_STEPS_H
#define BW_STEPS_H

#include <jansson.h>

#include "barrow/provenance.h"

/* Parses the metadata string: a list whose items are objects with "tool", and
 * with "version", "argv", "seed", "inputs" of the right types where they are
 * there. json_decref(*ret_steps). BW_ERR_FORMAT, BW_ERR_MEMORY. */
bw_status bw_provenance_parse(const char *text, json_t **ret_steps,
                              bw_error *err) BW_MUST_CHECK;

#endif
