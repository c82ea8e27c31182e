/* groups.c - names and numbers of subfolders. */
#include "config.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "store/groups.h"

/* The group of a file: the first part of its path in the folder. */
static size_t group_length(const char *file)
{
    const char *slash = strchr(file, '/');

    return slash ? (size_t)(slash - file) : 0;
}

/* Adds the groups of one folder; files come sorted, so equal ones adjoin. */
static bw_status add_groups(bw_names *groups, const bw_names *files,
                            const char *path, bw_error *err)
{
    for (size_t k = 0; k < files->n; k++) {
        const char *file = files->item[k];
        size_t n = group_length(file);
        if (n == 0)
            return bw_error_set(err, BW_ERR_USAGE,
                                "%s/%s: lies in no subfolder that could give "
                                "its label",
                                path, file);
        if (k > 0 && group_length(files->item[k - 1]) == n &&
            memcmp(files->item[k - 1], file, n) == 0)
            continue;
        char *name = strndup(file, n);
        if (!name)
            return bw_error_memory(err);
        bw_status rc = bw_names_add(groups, name, err);
        free(name);
        if (rc)
            return rc;
    }
    return BW_OK;
}

static void sort_unique(bw_names *names)
{
    size_t n = 0;

    bw_names_sort(names);
    for (size_t k = 0; k < names->n; k++)
        if (n > 0 && strcmp(names->item[n - 1], names->item[k]) == 0)
            free(names->item[k]);
        else
            names->item[n++] = names->item[k];
    names->n = n;
}

bw_status bw_groups_find(size_t n_inputs, const char *const *input,
                         bw_names *groups, bw_error *err)
{
    bw_status rc = BW_OK;

    for (size_t k = 0; k < n_inputs && rc == BW_OK; k++) {
        const char *path = input[k];
        bw_names files = {0};
        struct stat st;
        if (stat(path, &st) != 0)
            return bw_error_errno(err, "%s", path);
        if (!S_ISDIR(st.st_mode))
            return bw_error_set(err, BW_ERR_USAGE,
                                "--labels folder, but %s is no folder", path);
        rc = bw_folder_list(path, &files, err);
        if (rc == BW_OK)
            rc = add_groups(groups, &files, path, err);
        bw_names_clear(&files);
    }
    sort_unique(groups);
    return rc;
}

int32_t bw_groups_of(const bw_names *groups, const char *file)
{
    size_t n = group_length(file), low = 0, high = groups->n;

    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        const char *name = groups->item[mid];
        int order = strncmp(name, file, n);
        if (order == 0 && name[n] != '\0')
            order = 1;
        if (order > 0)
            high = mid;
        else
            low = mid;
    }
    return (int32_t)low;
}
