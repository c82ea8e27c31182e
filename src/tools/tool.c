/* tool.c - what every main does the same way. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "barrow/status.h"
#include "base/interrupt.h"
#include "base/isa.h"
#include "base/option.h"
#include "base/path.h"
#include "tools/tool.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* A standard descriptor that the parent closed would be handed out to the next
 * file that is opened, and messages would go into it. Each is filled with one
 * that refuses its use: input cannot be read, output cannot be written. */
static void fill_standard_files(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Names come from files and may hold anything; a terminal shall not obey. */
static void print_message(const bw_program *program, const char *text)
{
    fprintf(stderr, "%s: ", program->name);
    for (; *text != '\0'; text++)
        fputc(iscntrl((unsigned char)*text) ? '?' : *text, stderr);
    fputc('\n', stderr);
}

static int report(const bw_program *program, bw_status status,
                  const bw_error *err)
{
    const char *text = err->text;

    if (status == BW_OK)
        return EXIT_DONE;
    print_message(program, *text != '\0' ? text : bw_status_text(status));
    if (status == BW_ERR_USAGE) {
        fprintf(stderr, "Try '%s --help' for more.\n", program->name);
        return EXIT_USAGE;
    }
    /* The signal may have cut off input, too: that of a pipe's other end. */
    if (bw_interrupt_signal() != 0)
        return bw_interrupt_exit_status();
    return EXIT_FAILED;
}

/* What was printed and did not arrive is a failure like any other. */
static bw_status close_standard_output(bw_error *err)
{
    bool is_failed = ferror(stdout) != 0;

    errno = 0;
    if (fclose(stdout) == 0 && !is_failed)
        return BW_OK;
    if (errno != 0)
        return bw_error_errno(err, "standard output");
    return bw_error_set(err, BW_ERR_IO, "standard output: write error");
}

int bw_tool_main(const bw_program *program, int argc, char **argv,
                 bw_tool_run run)
{
    bw_error err = BW_ERROR_INIT, lost = BW_ERROR_INIT;
    bw_parsed parsed;
    bw_status status;
    int result;

    fill_standard_files();
    bw_interrupt_install();
    status = bw_option_parse(program, argc, argv, stdout, &parsed, &err);
    if (status == BW_OK && !parsed.is_done)
        status = bw_isa_check(&err);
    if (status == BW_OK && !parsed.is_done)
        status = run(program, &parsed, &err);
    bw_parsed_clear(&parsed);
    result = report(program, status, &err);
    status = close_standard_output(&lost);
    if (result == EXIT_DONE)
        result = report(program, status, &lost);
    return result;
}

bw_status bw_tool_output(const bw_program *program, const char **path,
                         bw_error *err)
{
    *path = program->common->output;
    if (*path == NULL && isatty(STDOUT_FILENO))
        return bw_error_set(err, BW_ERR_USAGE,
                            "standard output is a terminal; name a file with "
                            "-o");
    if (*path == NULL)
        *path = "-";
    return BW_OK;
}

bw_status bw_tool_arguments(const bw_parsed *parsed, size_t *n_args,
                            const char ***ret_args, bw_error *err)
{
    size_t n = parsed->n_canonical + parsed->n_operands;
    const char **args = calloc(n + 1, sizeof *args);

    *n_args = 0;
    *ret_args = args;
    if (!args)
        return bw_error_memory(err);
    for (size_t k = 0; k < parsed->n_canonical; k++)
        args[(*n_args)++] = parsed->canonical[k];
    for (size_t k = 0; k < parsed->n_operands; k++)
        args[(*n_args)++] = bw_path_base(parsed->operand[k]);
    return BW_OK;
}
