/* test_interrupt.c - signals as a question. */
#include "config.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"

/* The wait status of a process that runs body. */
static int run_child(void (*body)(void))
{
    int status = 0;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        body();
        _exit(0);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    return status;
}

static void ask_after_one(void)
{
    bw_interrupt_install();
    if (bw_interrupt_signal() != 0)
        _exit(1);
    raise(SIGTERM);
    if (bw_interrupt_signal() != SIGTERM)
        _exit(2);
    _exit(bw_interrupt_exit_status());
}

static void raise_two(void)
{
    bw_interrupt_install();
    raise(SIGTERM);
    raise(SIGINT);
    _exit(1);
}

static void ignored_before(void)
{
    signal(SIGINT, SIG_IGN);
    bw_interrupt_install();
    raise(SIGINT);
    _exit(bw_interrupt_signal() != 0);
}

static void closed_pipe(void)
{
    int end[2];

    bw_interrupt_install();
    if (pipe(end) != 0 || close(end[0]) != 0)
        _exit(1);
    _exit(write(end[1], "x", 1) == -1 && errno == EPIPE ? 0 : 2);
}

static void file_over_the_limit(void)
{
    struct rlimit limit = {1, 1};
    FILE *stream = tmpfile();

    bw_interrupt_install();
    if (stream == NULL || setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(1);
    if (write(fileno(stream), "x", 1) != 1)
        _exit(2);
    _exit(write(fileno(stream), "x", 1) == -1 && errno == EFBIG ? 0 : 3);
}

static void expect_exit(void (*body)(void), int wanted)
{
    int status = run_child(body);

    cr_assert(WIFEXITED(status));
    cr_assert_eq(WEXITSTATUS(status), wanted, "%d", WEXITSTATUS(status));
}

Test(interrupt, one_signal_is_an_answer)
{
    expect_exit(ask_after_one, 143);
}

Test(interrupt, a_second_signal_ends_the_process)
{
    expect_exit(raise_two, 130);
}

Test(interrupt, what_the_parent_ignored_stays_ignored)
{
    expect_exit(ignored_before, 0);
}

Test(interrupt, a_closed_pipe_is_an_error_number)
{
    expect_exit(closed_pipe, 0);
}

Test(interrupt, a_file_over_the_limit_is_an_error_number)
{
    expect_exit(file_over_the_limit, 0);
}
