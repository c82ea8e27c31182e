/* test_tool.c - what every main does: exit status, messages, standard output.
 * Each case is a process of its own, its standard files captured. */
#include "config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "barrow/status.h"
#include "base/interrupt.h"
#include "base/option.h"
#include "base/output.h"
#include "tools/tool.h"

static bw_option_common common;
static const bw_program program = {.name = "wtest",
                                   .usage = "[options] WORD",
                                   .summary = "Does what WORD says.",
                                   .common = &common,
                                   .has_output = true};

static bw_status run_output(bw_error *err)
{
    const char *path = NULL;
    bw_status status = bw_tool_output(&program, &path, err);

    if (status == BW_OK)
        printf("output %s\n", path);
    return status;
}

static bw_status run_open(bw_error *err)
{
    int fd = open("/dev/null", O_RDONLY);

    (void)err;
    printf("%s\n", fd > STDERR_FILENO ? "above" : "taken");
    return BW_OK;
}

/* The tool under test: its operand says what happens. */
static bw_status run(const bw_program *self, const bw_parsed *parsed,
                     bw_error *err)
{
    const char *word = parsed->n_operands > 0 ? parsed->operand[0] : "";

    (void)self;
    if (strcmp(word, "print") == 0)
        printf("printed\n");
    else if (strcmp(word, "fail") == 0)
        return bw_error_set(err, BW_ERR_FORMAT, "a\tb\033[2Jc: bad");
    else if (strcmp(word, "mute") == 0)
        return BW_ERR_INTERNAL;
    else if (strcmp(word, "usage") == 0)
        return bw_error_set(err, BW_ERR_USAGE, "too few");
    else if (strcmp(word, "output") == 0)
        return run_output(err);
    else if (strcmp(word, "open") == 0)
        return run_open(err);
    else if (strcmp(word, "stop") == 0) {
        raise(SIGTERM);
        return bw_error_set(err, BW_ERR_INTERRUPTED, "stopped");
    } else if (strcmp(word, "late") == 0)
        raise(SIGTERM);
    return BW_OK;
}

enum { CLOSED = -1, CAPTURED = -2 };

static char printed[1024], said[1024]; /* standard output and error */

static void read_back(FILE *stream, char text[1024])
{
    size_t n;

    rewind(stream);
    n = fread(text, 1, 1023, stream);
    text[n] = '\0';
    fclose(stream);
}

/* Runs "wtest FIRST SECOND" with standard output as given; its exit status. */
static int run_tool(const char *first, const char *opt_second, int out)
{
    char *argv[4] = {strdup("wtest"), strdup(first),
                     opt_second != NULL ? strdup(opt_second) : NULL, NULL};
    FILE *captured = tmpfile(), *messages = tmpfile();
    int status = 0;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0) {
        dup2(fileno(messages), STDERR_FILENO);
        if (out == CLOSED)
            close(STDOUT_FILENO);
        else
            dup2(out == CAPTURED ? fileno(captured) : out, STDOUT_FILENO);
        signal(SIGTERM, SIG_DFL);
        bw_option_common_init(&common);
        status = bw_tool_main(&program, opt_second ? 3 : 2, argv, run);
        fflush(stderr);
        _exit(status);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    read_back(captured, printed);
    read_back(messages, said);
    for (int k = 0; k < 3; k++)
        free(argv[k]);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

Test(tool, done_is_silent_and_0)
{
    cr_assert_eq(run_tool("print", NULL, CAPTURED), 0);
    cr_assert_str_eq(printed, "printed\n");
    cr_assert_str_eq(said, "");
}

Test(tool, a_failure_is_a_message_and_1)
{
    cr_assert_eq(run_tool("fail", NULL, CAPTURED), 1);
    cr_assert_str_eq(said, "wtest: a?b?[2Jc: bad\n");
    cr_assert_eq(run_tool("mute", NULL, CAPTURED), 1);
    cr_assert_str_eq(said, "wtest: internal error\n");
}

Test(tool, wrong_usage_is_a_hint_and_2)
{
    cr_assert_eq(run_tool("usage", NULL, CAPTURED), 2);
    cr_assert_str_eq(said, "wtest: too few\n"
                           "Try 'wtest --help' for more.\n");
    cr_assert_eq(run_tool("--verbos", "print", CAPTURED), 2);
    cr_assert_str_eq(said, "wtest: unknown option '--verbos'; did you mean "
                           "'--verbose'?\n"
                           "Try 'wtest --help' for more.\n");
    cr_assert_str_eq(printed, "");
}

Test(tool, help_and_version_do_no_work)
{
    cr_assert_eq(run_tool("--version", "fail", CAPTURED), 0);
    cr_assert_str_eq(printed, "wtest (barrow) " PACKAGE_VERSION "\n");
    cr_assert_eq(run_tool("--help", "fail", CAPTURED), 0);
    cr_assert_eq(strncmp(printed, "Usage: wtest ", 13), 0);
    cr_assert_eq(run_tool("--dump-config", "fail", CAPTURED), 0);
    cr_assert_str_eq(said, "");
}

Test(tool, a_signal_gives_its_own_status)
{
    cr_assert_eq(run_tool("stop", NULL, CAPTURED), 143);
    cr_assert_str_eq(said, "wtest: stopped\n");
    cr_assert_eq(run_tool("late", NULL, CAPTURED), 0);
}

Test(tool, lost_output_is_a_failure)
{
    int full = open("/dev/full", O_WRONLY);
    int end[2];

    cr_assert_eq(run_tool("print", NULL, full), 1);
    cr_assert_str_eq(said, "wtest: standard output: No space left on device\n");
    cr_assert_eq(run_tool("--version", NULL, full), 1);
    cr_assert_eq(run_tool("usage", NULL, full), 2);
    cr_assert_eq(pipe(end), 0);
    close(end[0]);
    cr_assert_eq(run_tool("print", NULL, end[1]), 1);
    cr_assert_str_eq(said, "wtest: standard output: Broken pipe\n");
}

Test(tool, a_closed_standard_output_is_missed_only_when_used)
{
    cr_assert_eq(run_tool("print", NULL, CLOSED), 1);
    cr_assert_str_eq(said, "wtest: standard output: Bad file descriptor\n");
    cr_assert_eq(run_tool("late", NULL, CLOSED), 0);
}

Test(tool, files_never_take_the_place_of_standard_ones)
{
    int status = 0;
    FILE *captured = tmpfile();
    pid_t child = fork();

    if (child == 0) {
        dup2(fileno(captured), STDOUT_FILENO);
        close(STDIN_FILENO);
        close(STDERR_FILENO);
        bw_option_common_init(&common);
        _exit(
            bw_tool_main(&program, 2, (char *[]){"wtest", "open", NULL}, run));
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    read_back(captured, printed);
    cr_assert_str_eq(printed, "above\n");
}

Test(tool, output_goes_to_the_file_or_a_pipe_and_no_terminal)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);

    cr_assert_eq(run_tool("output", NULL, CAPTURED), 0);
    cr_assert_str_eq(printed, "output -\n");
    cr_assert_eq(run_tool("output", "-ofile", CAPTURED), 0);
    cr_assert_str_eq(printed, "output file\n");
    if (terminal < 0)
        cr_skip_test("no pseudo-terminal here");
    cr_assert_eq(run_tool("output", NULL, terminal), 2);
    cr_assert_str_eq(said, "wtest: standard output is a terminal; name a file "
                           "with -o\n"
                           "Try 'wtest --help' for more.\n");
}
