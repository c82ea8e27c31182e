/* test_progress.c - the line that says how far work has come. Clocks are set
 * by hand: nothing waits, and no rate is asserted that time could change. */
#include "config.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/progress.h"

static char *text;
static size_t n_text;
static FILE *stream; /* no terminal: its descriptor is -1 */

static void open_stream(void)
{
    stream = open_memstream(&text, &n_text);
}

static void close_stream(void)
{
    if (stream != NULL)
        fclose(stream);
    free(text);
}

TestSuite(progress, .init = open_stream, .fini = close_stream);

static bool ends_with(const char *whole, const char *end)
{
    return strlen(whole) >= strlen(end) &&
           strcmp(whole + strlen(whole) - strlen(end), end) == 0;
}

/* Sets the clocks back, so that the work seems to have taken so long. */
static void pass_seconds(bw_progress *progress, double seconds)
{
    progress->started -= seconds;
    progress->shown -= seconds;
}

Test(progress, nothing_unless_asked)
{
    bw_progress progress;

    bw_progress_start(&progress, stream, false, false, "wdist", "pairs", 9, 0);
    pass_seconds(&progress, 100);
    bw_progress_update(&progress, 5);
    bw_progress_finish(&progress, 9);
    bw_progress_start(&progress, stream, true, true, "wdist", "pairs", 9, 0);
    pass_seconds(&progress, 100);
    bw_progress_update(&progress, 5);
    bw_progress_finish(&progress, 9);
    bw_progress_start(&progress, NULL, false, true, "wdist", "pairs", 9, 0);
    bw_progress_update(&progress, 5);
    bw_progress_finish(&progress, 9);
    fflush(stream);
    cr_assert_eq(n_text, 0u);
}

Test(progress, short_work_says_nothing)
{
    bw_progress progress;

    bw_progress_start(&progress, stream, false, true, "wdist", "pairs", 9, 0);
    pass_seconds(&progress, 20);
    bw_progress_update(&progress, 5);
    bw_progress_finish(&progress, 9);
    fflush(stream);
    cr_assert_eq(n_text, 0u);
}

Test(progress, verbose_prints_a_plain_line_when_one_is_due)
{
    bw_progress progress;

    bw_progress_start(&progress, stream, false, true, "wdist", "pairs", 200, 0);
    pass_seconds(&progress, 3600);
    bw_progress_update(&progress, 50);
    bw_progress_update(&progress, 51); /* not due again */
    fflush(stream);
    cr_assert_eq(
        strncmp(text, "wdist: 50 of 200 pairs (25.0 %), 0.0139/s, ", 43), 0,
        "%s", text);
    cr_assert(ends_with(text, " left\n"), "%s", text);
    bw_progress_finish(&progress, 200);
    fflush(stream);
    cr_assert_not_null(strstr(text, "\nwdist: 200 pairs in 1:00:"));
    cr_assert_null(strchr(text, '\r'));
}

Test(progress, work_of_an_earlier_run_is_no_speed)
{
    bw_progress progress;

    bw_progress_start(&progress, stream, false, true, "wdist", "pairs", 200,
                      150);
    pass_seconds(&progress, 3600);
    bw_progress_update(&progress, 150);
    fflush(stream);
    cr_assert_str_eq(text, "wdist: 150 of 200 pairs (75.0 %)\n");
    pass_seconds(&progress, 40);
    bw_progress_update(&progress, 160);
    fflush(stream);
    cr_assert_not_null(strstr(text, "(80.0 %), 0.00275/s, "), "%s", text);
}

Test(progress, an_unknown_total_has_no_share_and_no_end)
{
    bw_progress progress;

    bw_progress_start(&progress, stream, false, true, "wpack", "rows", 0, 0);
    pass_seconds(&progress, 3600);
    bw_progress_update(&progress, 3600000);
    fflush(stream);
    cr_assert_eq(strncmp(text, "wpack: 3600000 rows, ", 21), 0, "%s", text);
    cr_assert(ends_with(text, "/s\n"), "%s", text);
    cr_assert_null(strchr(text, '%'));
}

Test(progress, a_note_stands_in_place_of_the_counts)
{
    static const char line[] =
        "dwe: 25.0 %, epoch 3, loss 0.50, 0.0139 pairs/s, ";
    bw_progress progress;

    bw_progress_start(&progress, stream, false, true, "dwe", "pairs", 200, 0);
    bw_progress_note(&progress, "epoch %d, loss %.2f", 3, 0.5);
    pass_seconds(&progress, 3600);
    bw_progress_update(&progress, 50);
    fflush(stream);
    cr_assert_eq(strncmp(text, line, strlen(line)), 0, "%s", text);
    cr_assert(ends_with(text, " left\n"), "%s", text);
    bw_progress_note(&progress, "epoch 4");
    pass_seconds(&progress, 40);
    bw_progress_update(&progress, 60);
    fflush(stream);
    cr_assert_not_null(strstr(text, "\ndwe: 30.0 %, epoch 4, "), "%s", text);
}

Test(progress, a_note_to_nobody_is_not_taken)
{
    bw_progress progress;

    bw_progress_start(&progress, stream, true, true, "dwe", "pairs", 200, 0);
    bw_progress_note(&progress, "epoch 3");
    cr_assert_eq(progress.note[0], '\0');
}

Test(progress, a_long_note_is_cut)
{
    char note[1000];
    bw_progress progress;

    memset(note, 'x', sizeof note);
    note[sizeof note - 1] = '\0';
    bw_progress_start(&progress, stream, false, true, note, note, 0, 0);
    bw_progress_note(&progress, "%s", note);
    pass_seconds(&progress, 3600);
    bw_progress_update(&progress, 50);
    fflush(stream);
    cr_assert_lt(n_text, 520);
    cr_assert(ends_with(text, "x\n"));
}

/* A pseudo-terminal, its other side in *ret_master. A chroot may have none. */
static FILE *open_terminal(int *ret_master)
{
    char name[64];

    *ret_master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*ret_master < 0)
        cr_skip_test("no pseudo-terminal here");
    cr_assert_eq(grantpt(*ret_master), 0);
    cr_assert_eq(unlockpt(*ret_master), 0);
    cr_assert_eq(ptsname_r(*ret_master, name, sizeof name), 0);
    return fopen(name, "w");
}

/* What came to the terminal until its other side was closed: a read may return
 * any part of it. */
static void read_terminal(int master, char *seen, size_t size)
{
    size_t n = 0;
    ssize_t got;

    while ((got = read(master, seen + n, size - 1 - n)) > 0)
        n += (size_t)got;
    seen[n] = '\0';
}

Test(progress, a_terminal_gets_one_line_rewritten)
{
    bw_progress progress;
    char seen[512];
    int master;
    FILE *terminal = open_terminal(&master);
    const char *last;

    cr_assert_not_null(terminal);
    bw_progress_start(&progress, terminal, false, false, "wdist", "pairs", 4,
                      0);
    pass_seconds(&progress, 10);
    bw_progress_update(&progress, 1);
    cr_assert(progress.is_dirty);
    pass_seconds(&progress, 10);
    bw_progress_update(&progress, 2);
    bw_progress_finish(&progress, 4);
    cr_assert_not(progress.is_dirty);
    fclose(terminal);
    read_terminal(master, seen, sizeof seen);
    close(master);
    cr_assert_eq(strncmp(seen, "\rwdist: 1 of 4 pairs (25.0 %)", 29), 0);
    cr_assert_not_null(strstr(seen, "\033[K\rwdist: 2 of 4 pairs (50.0 %)"));
    last = strrchr(seen, '\r'); /* of the terminal's own \r\n */
    cr_assert_str_eq(last, "\r\n");
    cr_assert_not_null(strstr(seen, "\033[K\rwdist: 4 pairs in 0:00:2"));
}

Test(progress, a_line_is_cut_to_the_terminal)
{
    struct winsize size = {.ws_row = 25, .ws_col = 20};
    bw_progress progress;
    char seen[512];
    int master;
    FILE *terminal = open_terminal(&master);

    cr_assert_not_null(terminal);
    cr_assert_eq(ioctl(master, TIOCSWINSZ, &size), 0);
    bw_progress_start(&progress, terminal, false, false, "dwe", "pairs", 4, 0);
    bw_progress_note(&progress, "epoch 3, loss 0.5");
    pass_seconds(&progress, 10);
    bw_progress_update(&progress, 1);
    fclose(terminal);
    read_terminal(master, seen, sizeof seen);
    close(master);
    cr_assert_str_eq(seen, "\rdwe: 25.0 %, epoch \033[K");
}

Test(progress, the_clock_does_not_go_back)
{
    double before = bw_progress_now();

    cr_assert_leq(before, bw_progress_now());
}
