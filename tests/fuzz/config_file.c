/* config_file.c - files of options, --config: what --dump-config writes reads
 * back the same. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"
#include "fuzz/fuzz.h"

/* An option of each type. */
typedef struct settings {
    bool deep, rate_given;
    uint64_t size;
    double rate;
    const char *cost;
    int choice;
    bw_option_list files;
    bw_option_common common;
} settings;

static settings defaults(void)
{
    settings s = {.size = BW_OPTION_UNSET, .rate = NAN, .choice = -1};

    bw_option_common_init(&s.common);
    s.common.n_threads = 1;
    return s;
}

/* Parses the file at path. Returns the options in force as --dump-config
 * writes them, to be freed; NULL where the file is refused. */
static char *parse(const char *path)
{
    settings s = defaults();
    const bw_option options[] = {
        {BW_OPTION_GROUP, "Each type", 0, NULL, NULL, NULL, 0, 0, NULL, 0, 0,
         NULL},
        {BW_OPTION_FLAG, "deep", 'd', NULL, "a flag", &s.deep, 0, 0, NULL, 0, 0,
         NULL},
        {BW_OPTION_SIZE, "size", 0, "N", "a size", &s.size, 1, 1e9, NULL, 0, 0,
         NULL},
        {BW_OPTION_REAL, "rate", 0, "R", "a real", &s.rate, 0, HUGE_VAL, NULL,
         true, 0, &s.rate_given},
        {BW_OPTION_TEXT, "cost", 0, "FILE", "a text", &s.cost, 0, 0, NULL, 0, 0,
         NULL},
        {BW_OPTION_CHOICE, "ground", 0, NULL, "a choice", &s.choice, 0, 0,
         "l1|l2|linf", 0, 0, NULL},
        {BW_OPTION_LIST, "file", 'f', "FILE", "a list", &s.files, 0, 0, NULL, 0,
         0, NULL},
        {0},
    };
    const bw_program program = {"fuzz",  "[options]", "reads options",
                                options, &s.common,   true,
                                true,    true,        false};
    char *argv[] = {"fuzz", "--config", (char *)path, "--dump-config", NULL};
    bw_error err = BW_ERROR_INIT;
    bw_parsed parsed;
    char *text = NULL;
    size_t n;
    FILE *out = open_memstream(&text, &n);

    FUZZ_MUST(out != NULL);
    if (fuzz_check(bw_option_parse(&program, 4, argv, out, &parsed, &err),
                   &err)) {
        FUZZ_MUST(parsed.is_done && fclose(out) == 0);
    } else {
        fclose(out);
        free(text);
        text = NULL;
    }
    bw_parsed_clear(&parsed);
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    fuzz_file file;
    char *text, *again;

    fuzz_file_open(&file, data, n);
    text = parse(file.path);
    fuzz_file_close(&file);
    if (text == NULL)
        return 0;
    fuzz_file_open(&file, text, strlen(text));
    again = parse(file.path);
    fuzz_file_close(&file);
    FUZZ_MUST(again != NULL && strcmp(text, again) == 0);
    free(text);
    free(again);
    return 0;
}
