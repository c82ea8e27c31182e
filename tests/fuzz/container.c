/* container.c - whole containers, as winfo reads them: header, provenance,
 * statistics, digest; then each tensor at once. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "barrow/provenance.h"
#include "fuzz/fuzz.h"
#include "store/summary.h"

typedef bw_status show_fn(const bw_summary *summary, FILE *out, bw_error *err);

/* What `show` writes, whole or not; to be freed. */
static char *shown(show_fn *show, const bw_summary *summary, bool *is_whole)
{
    bw_error err = BW_ERROR_INIT;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    FUZZ_MUST(out != NULL);
    *is_whole = fuzz_check(show(summary, out, &err), &err);
    FUZZ_MUST(fclose(out) == 0);
    FUZZ_MUST(strlen(text) == n);
    return text;
}

static bw_status show_text(const bw_summary *summary, FILE *out, bw_error *err)
{
    bw_summary_print_check(summary, out);
    return bw_summary_print(summary, true, out, err);
}

/* What a terminal is shown holds nothing that it would obey. */
static void print_summary(const bw_summary *summary)
{
    bool is_whole;
    char *text = shown(show_text, summary, &is_whole);

    fuzz_check_text(text);
    free(text);
}

static void print_json(const bw_summary *summary)
{
    bool is_whole;
    char *text = shown(bw_summary_print_json, summary, &is_whole);

    if (is_whole) {
        json_t *value = json_loads(text, 0, NULL);

        FUZZ_MUST(value != NULL);
        json_decref(value);
    }
    free(text);
}

static void summarize(const char *path)
{
    bw_error err = BW_ERROR_INIT;
    bw_reader *reader;
    bw_summary summary;

    if (!fuzz_check(bw_reader_open(path, &reader, &err), &err))
        return;
    if (fuzz_check(bw_summary_take(&summary, reader, true, true, NULL, &err),
                   &err)) {
        print_summary(&summary);
        print_json(&summary);
    }
    bw_summary_clear(&summary);
    bw_reader_close(reader);
}

static void add_input(const bw_reader *reader, uint64_t digest)
{
    bw_error err = BW_ERROR_INIT;
    bw_provenance *provenance = bw_provenance_create("fuzz", 0, NULL, NULL);

    FUZZ_MUST(provenance != NULL);
    if (fuzz_check(bw_provenance_add_input(
                       provenance, bw_reader_base_name(reader), digest,
                       bw_reader_meta(reader, BW_META_PROVENANCE), &err),
                   &err)) {
        char *text = bw_provenance_text(provenance);

        FUZZ_MUST(text != NULL);
        free(text);
    }
    bw_provenance_destroy(provenance);
}

/* All tensors but the first, which is to be skipped. */
static void read_tensors(const char *path)
{
    bw_error err = BW_ERROR_INIT;
    bw_status status = BW_OK;
    bw_reader *reader;
    uint64_t digest;

    if (!fuzz_check(bw_reader_open(path, &reader, &err), &err))
        return;
    for (size_t k = 1; k < bw_reader_n_tensors(reader) && status == BW_OK;
         k++) {
        void *data;

        status = bw_reader_read_all(reader, bw_reader_tensor(reader, k), &data,
                                    &err);
        free(data);
    }
    if (status == BW_OK)
        status = bw_reader_finish(reader, &digest, &err);
    if (fuzz_check(status, &err))
        add_input(reader, digest);
    bw_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_file file;

    fuzz_file_open(&file, data, n);
    summarize(file.path);
    fuzz_file_close(&file);
    fuzz_file_open(&file, data, n);
    read_tensors(file.path);
    fuzz_file_close(&file);
    return 0;
}
