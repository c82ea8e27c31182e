/* net_file.c - the text of a network from a file of its own. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "barrow/network.h"
#include "tools/net_file.h"

bw_status bw_net_file_read(const char *opt_path, char **ret_text, bw_error *err)
{
    FILE *file;
    size_t n;
    bw_status status = BW_OK;

    *ret_text = NULL;
    if (!opt_path)
        return BW_OK;
    file = fopen(opt_path, "rb");
    if (!file)
        return bw_error_errno(err, "%s", opt_path);
    *ret_text = calloc(BW_MAX_NETWORK_TEXT + 2, 1);
    n = *ret_text ? fread(*ret_text, 1, BW_MAX_NETWORK_TEXT + 1, file) : 0;
    if (!*ret_text)
        status = bw_error_memory(err);
    else if (ferror(file))
        status = bw_error_errno(err, "%s", opt_path);
    else if (n > BW_MAX_NETWORK_TEXT || memchr(*ret_text, 0, n) != NULL)
        status = bw_error_set(err, BW_ERR_FORMAT, "%s: no text of a network",
                              opt_path);
    fclose(file);
    if (status) {
        free(*ret_text);
        *ret_text = NULL;
    }
    return status;
}
