/* pair_list.c - the pairs that a file lists. */
#include "config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/output.h"
#include "ot/pair_list.h"

static const char name[] = "scratch file";

static bw_status write_kept(bw_pair_list *list, bw_error *err)
{
    size_t n_bytes = list->n_kept * sizeof *list->kept;
    list->n_kept = 0;
    return bw_output_write_fd(list->fd, name, list->kept, n_bytes, err);
}

static bw_status begin(bw_pair_list *list, bw_error *err)
{
    list->kept = malloc(BW_PAIR_LIST_KEPT * sizeof *list->kept);
    if (!list->kept)
        return bw_error_memory(err);
    return bw_output_scratch(NULL, &list->fd, err);
}

bw_status bw_pair_list_add(bw_pair_list *list, const uint32_t pair[2],
                           bw_error *err)
{
    bw_status status = BW_OK;
    if (list->fd < 0)
        status = begin(list, err);
    if (!status && list->n_kept == BW_PAIR_LIST_KEPT)
        status = write_kept(list, err);
    if (status)
        return status;
    memcpy(list->kept[list->n_kept++], pair, sizeof *list->kept);
    for (int q = 0; q < 2; q++)
        if (pair[q] > list->most[q])
            list->most[q] = pair[q];
    list->n++;
    return BW_OK;
}

bw_status bw_pair_list_seal(bw_pair_list *list, bw_error *err)
{
    if (list->n == 0)
        return BW_OK;
    bw_status status = write_kept(list, err);
    if (status)
        return status;
    void *map = mmap(NULL, list->n * sizeof *list->pairs, PROT_READ, MAP_SHARED,
                     list->fd, 0);
    if (map == MAP_FAILED)
        return bw_error_errno(err, "%s", name);
    list->pairs = (const uint32_t(*)[2])map;
    return BW_OK;
}

void bw_pair_list_clear(bw_pair_list *list)
{
    if (list->pairs)
        munmap((void *)(uintptr_t)list->pairs, list->n * sizeof *list->pairs);
    if (list->fd >= 0)
        close(list->fd);
    free(list->kept);
    *list = BW_PAIR_LIST_INIT;
}

bw_status bw_pair_list_pairs(const bw_pair_list *list, uint64_t n_a,
                             uint64_t n_b, bw_pairs *pairs, bw_error *err)
{
    bool is_sound =
        list->n == 0 || (list->most[0] < n_a && list->most[1] < n_b);
    bw_status status =
        bw_pairs_init(pairs, BW_PAIRS_LIST, n_a, n_b, is_sound ? 0 : list->n,
                      list->pairs, 0, err);
    pairs->list = list->pairs;
    pairs->n = pairs->n_whole = list->n;
    return status;
}

void bw_pair_list_release(const bw_pair_list *list, uint64_t end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t n_bytes = end * sizeof *list->pairs / page * page;
    if (list->pairs && n_bytes > 0)
        (void)madvise((void *)(uintptr_t)list->pairs, n_bytes, MADV_DONTNEED);
}
