/* output.c - files that appear whole or not at all, and scratch files.
 *
 * A target is one of three things. A regular file, or a name that does not
 * exist yet, is written as a temporary in the same folder and renamed. A
 * symbolic link stands for what it points to. Anything else that exists (a
 * device, a pipe) cannot be replaced and is written directly.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "barrow/status.h"
#include "base/output.h"

enum {
    TEMPORARY_SIZE = 48,     /* room for a temporary's name */
    TEMPORARY_TRIES = 10000, /* names tried before giving up */
    FD_PATH_SIZE = 40        /* room for "/proc/self/fd/N" */
};

struct bw_output {
    char *path;   /* as given, or "standard output": for messages */
    char *target; /* where the file goes, links resolved; NULL: direct */
    int fd;
    int folder;                     /* the target's; -1: direct */
    char temporary[TEMPORARY_SIZE]; /* its name in folder; "": it has none */
};

/* ---- temporaries ---- */

/* The k-th name that this process may use for a temporary. The target's name
 * is no part of it: that may be as long as the system allows. */
static void name_temporary(char name[TEMPORARY_SIZE], unsigned k)
{
    snprintf(name, TEMPORARY_SIZE, ".barrow-%ld-%u.tmp", (long)getpid(), k);
}

static void fd_path(char path[FD_PATH_SIZE], int fd)
{
    snprintf(path, FD_PATH_SIZE, "/proc/self/fd/%d", fd);
}

/* A file without a name, or -1 where the file system has none, or where /proc
 * is missing, so that it could never be given one. */
static int open_nameless(int folder, mode_t mode)
{
    char path[FD_PATH_SIZE];
    int fd = openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, mode);

    if (fd < 0)
        return -1;
    fd_path(path, fd);
    if (access(path, F_OK) == 0)
        return fd;
    close(fd);
    return -1;
}

static int open_named(int folder, mode_t mode, char name[TEMPORARY_SIZE])
{
    int fd = -1;

    for (unsigned k = 0; k < TEMPORARY_TRIES; k++) {
        name_temporary(name, k);
        fd = openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        name[0] = '\0';
    return fd;
}

/* Opens a temporary of either kind; name is "" for a nameless one. -1 with
 * errno set on failure. */
static int open_temporary(int folder, mode_t mode, char name[TEMPORARY_SIZE])
{
    int fd = open_nameless(folder, mode);

    name[0] = '\0';
    return fd >= 0 ? fd : open_named(folder, mode, name);
}

/* Gives the nameless fd a temporary name. False with errno set on failure. */
static bool link_temporary(int fd, int folder, char name[TEMPORARY_SIZE])
{
    char path[FD_PATH_SIZE];

    fd_path(path, fd);
    for (unsigned k = 0; k < TEMPORARY_TRIES; k++) {
        name_temporary(name, k);
        if (linkat(AT_FDCWD, path, folder, name, AT_SYMLINK_FOLLOW) == 0)
            return true;
        if (errno != EEXIST)
            break;
    }
    name[0] = '\0';
    return false;
}

/* ---- targets ---- */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Opens the folder of path for *at calls; -1 with errno set on failure. */
static int open_folder(const char *path)
{
    size_t n = (size_t)(base_of(path) - path);
    char *folder = n > 0 ? strndup(path, n) : strdup(".");
    int fd = -1;

    if (folder != NULL)
        fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return fd;
}

/* Whether path exists and can only be written directly. */
static bool is_special(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static bw_status open_direct(bw_output *output, bw_error *err)
{
    output->fd = open(output->path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (output->fd < 0)
        return bw_error_errno(err, "%s", output->path);
    return BW_OK;
}

static bw_status open_beside(bw_output *output, bw_error *err)
{
    output->target = realpath(output->path, NULL);
    if (output->target == NULL)
        output->target = strdup(output->path);
    if (output->target == NULL)
        return bw_error_memory(err);
    if (*base_of(output->target) == '\0') {
        errno = *output->path == '\0' ? ENOENT : EISDIR;
        return bw_error_errno(err, "%s", output->path);
    }
    output->folder = open_folder(output->target);
    if (output->folder < 0)
        return bw_error_errno(err, "%s", output->path);
    output->fd = open_temporary(output->folder, 0666, output->temporary);
    if (output->fd < 0)
        return bw_error_errno(err, "%s", output->path);
    return BW_OK;
}

/* File systems that cannot sync say EINVAL; that is no loss of data. */
static bool sync_fd(int fd)
{
    return fsync(fd) == 0 || errno == EINVAL;
}

/* A folder that may be written but not read cannot be synced: not an error. */
static bool sync_folder(int folder)
{
    int number, fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced;

    if (fd < 0)
        return errno == EACCES;
    is_synced = sync_fd(fd);
    number = errno;
    close(fd);
    errno = number;
    return is_synced;
}

/* ---- public functions ---- */

bw_status bw_output_open(const char *path, bw_output **ret_output,
                         bw_error *err)
{
    bool is_stdout = strcmp(path, "-") == 0;
    bw_output *output = calloc(1, sizeof *output);
    bw_status status = BW_OK;

    *ret_output = NULL;
    if (output == NULL)
        return bw_error_memory(err);
    output->fd = output->folder = -1;
    output->path = strdup(is_stdout ? "standard output" : path);
    if (output->path == NULL)
        status = bw_error_memory(err);
    else if (is_stdout)
        output->fd = STDOUT_FILENO;
    else if (is_special(path))
        status = open_direct(output, err);
    else
        status = open_beside(output, err);
    if (status != BW_OK)
        bw_output_destroy(output);
    else
        *ret_output = output;
    return status;
}

bw_status bw_output_write(bw_output *output, const void *data, size_t n_bytes,
                          bw_error *err)
{
    return bw_output_write_fd(output->fd, output->path, data, n_bytes, err);
}

bw_status bw_output_commit(bw_output *output, bw_error *err)
{
    if (output->target == NULL)
        return BW_OK;
    if (!sync_fd(output->fd))
        return bw_error_errno(err, "%s", output->path);
    if (output->temporary[0] == '\0' &&
        !link_temporary(output->fd, output->folder, output->temporary))
        return bw_error_errno(err, "%s", output->path);
    if (renameat(output->folder, output->temporary, output->folder,
                 base_of(output->target)) != 0)
        return bw_error_errno(err, "%s", output->path);
    output->temporary[0] = '\0';
    if (!sync_folder(output->folder))
        return bw_error_errno(err, "%s", output->path);
    return BW_OK;
}

void bw_output_destroy(bw_output *output)
{
    if (output == NULL)
        return;
    if (output->temporary[0] != '\0')
        unlinkat(output->folder, output->temporary, 0);
    if (output->fd >= 0 && output->fd != STDOUT_FILENO)
        close(output->fd);
    if (output->folder >= 0)
        close(output->folder);
    free(output->target);
    free(output->path);
    free(output);
}

bw_status bw_output_scratch(const char *opt_beside, int *ret_fd, bw_error *err)
{
    const char *temp = getenv("TMPDIR");
    const char *place = temp != NULL && *temp != '\0' ? temp : "/tmp";
    char name[TEMPORARY_SIZE];
    int folder;

    *ret_fd = -1;
    if (opt_beside != NULL && strcmp(opt_beside, "-") != 0 &&
        !is_special(opt_beside)) {
        place = opt_beside;
        folder = open_folder(opt_beside);
    } else {
        folder = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    }
    if (folder < 0)
        return bw_error_errno(err, "%s: scratch file", place);
    *ret_fd = open_temporary(folder, 0600, name);
    if (*ret_fd < 0)
        bw_error_errno(err, "%s: scratch file", place);
    else if (name[0] != '\0')
        unlinkat(folder, name, 0);
    close(folder);
    return *ret_fd < 0 ? BW_ERR_IO : BW_OK;
}

bw_status bw_output_sync_name(const char *path, bw_error *err)
{
    int folder = open_folder(path);
    bw_status status = BW_OK;

    if (folder < 0 || !sync_folder(folder))
        status = bw_error_errno(err, "%s", path);
    if (folder >= 0)
        close(folder);
    return status;
}

bw_status bw_output_write_fd(int fd, const char *name, const void *data,
                             size_t n_bytes, bw_error *err)
{
    const char *at = data;

    while (n_bytes > 0) {
        ssize_t n = write(fd, at, n_bytes);

        if (n > 0) {
            at += n;
            n_bytes -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            /* A pipe that another process left in non-blocking mode. */
            struct pollfd wait = {.fd = fd, .events = POLLOUT};

            poll(&wait, 1, -1);
        } else if (n == 0 || errno != EINTR) {
            errno = n == 0 ? EIO : errno;
            return bw_error_errno(err, "%s", name);
        }
    }
    return BW_OK;
}
