/* test_option.c - command lines, files of options, help, and the canonical
 * options of provenance. */
#include "config.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "barrow/status.h"
#include "base/option.h"

/* ---- a program with every type of option ---- */

static const char *pairs;
static uint64_t bins;
static double power, tolerance;
static int ground;
static bool plans, is_certified, has_label;
static const char *cost, *label;
static bw_option_list inputs, targets;
static bw_option_common common;

static const bw_option options[] = {
    {.type = BW_OPTION_GROUP, .name = "Problem"},
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
    {.type = BW_OPTION_TEXT,
     .name = "label",
     .meta = "TEXT",
     .value = &label,
     .help = "name",
     .is_optional = true,
     .given = &has_label},
    {.type = BW_OPTION_LIST,
     .name = "input",
     .letter = 'i',
     .meta = "FILE",
     .help = "another input",
     .value = &inputs},
    {.type = BW_OPTION_LIST,
     .name = "to",
     .meta = "NAME",
     .help = "another name",
     .value = &targets},
    {.name = NULL}};

static const bw_program program = {.name = "wtest",
                                   .usage = "[options] FILE",
                                   .summary = "Tests options.",
                                   .options = options,
                                   .common = &common,
                                   .has_output = true,
                                   .has_threads = true,
                                   .has_seed = true};

static bw_parsed parsed;
static bw_error err;
static char *printed;

/* Parses a command line whose words are separated by blanks. */
static bw_status parse(const char *line)
{
    static char words[512];
    static char *argv[64];
    size_t n_printed = 0;
    FILE *out = NULL;
    bw_status status;
    int argc = 0;

    bw_parsed_clear(&parsed);
    free(printed);
    snprintf(words, sizeof words, "wtest %s", line);
    for (char *word = strtok(words, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    argv[argc] = NULL;
    out = open_memstream(&printed, &n_printed);
    err = (bw_error)BW_ERROR_INIT;
    status = bw_option_parse(&program, argc, argv, out, &parsed, &err);
    fclose(out);
    return status;
}

static void reset(void)
{
    bw_option_common_init(&common);
    common.n_threads = 4;
    pairs = "all";
    bins = 16;
    power = 2.0;
    tolerance = 1e-9;
    ground = 1;
    plans = is_certified = has_label = false;
    cost = label = NULL;
    inputs = targets = (bw_option_list){0, NULL};
}

static void clear(void)
{
    bw_parsed_clear(&parsed);
    free(printed);
}

TestSuite(option, .init = reset, .fini = clear);

static void expect_ok(const char *line)
{
    cr_assert_eq(parse(line), BW_OK, "%s: %s", line, err.text);
}

static void expect_usage(const char *line, const char *message)
{
    reset();
    cr_assert_eq(parse(line), BW_ERR_USAGE, "%s", line);
    cr_assert_str_eq(err.text, message);
    cr_assert_not(parsed.is_done);
}

static void expect_canonical(const char *wanted)
{
    char line[512] = "";

    for (size_t k = 0; k < parsed.n_canonical; k++) {
        strcat(line, k > 0 ? " " : "");
        strcat(line, parsed.canonical[k]);
    }
    cr_assert_str_eq(line, wanted);
}

/* ---- the command line ---- */

Test(option, every_type_is_set)
{
    expect_ok("--pairs cross --ground=l1 --power 1.5 --bins=007 --certify=1e-3 "
              "--plans --input a --input=b -i c -j 3 -s 18446744073709551615");
    cr_assert_str_eq(pairs, "cross");
    cr_assert_eq(ground, 0);
    cr_assert_eq(power, 1.5);
    cr_assert_eq(bins, 7u);
    cr_assert_eq(tolerance, 1e-3);
    cr_assert(is_certified && plans && !has_label);
    cr_assert_eq(inputs.n, 3u);
    cr_assert_str_eq(inputs.item[0], "a");
    cr_assert_str_eq(inputs.item[1], "b");
    cr_assert_str_eq(inputs.item[2], "c");
    cr_assert_eq(common.n_threads, 3u);
    cr_assert_eq(common.seed, UINT64_MAX);
    cr_assert_eq(parsed.n_operands, 0u);
    cr_assert_not(parsed.is_done);
}

Test(option, lists_are_kept_apart)
{
    expect_ok("--to x -i a --to y -i b");
    cr_assert_eq(inputs.n, 2u);
    cr_assert_eq(targets.n, 2u);
    cr_assert_str_eq(inputs.item[0], "a");
    cr_assert_str_eq(inputs.item[1], "b");
    cr_assert_str_eq(targets.item[0], "x");
    cr_assert_str_eq(targets.item[1], "y");
}

Test(option, operands_and_options_mix)
{
    expect_ok("a -j 2 - --plans b -- --pairs -x");
    cr_assert_eq(parsed.n_operands, 5u);
    cr_assert_str_eq(parsed.operand[0], "a");
    cr_assert_str_eq(parsed.operand[1], "-");
    cr_assert_str_eq(parsed.operand[2], "b");
    cr_assert_str_eq(parsed.operand[3], "--pairs");
    cr_assert_str_eq(parsed.operand[4], "-x");
    cr_assert_str_eq(pairs, "all");
}

Test(option, letters_bundle)
{
    expect_ok("-qvj3 -oout -p2.5");
    cr_assert(common.is_quiet && common.is_verbose);
    cr_assert_eq(common.n_threads, 3u);
    cr_assert_str_eq(common.output, "out");
    cr_assert_eq(power, 2.5);
}

Test(option, a_value_may_look_like_an_option)
{
    expect_ok("--pairs --plans -o - --cost=-x=y");
    cr_assert_str_eq(pairs, "--plans");
    cr_assert_str_eq(common.output, "-");
    cr_assert_str_eq(cost, "-x=y");
    cr_assert_not(plans);
}

Test(option, optional_values_are_taken_only_when_attached)
{
    expect_ok("--certify 1e-3 --label");
    cr_assert(is_certified && has_label);
    cr_assert_eq(tolerance, 1e-9);
    cr_assert_null(label);
    cr_assert_eq(parsed.n_operands, 1u);
    expect_ok("-c1e-4 --label=x");
    cr_assert_eq(tolerance, 1e-4);
    cr_assert_str_eq(label, "x");
}

Test(option, quiet_verbose_and_lists_may_repeat)
{
    expect_ok("-q -q -vv --quiet -i a -i a");
    cr_assert_eq(inputs.n, 2u);
}

Test(option, misuse_is_refused_with_the_option_as_typed)
{
    expect_usage("--plans=1", "option '--plans' takes no value");
    expect_usage("--pairs", "option '--pairs' needs a value");
    expect_usage("-j", "option '-j' needs a value");
    expect_usage("-qj", "option '-j' needs a value");
    expect_usage("-j 1 --threads 2", "option '--threads' is given twice");
    expect_usage("--threads 2 -j 1", "option '-j' is given twice");
    expect_usage("--plans --plans", "option '--plans' is given twice");
    expect_usage("-x", "unknown option '-x'");
    expect_usage("-qxv", "unknown option '-x'");
    expect_usage("---", "unknown option '---'");
    expect_usage("--=3", "unknown option '--'");
}

Test(option, the_nearest_name_is_proposed)
{
    expect_usage("--pears", "unknown option '--pears'; did you mean "
                            "'--pairs'?");
    expect_usage("--pears=3", "unknown option '--pears'; did you mean "
                              "'--pairs'?");
    expect_usage("--piars", "unknown option '--piars'; did you mean "
                            "'--pairs'?");
    expect_usage("--bin", "unknown option '--bin'; did you mean '--bins'?");
    expect_usage("--verb", "unknown option '--verb'; did you mean "
                           "'--verbose'?");
    expect_usage("--potatoes", "unknown option '--potatoes'");
    expect_usage("--Problem", "unknown option '--Problem'");
    expect_usage("--p", "unknown option '--p'");
    expect_usage("--x", "unknown option '--x'");
}

Test(option, values_are_checked)
{
    expect_usage("-j 0", "option '-j': 0 is out of range (1 to 1024)");
    expect_usage("--threads=1025",
                 "option '--threads': 1025 is out of range (1 to 1024)");
    expect_usage("-p=2", "option '-p': '=2' is not a number");
    cr_assert_eq(common.n_threads, 4u);
}

Test(option, only_the_programs_own_common_options_exist)
{
    static const bw_program bare = {.name = "wbare",
                                    .usage = "FILE",
                                    .summary = "Nothing.",
                                    .common = &common};
    char name[] = "wbare", flag[] = "-o";
    char *argv[] = {name, flag, NULL};

    cr_assert_eq(bw_option_parse(&bare, 2, argv, stdout, &parsed, &err),
                 BW_ERR_USAGE);
    cr_assert_str_eq(err.text, "unknown option '-o'");
}

Test(option, no_arguments_at_all)
{
    char *argv[] = {NULL};

    cr_assert_eq(bw_option_parse(&program, 0, argv, stdout, &parsed, &err),
                 BW_OK);
    cr_assert_eq(parsed.n_operands, 0u);
}

/* ---- help and version ---- */

Test(option, help_is_served_with_the_values_from_before)
{
    char *first = NULL;

    expect_ok("--help=all");
    cr_assert(parsed.is_done);
    cr_assert_not_null(strstr(printed, "the power P (default: 2)\n"));
    first = strdup(printed);
    expect_ok("-p 7 -qhall --bins nonsense");
    cr_assert(parsed.is_done);
    cr_assert_str_eq(printed, first);
    cr_assert_eq(power, 2.0);
    free(first);
}

Test(option, version_names_tool_and_suite)
{
    expect_ok("-V");
    cr_assert(parsed.is_done);
    cr_assert_str_eq(printed, "wtest (barrow) " PACKAGE_VERSION "\n");
}

/* ---- files of options ---- */

static char path[] = "/tmp/barrow-test-XXXXXX";

static void write_config(const char *text, size_t n)
{
    int fd;

    strcpy(path, "/tmp/barrow-test-XXXXXX");
    fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, n), (ssize_t)n);
    close(fd);
}

/* Parses `line` with --config FILE before, the file holding text. */
static bw_status parse_config(const char *text, const char *line)
{
    char whole[256];
    bw_status status;

    write_config(text, strlen(text));
    snprintf(whole, sizeof whole, "--config %s %s", path, line);
    status = parse(whole);
    unlink(path);
    return status;
}

static void expect_config_ok(const char *text, const char *line)
{
    cr_assert_eq(parse_config(text, line), BW_OK, "%s: %s", text, err.text);
}

static void expect_config_usage(const char *text, const char *message)
{
    reset();
    cr_assert_eq(parse_config(text, ""), BW_ERR_USAGE, "%s", text);
    cr_assert_eq(strncmp(err.text, path, strlen(path)), 0, "%s", err.text);
    cr_assert_str_eq(err.text + strlen(path), message);
}

Test(option, config_sets_every_type)
{
    expect_config_ok("# a study\n"
                     "\n"
                     "pairs=cross\n"
                     "  ground\t=  linf   # pixels\r\n"
                     "power = 1.5\n"
                     "certify\n"
                     "plans = true\n"
                     "label = \"a # \\\"b\\\\ \\n\"  # kept\n"
                     "cost = a#b c\n"
                     "input = x\n"
                     "input = y\n"
                     "quiet",
                     "");
    cr_assert_str_eq(pairs, "cross");
    cr_assert_eq(ground, 2);
    cr_assert_eq(power, 1.5);
    cr_assert(is_certified && plans && has_label && common.is_quiet);
    cr_assert_str_eq(label, "a # \"b\\ \n");
    cr_assert_str_eq(cost, "a#b c");
    cr_assert_eq(inputs.n, 2u);
    cr_assert_str_eq(inputs.item[1], "y");
}

Test(option, the_command_line_wins)
{
    expect_config_ok("pairs = cross\ninput = x\ninput = y\nbins = 3\n",
                     "--pairs all -i z");
    cr_assert_str_eq(pairs, "all");
    cr_assert_eq(bins, 3u);
    cr_assert_eq(inputs.n, 1u);
    cr_assert_str_eq(inputs.item[0], "z");
}

Test(option, config_errors_name_file_and_line)
{
    expect_config_usage("\n\npears = 1\n",
                        ": line 3: unknown option 'pears'; did you mean "
                        "'pairs'?");
    expect_config_usage("power = 0.5", ": line 1: option 'power': 0.5 is out "
                                       "of range (at least 1)");
    expect_config_usage("bins = 1\n#\nbins = 2\n",
                        ": line 3: option 'bins' is given twice");
    expect_config_usage("bins 2", ": line 1: option 'bins': '=' is missing");
    expect_config_usage("= 2", ": line 1: a name is missing before '='");
    expect_config_usage("\nbins\n", ": line 2: option 'bins' needs a value");
    expect_config_usage("input", ": line 1: option 'input' needs a value");
    expect_config_usage("cost = # x", ": line 1: option 'cost': no value "
                                      "follows '='; an empty one is \"\"");
    expect_config_usage("cost = \"a", ": line 1: option 'cost': a quote is not "
                                      "closed");
    expect_config_usage("cost = \"a\\", ": line 1: option 'cost': a quote is "
                                        "not closed");
    expect_config_usage("cost = \"a\" b", ": line 1: option 'cost': 'b' stands "
                                          "behind the closing quote");
    expect_config_usage("plans = yes", ": line 1: option 'plans': 'yes' is "
                                       "neither true nor false");
    expect_config_usage("config = x", ": line 1: option 'config' is for the "
                                      "command line only");
    expect_config_usage("help", ": line 1: option 'help' is for the command "
                                "line only");
}

Test(option, a_config_that_is_none)
{
    cr_assert_eq(parse("--config /nonexistent/x"), BW_ERR_IO);
    cr_assert_str_eq(err.text, "/nonexistent/x: cannot be opened: No such file "
                               "or directory");
    cr_assert_not_null(freopen("/dev/zero", "r", stdin));
    cr_assert_eq(parse("--config -"), BW_ERR_USAGE);
    cr_assert_str_eq(err.text, "standard input: more than 1048576 bytes are no "
                               "file of options");
    cr_assert_eq(parse("--config /tmp"), BW_ERR_IO);
    cr_assert_str_eq(err.text, "/tmp: cannot be read: Is a directory");
    cr_assert_eq(parse("--config /dev/zero"), BW_ERR_USAGE);
    cr_assert_str_eq(err.text, "/dev/zero: more than 1048576 bytes are no file "
                               "of options");
    expect_ok("--config /dev/null");
    bw_parsed_clear(&parsed);
    write_config("bins = 1\n\0bins", 14);
    cr_assert_eq(bw_option_parse(&program, 3,
                                 (char *[]){path, "--config", path, NULL},
                                 stdout, &parsed, &err),
                 BW_ERR_USAGE);
    unlink(path);
    cr_assert_not_null(strstr(err.text, ": a NUL byte is in it"));
}

Test(option, dump_is_the_effective_options)
{
    expect_ok("--dump-config --power 0x1.8p0 -i a -i #b");
    cr_assert(parsed.is_done);
    cr_assert_str_eq(printed, "# wtest (barrow) " PACKAGE_VERSION "\n"
                              "\n"
                              "# Problem\n"
                              "pairs = all\n"
                              "ground = l2\n"
                              "power = 1.5\n"
                              "bins = 16\n"
                              "# cost\n"
                              "\n"
                              "# Results\n"
                              "# certify\n"
                              "plans = false\n"
                              "# label\n"
                              "input = a\n"
                              "input = \"#b\"\n"
                              "# to\n"
                              "\n"
                              "# Common options\n"
                              "# output\n"
                              "threads = 4\n"
                              "seed = 0\n"
                              "quiet = false\n"
                              "verbose = false\n");
}

Test(option, dump_is_served_only_when_the_line_is_right)
{
    cr_assert_eq(parse("--dump-config --power 0"), BW_ERR_USAGE);
    cr_assert_str_eq(printed, "");
}

Test(option, a_dump_reads_back_as_it_was)
{
    char *first = NULL;

    label = " \t#\"\\\n'";
    expect_ok("--dump-config --power 1.1 --label --certify=3e-4 --plans "
              "--cost=a#b -o x -i = -i \"");
    first = strdup(printed);
    reset();
    expect_config_ok(first, "--dump-config");
    cr_assert_str_eq(printed, first);
    cr_assert_str_eq(label, " \t#\"\\\n'");
    cr_assert_str_eq(inputs.item[1], "\"");
    cr_assert_eq(tolerance, 3e-4);
    cr_assert(is_certified && plans);
    free(first);
}

Test(option, a_dump_keeps_what_was_not_given)
{
    char *first = NULL;

    expect_ok("--dump-config");
    first = strdup(printed);
    expect_config_ok(first, "");
    cr_assert(!is_certified && !has_label);
    cr_assert_null(common.output);
    free(first);
}

/* ---- provenance ---- */

Test(option, canonical_is_what_shapes_the_result_in_table_order)
{
    expect_ok("-s 007 -i b -i a -j 2 -o out -q --plans --cost dir/c.npy "
              "--power 1.50 -c x");
    expect_canonical("--power=1.5 --cost=c.npy --certify=1e-09 --plans "
                     "--input=b --input=a --seed=7");
}

Test(option, canonical_knows_config_and_defaults)
{
    /* What a dumped config spells out is what would have been anyway. */
    expect_config_ok("ground = l2\nplans = false\nlabel\n", "--power 2");
    expect_canonical("--label");
    expect_config_ok("ground = l1\nplans = false\nlabel\n", "--power 3");
    expect_canonical("--ground=l1 --power=3 --label");
    expect_ok("");
    expect_canonical("");
}

/* ---- defaults ---- */

Test(option, common_defaults)
{
    bw_option_common_init(&common);
    cr_assert_geq(common.n_threads, 1u);
    cr_assert_leq(common.n_threads, (uint64_t)BW_MAX_THREADS);
    cr_assert_null(common.output);
    cr_assert_eq(common.seed, 0u);
}
