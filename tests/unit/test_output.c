/* test_output.c - files that appear whole or not at all. */
#include "config.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "barrow/status.h"
#include "base/output.h"

/* Stands in for the C library's openat, so that a test can play a file system
 * that has no O_TMPFILE. */
static bool has_tmpfile = true;
static int n_tmpfile_tries;

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    unsigned mode;

    va_start(args, flags);
    mode = va_arg(args, unsigned);
    va_end(args);
    if ((flags & O_TMPFILE) == O_TMPFILE) {
        n_tmpfile_tries++;
        if (!has_tmpfile) {
            errno = EOPNOTSUPP;
            return -1;
        }
    }
    return (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* Every test works in an empty folder of its own. */
static char home[64];

static void enter_home(void)
{
    snprintf(home, sizeof home, "/tmp/barrow-test-XXXXXX");
    cr_assert_not_null(mkdtemp(home));
    cr_assert_eq(chdir(home), 0);
}

static void leave_home(void)
{
    char command[96];

    cr_assert_eq(chdir("/"), 0);
    snprintf(command, sizeof command, "rm -rf %s", home);
    cr_assert_eq(system(command), 0);
}

TestSuite(output, .init = enter_home, .fini = leave_home);

static size_t count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    size_t n = 0;

    cr_assert_not_null(dir);
    while (readdir(dir) != NULL)
        n++;
    closedir(dir);
    return n - 2;
}

static void expect_text(const char *path, const char *wanted)
{
    char text[256] = "";
    FILE *stream = fopen(path, "r");

    cr_assert_not_null(stream, "%s is missing", path);
    cr_assert_eq(fread(text, 1, sizeof text - 1, stream), strlen(wanted));
    fclose(stream);
    cr_assert_str_eq(text, wanted);
}

static void make_file(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");

    cr_assert_not_null(stream);
    fputs(text, stream);
    fclose(stream);
}

/* Writes text to path; with commit or without. */
static void write_file(const char *path, const char *text, bool is_committed)
{
    bw_output *output = NULL;
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_output_open(path, &output, &err), BW_OK, "%s", err.text);
    cr_assert_eq(bw_output_write(output, text, strlen(text), &err), BW_OK);
    if (is_committed)
        cr_assert_eq(bw_output_commit(output, &err), BW_OK, "%s", err.text);
    bw_output_destroy(output);
}

static void expect_refused(const char *path, const char *message)
{
    bw_output *output = NULL;
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_output_open(path, &output, &err), BW_ERR_IO);
    cr_assert_null(output);
    cr_assert_str_eq(err.text, message);
}

/* ---- regular files ---- */

static void check_whole_or_not_at_all(void)
{
    bw_output *output = NULL;
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(bw_output_open("a", &output, &err), BW_OK);
    cr_assert_eq(bw_output_write(output, "one ", 4, &err), BW_OK);
    cr_assert_eq(bw_output_write(output, "two", 3, &err), BW_OK);
    cr_assert_neq(access("a", F_OK), 0);
    cr_assert_eq(bw_output_commit(output, &err), BW_OK);
    expect_text("a", "one two");
    bw_output_destroy(output);
    expect_text("a", "one two");
    write_file("a", "half", false);
    expect_text("a", "one two");
    write_file("a", "new", true);
    expect_text("a", "new");
    write_file("b", "never", false);
    cr_assert_eq(count_files("."), 1u);
}

Test(output, appears_at_commit_or_never)
{
    check_whole_or_not_at_all();
    cr_assert_gt(n_tmpfile_tries, 0);
}

Test(output, appears_at_commit_or_never_without_nameless_files)
{
    has_tmpfile = false;
    check_whole_or_not_at_all();
    cr_assert_gt(n_tmpfile_tries, 0);
}

Test(output, temporaries_of_others_are_left_alone)
{
    char name[64];

    snprintf(name, sizeof name, ".barrow-%ld-0.tmp", (long)getpid());
    make_file(name, "not ours");
    write_file("a", "text", true);
    has_tmpfile = false;
    write_file("b", "text", true);
    write_file("b", "text", false);
    expect_text(name, "not ours");
    cr_assert_eq(count_files("."), 3u);
}

static void check_mode(mode_t mask, mode_t wanted)
{
    struct stat st;

    umask(mask);
    write_file("a", "x", true);
    cr_assert_eq(stat("a", &st), 0);
    cr_assert_eq(st.st_mode & 07777, wanted, "%o", st.st_mode);
}

Test(output, mode_follows_the_umask)
{
    check_mode(022, 0644);
    check_mode(077, 0600);
    has_tmpfile = false;
    check_mode(022, 0644);
    check_mode(077, 0600);
}

Test(output, a_link_is_followed)
{
    char target[64] = "";

    cr_assert_eq(mkdir("d", 0777), 0);
    make_file("d/file", "old");
    cr_assert_eq(symlink("d/file", "link"), 0);
    write_file("link", "new", true);
    expect_text("d/file", "new");
    cr_assert_eq(readlink("link", target, sizeof target - 1), 6);
    cr_assert_str_eq(target, "d/file");
    cr_assert_eq(count_files("d"), 1u);
}

Test(output, the_longest_name_is_fine)
{
    char name[256];

    memset(name, 'n', 255);
    name[255] = '\0';
    write_file(name, "x", true);
    has_tmpfile = false;
    write_file(name, "y", true);
    expect_text(name, "y");
}

Test(output, refusals_name_path_and_reason)
{
    cr_assert_eq(mkdir("folder", 0777), 0);
    make_file("file", "");
    expect_refused("none/a", "none/a: No such file or directory");
    expect_refused("folder", "folder: Is a directory");
    expect_refused("folder/", "folder/: Is a directory");
    expect_refused("fresh/", "fresh/: Is a directory");
    expect_refused("file/a", "file/a: Not a directory");
    expect_refused("", ": No such file or directory");
}

Test(output, a_failed_commit_leaves_nothing)
{
    bw_output *output = NULL;
    bw_error err = BW_ERROR_INIT;

    for (int k = 0; k < 2; k++) {
        has_tmpfile = k == 0;
        cr_assert_eq(bw_output_open("a", &output, &err), BW_OK);
        cr_assert_eq(mkdir("a", 0777), 0);
        cr_assert_eq(bw_output_commit(output, &err), BW_ERR_IO);
        cr_assert_str_eq(err.text, "a: Is a directory");
        bw_output_destroy(output);
        cr_assert_eq(rmdir("a"), 0);
        cr_assert_eq(count_files("."), 0u);
    }
}

Test(output, destroy_of_null_is_fine)
{
    bw_output_destroy(NULL);
}

/* ---- what is written as it comes ---- */

Test(output, a_full_device_is_an_error_and_stays_a_device)
{
    bw_output *output = NULL;
    bw_error err = BW_ERROR_INIT;
    struct stat st;

    cr_assert_eq(bw_output_open("/dev/full", &output, &err), BW_OK);
    cr_assert_eq(bw_output_write(output, "x", 1, &err), BW_ERR_IO);
    cr_assert_str_eq(err.text, "/dev/full: No space left on device");
    bw_output_destroy(output);
    cr_assert_eq(stat("/dev/full", &st), 0);
    cr_assert(S_ISCHR(st.st_mode));
}

Test(output, a_pipe_with_a_name_is_written_directly)
{
    char text[8] = "";
    struct stat st;
    int fd;

    cr_assert_eq(mkfifo("pipe", 0666), 0);
    fd = open("pipe", O_RDWR);
    write_file("pipe", "hello", true);
    cr_assert_eq(read(fd, text, 5), 5);
    cr_assert_str_eq(text, "hello");
    close(fd);
    cr_assert_eq(stat("pipe", &st), 0);
    cr_assert(S_ISFIFO(st.st_mode));
}

Test(output, dash_is_standard_output)
{
    bw_output *output = NULL;
    bw_error err = BW_ERROR_INIT;
    int fd = open("/dev/full", O_WRONLY);
    int kept = dup(STDOUT_FILENO);

    cr_assert_eq(dup2(fd, STDOUT_FILENO), STDOUT_FILENO);
    cr_assert_eq(bw_output_open("-", &output, &err), BW_OK);
    cr_assert_eq(bw_output_write(output, "x", 1, &err), BW_ERR_IO);
    bw_output_destroy(output);
    cr_assert_neq(fcntl(STDOUT_FILENO, F_GETFD), -1);
    dup2(kept, STDOUT_FILENO);
    cr_assert_str_eq(err.text, "standard output: No space left on device");
    cr_assert_eq(count_files("."), 0u);
}

/* Item k of a text that no part of repeats at a power of two. */
static char item(size_t k)
{
    return (char)(k % 251);
}

/* Reads in small parts and counts the bytes that are as they should be. */
static void *drain(void *arg)
{
    int fd = *(int *)arg;
    static size_t n_right;
    char buffer[1000];
    size_t n_read = 0;
    ssize_t n;

    while ((n = read(fd, buffer, sizeof buffer)) > 0)
        for (ssize_t k = 0; k < n; k++)
            n_right += buffer[k] == item(n_read++);
    return &n_right;
}

Test(output, partial_writes_to_a_non_blocking_pipe_are_continued)
{
    enum { N = 1 << 20 };
    int end[2];
    char *data = malloc(N);
    bw_error err = BW_ERROR_INIT;
    pthread_t reader;
    void *n_right = NULL;

    cr_assert_not_null(data);
    for (size_t k = 0; k < N; k++)
        data[k] = item(k);
    cr_assert_eq(pipe2(end, O_CLOEXEC), 0);
    cr_assert_eq(fcntl(end[1], F_SETFL, O_NONBLOCK), 0);
    cr_assert_eq(pthread_create(&reader, NULL, drain, &end[0]), 0);
    cr_assert_eq(bw_output_write_fd(end[1], "pipe", data, N, &err), BW_OK);
    close(end[1]);
    pthread_join(reader, &n_right);
    cr_assert_eq(*(size_t *)n_right, (size_t)N);
    close(end[0]);
    free(data);
}

/* ---- scratch files ---- */

/* The scratch file must lie in folder. */
static void check_scratch(const char *beside, const char *folder)
{
    char link[64], place[256] = "";
    bw_error err = BW_ERROR_INIT;
    char text[8] = "";
    int fd = -1;

    cr_assert_eq(bw_output_scratch(beside, &fd, &err), BW_OK, "%s", err.text);
    cr_assert_eq(bw_output_write_fd(fd, "scratch", "hello", 5, &err), BW_OK);
    cr_assert_eq(pread(fd, text, 5, 0), 5);
    cr_assert_str_eq(text, "hello");
    cr_assert_eq(count_files("."), 1u);
    cr_assert_eq(count_files("temp"), 0u);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    cr_assert_gt(readlink(link, place, sizeof place - 1), 0);
    cr_assert_eq(strncmp(place, folder, strlen(folder)), 0, "%s", place);
    cr_assert_null(strchr(place + strlen(folder) + 1, '/'), "%s", place);
    close(fd);
}

Test(output, scratch_files_have_no_name)
{
    char temp[80];

    snprintf(temp, sizeof temp, "%s/temp", home);
    cr_assert_eq(mkdir(temp, 0777), 0);
    setenv("TMPDIR", temp, 1);
    for (int k = 0; k < 2; k++) {
        has_tmpfile = k == 0;
        check_scratch("out", home);
        check_scratch("./out", home);
        check_scratch("-", temp);
        check_scratch("/dev/full", temp);
        check_scratch(NULL, temp);
    }
    unsetenv("TMPDIR");
    check_scratch(NULL, "/tmp");
}

Test(output, scratch_refusals_name_the_place)
{
    bw_error err = BW_ERROR_INIT;
    int fd = 0;

    cr_assert_eq(bw_output_scratch("none/out", &fd, &err), BW_ERR_IO);
    cr_assert_eq(fd, -1);
    cr_assert_str_eq(err.text,
                     "none/out: scratch file: No such file or directory");
}
