/* folder.c - a folder's PNG files, subfolders included, sorted by bytes. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "store/folder.h"

enum { MAX_DEPTH = 32 };

bw_status bw_names_add(bw_names *names, const char *name, bw_error *err)
{
    if (names->n == names->capacity) {
        size_t wanted = names->capacity * 2 + 64;
        char **grown = realloc(names->item, wanted * sizeof *grown);
        if (!grown)
            return bw_error_memory(err);
        names->item = grown;
        names->capacity = wanted;
    }
    names->item[names->n] = strdup(name);
    if (!names->item[names->n])
        return bw_error_memory(err);
    names->n++;
    return BW_OK;
}

void bw_names_clear(bw_names *names)
{
    for (size_t k = 0; k < names->n; k++)
        free(names->item[k]);
    free(names->item);
    *names = (bw_names){0};
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void bw_names_sort(bw_names *names)
{
    if (names->n > 1)
        qsort(names->item, names->n, sizeof *names->item, by_bytes);
}

const char *bw_names_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

/* The folder's own entries but hidden ones, sorted. */
static bw_status list_entries(const char *path, bw_names *entries,
                              bw_error *err)
{
    DIR *dir = opendir(path);
    struct dirent *entry;
    bw_status rc = BW_OK;

    if (!dir)
        return bw_error_errno(err, "%s", path);
    for (;;) {
        errno = 0;
        entry = readdir(dir);
        if (!entry) {
            if (errno)
                rc = bw_error_errno(err, "%s", path);
            break;
        }
        if (entry->d_name[0] == '.')
            continue;
        rc = bw_names_add(entries, entry->d_name, err);
        if (rc)
            break;
    }
    closedir(dir);
    bw_names_sort(entries);
    return rc;
}

static bool is_png_name(const char *name)
{
    size_t n = strlen(name);

    return n > 4 && strcasecmp(name + n - 4, ".png") == 0;
}

/* Files under root/relative ("" or ending in a slash). */
static bw_status walk(const char *root, const char *relative, unsigned depth,
                      bw_names *names, bw_error *err)
{
    bw_names entries = {0};
    char *path = NULL, *inner = NULL;
    struct stat st;
    bw_status rc;

    if (asprintf(&path, "%s/%s", root, relative) < 0)
        return bw_error_memory(err);
    rc = depth > MAX_DEPTH ? bw_error_set(err, BW_ERR_FORMAT,
                                          "%s: subfolders nest deeper than %d",
                                          path, MAX_DEPTH)
                           : list_entries(path, &entries, err);
    for (size_t k = 0; k < entries.n && rc == BW_OK; k++) {
        const char *name = entries.item[k];
        free(path);
        free(inner);
        path = inner = NULL;
        if (asprintf(&path, "%s/%s%s", root, relative, name) < 0 ||
            asprintf(&inner, "%s%s/", relative, name) < 0) {
            rc = bw_error_memory(err);
            break;
        }
        if (stat(path, &st) != 0) {
            rc = bw_error_errno(err, "%s", path);
        } else if (S_ISDIR(st.st_mode)) {
            rc = walk(root, inner, depth + 1, names, err);
        } else if (is_png_name(name)) {
            inner[strlen(inner) - 1] = '\0';
            rc = bw_names_add(names, inner, err);
        }
    }
    free(path);
    free(inner);
    bw_names_clear(&entries);
    return rc;
}

bw_status bw_folder_list(const char *path, bw_names *names, bw_error *err)
{
    size_t n_before = names->n;
    bw_status rc = walk(path, "", 0, names, err);

    if (rc == BW_OK && names->n == n_before)
        rc = bw_error_set(err, BW_ERR_FORMAT, "%s: no PNG file in this folder",
                          path);
    return rc;
}
