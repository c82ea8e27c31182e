/* test_option_help.c - the text of --help. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/option.h"

/* ---- a program with every type of option ---- */

static const char *pairs = "all", *cost, *label = "";
static uint64_t bins = 16, count = BW_OPTION_UNSET;
static double power = 2.0, tolerance = 1e-9, unset = NAN;
static int ground = 1, metric = -1;
static bool plans, is_certified, is_strict = true;
static const char *items[] = {"a", "b"};
static bw_option_list inputs, extras = {2, items};
static bw_option_common common = {.n_threads = 4, .seed = 7};

static const bw_option options[] = {
    {.type = BW_OPTION_TEXT,
     .name = "pairs",
     .meta = "SPEC",
     .value = &pairs,
     .help = "which pairs of histograms are solved: all of one file, the cross "
             "product of two files, or those that a file lists"},
    {.type = BW_OPTION_CHOICE,
     .name = "ground",
     .letter = 'g',
     .value = &ground,
     .choices = "l1|l2|linf",
     .help = "ground distance"},
    {.type = BW_OPTION_REAL,
     .name = "power",
     .letter = 'p',
     .meta = "P",
     .help = "cost is distance to the power P",
     .value = &power,
     .min = 1.0,
     .max = HUGE_VAL},
    {.type = BW_OPTION_SIZE,
     .name = "bins",
     .meta = "N",
     .value = &bins,
     .help = "bins"},
    {.type = BW_OPTION_TEXT,
     .name = "cost",
     .meta = "FILE",
     .value = &cost,
     .help = "cost matrix"},
    {.type = BW_OPTION_GROUP, .name = "Results"},
    {.type = BW_OPTION_REAL,
     .name = "certify",
     .letter = 'c',
     .meta = "TOL",
     .help = "check every pair",
     .value = &tolerance,
     .min = 0.0,
     .max = 1.0,
     .is_optional = true,
     .given = &is_certified},
    {.type = BW_OPTION_FLAG,
     .name = "plans",
     .value = &plans,
     .help = "write plans"},
    {.type = BW_OPTION_FLAG,
     .name = "strict",
     .value = &is_strict,
     .help = "refuse"},
    {.type = BW_OPTION_TEXT,
     .name = "label",
     .meta = "TEXT",
     .value = &label,
     .help = "name"},
    {.type = BW_OPTION_REAL,
     .name = "unset",
     .meta = "X",
     .value = &unset,
     .help = "found by the tool"},
    {.type = BW_OPTION_SIZE,
     .name = "count",
     .meta = "N",
     .value = &count,
     .min = 1,
     .max = 9,
     .help = "found as well"},
    {.type = BW_OPTION_CHOICE,
     .name = "metric-two",
     .value = &metric,
     .choices = "kl|js|tv",
     .help = "found, too"},
    {.type = BW_OPTION_LIST,
     .name = "input",
     .letter = 'i',
     .meta = "FILE",
     .help = "another input",
     .value = &inputs},
    {.type = BW_OPTION_LIST,
     .name = "extra",
     .meta = "FILE",
     .help = "more",
     .value = &extras},
    {.name = NULL}};

static bw_program program = {.name = "wtest",
                             .usage = "[options] FILE",
                             .summary = "Tests options.",
                             .options = options,
                             .common = &common,
                             .has_output = true,
                             .has_threads = true,
                             .has_seed = true};

/* The help, to be freed. */
static char *print_help(const char *about)
{
    bw_error err = BW_ERROR_INIT;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);

    cr_assert_eq(bw_option_help(&program, about, out, &err), BW_OK, "%s",
                 err.text);
    fclose(out);
    return text;
}

static const char help[] =
    "Usage: wtest [options] FILE\n"
    "Tests options.\n"
    "\n"
    "Options:\n"
    "      --pairs SPEC          which pairs of histograms are solved: all of "
    "one\n"
    "                            file, the cross product of two files, or "
    "those that\n"
    "                            a file lists (default: all)\n"
    "  -g, --ground l1|l2|linf   ground distance (default: l2)\n"
    "  -p, --power P             cost is distance to the power P (default: 2)\n"
    "      --bins N              bins (default: 16)\n"
    "      --cost FILE           cost matrix\n"
    "\n"
    "Results:\n"
    "  -c, --certify[=TOL]       check every pair (default: 1e-09)\n"
    "      --plans               write plans\n"
    "      --strict              refuse (default: on)\n"
    "      --label TEXT          name (default: '')\n"
    "      --unset X             found by the tool\n"
    "      --count N             found as well\n"
    "      --metric-two kl|js|tv\n"
    "                            found, too\n"
    "  -i, --input FILE          another input\n"
    "      --extra FILE          more (default: a b)\n"
    "\n"
    "Common options:\n"
    "  -o, --output FILE         write here, '-' is standard output\n"
    "  -j, --threads N           work on N threads; the result is the same for "
    "every\n"
    "                            N (default: 4)\n"
    "  -s, --seed N              random numbers follow from N (default: 7)\n"
    "  -q, --quiet               say nothing but errors\n"
    "  -v, --verbose             say what is done, and how far it is\n"
    "      --config FILE         read options from FILE, 'name = value' a "
    "line; the\n"
    "                            command line wins\n"
    "      --dump-config         write the effective options in that form, and "
    "stop\n"
    "  -h, --help[=OPTION]       write help, of one option or of 'all', and "
    "stop\n"
    "  -V, --version             write the version, and stop\n";

Test(option_help, groups_words_and_live_defaults)
{
    char *text = print_help("all");

    cr_assert_str_eq(text, help);
    free(text);
}

Test(option_help, common_options_that_a_tool_lacks_are_absent)
{
    char *text;

    program.has_output = program.has_threads = program.has_seed = false;
    text = print_help("all");
    cr_assert_null(strstr(text, "--output"));
    cr_assert_null(strstr(text, "--threads"));
    cr_assert_null(strstr(text, "--seed"));
    cr_assert_not_null(strstr(text, "--quiet"));
    free(text);
}

/* Every length of a default pushes the ends of lines elsewhere. */
Test(option_help, fits_80_columns)
{
    for (size_t n = 1; n <= 50; n++) {
        char value[64] = "", *text, *rest;

        memset(value, 'x', n);
        pairs = value;
        text = rest = print_help("all");
        cr_assert_not_null(strstr(text, value));
        while (rest != NULL)
            cr_assert_leq(strlen(strsep(&rest, "\n")), 80u);
        free(text);
    }
}

static const char screen[] =
    "Usage: wtest [options] FILE\n"
    "Tests options.\n"
    "\n"
    "Options             --pairs all  -g l2  -p 2  --bins 16  --cost FILE\n"
    "Results             --certify[=1e-09]  --plans  --strict  --label TEXT\n"
    "                    --unset X  --count N  --metric-two kl|js|tv  -i FILE\n"
    "                    --extra FILE\n"
    "Common options      -o FILE  -j 4  -s 7  -q  -v  --config FILE  "
    "--dump-config\n"
    "                    --help[=OPTION]  -V\n"
    "\n"
    "Values are the defaults, where there are any. '--help=OPTION' tells of "
    "one,\n"
    "'--help=all' of each, 'man wtest' of everything.\n";

Test(option_help, a_screen_of_names_where_all_is_more)
{
    char *text = print_help(NULL);

    cr_assert_str_eq(text, screen);
    free(text);
}

Test(option_help, a_summary_s_list_becomes_its_names)
{
    char *text;

    program.summary =
        "Tests options.\n\nKinds:\n  one    a first\n  two    more";
    text = print_help(NULL);
    cr_assert_not_null(strstr(text, "\nTests options.\n\nKinds               "
                                    "one  two\nOptions  "));
    free(text);
}

Test(option_help, all_where_it_fits_a_screen)
{
    static const bw_option few[] = {{.name = NULL}};
    char *text, *all;

    program.options = few;
    text = print_help(NULL);
    all = print_help("all");
    cr_assert_str_eq(text, all);
    free(text);
    free(all);
}

Test(option_help, one_option)
{
    static const char *const names[] = {"bins", "--bins"};

    for (size_t k = 0; k < 2; k++) {
        char *text = print_help(names[k]);

        cr_assert_str_eq(text,
                         "      --bins N              bins (default: 16)\n");
        free(text);
    }
}

Test(option_help, a_table_for_programs)
{
    char *text = print_help("table");

    cr_assert_not_null(
        strstr(text, "ground\tg\tchoice\tl1|l2|linf\tground distance\n"));
    cr_assert_not_null(
        strstr(text, "certify\tc\treal?\tTOL\tcheck every pair\n"));
    cr_assert_not_null(strstr(text, "plans\t-\tflag\t\twrite plans\n"));
    free(text);
}
