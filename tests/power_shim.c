/* power_shim.c - cuts the power, for any program:
 *
 *     LD_PRELOAD=power.so POWER_AT=7 POWER_LOSES=data wdist ...
 *
 *   POWER_AT     K: after the K-th call that changes a file, name or folder, or
 *                syncs one, the process is killed, and what was not synced is
 *                lost; end: when main has ended
 *   POWER_LOSES  data: what was written since a file's last sync; names stay
 *                zero: the same, but the file's length stays, over zeros
 *                names: files that came, went or were renamed since the last
 *                sync of their folder are as they were; data stay
 *                all: data and names
 *   POWER_COUNT  a file that is told how many such calls there were
 *
 * Each loss is one that some file system of today may leave behind. Of tiny
 * files only: what is synced is kept in memory. Files are written by write,
 * pwrite and ftruncate.
 */
#include "shim.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 256, MAX_NAMES = 1024, MAX_NAME = 128 };

/* Bytes as they are, or would be, on the disk. */
typedef struct content {
    char *bytes;
    size_t n;
} content;

typedef struct file {
    dev_t device;
    ino_t inode;
    int fd; /* our own, for reading and writing; keeps the inode alive */
    content synced;
} file;

/* A change of a name that its folder has not synced: what was there before. */
typedef struct change {
    int folder; /* our own */
    char name[MAX_NAME];
    bool was_there;
    content before;
    bool is_synced;
} change;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static file files[MAX_FILES];
static change changes[MAX_NAMES];
static size_t n_files, n_changes;
static unsigned long n_calls, at;
static const char *loses = "";
static bool is_armed;

/* ---- the system's own calls ---- */

static int open_next(int folder, const char *path, int flags, mode_t mode)
{
    NEXT(int, "openat", int, const char *, int, ...);
    return next(folder, path, flags, mode);
}

static ssize_t write_next(int fd, const void *data, size_t n)
{
    NEXT(ssize_t, "write", int, const void *, size_t);
    return next(fd, data, n);
}

static int truncate_next(int fd, off_t n)
{
    NEXT(int, "ftruncate", int, off_t);
    return next(fd, n);
}

static int close_next(int fd)
{
    NEXT(int, "close", int);
    return next(fd);
}

static int unlink_next(int folder, const char *name)
{
    NEXT(int, "unlinkat", int, const char *, int);
    return next(folder, name, 0);
}

/* ---- what is on the disk ---- */

static void die(const char *what)
{
    dprintf(STDERR_FILENO, "power_shim: %s\n", what);
    _exit(99);
}

static content read_content(int fd)
{
    content c = {NULL, 0};
    struct stat info;

    if (fstat(fd, &info) != 0)
        die("fstat");
    c.bytes = malloc((size_t)info.st_size + 1);
    if (c.bytes == NULL)
        die("memory");
    while (c.n < (size_t)info.st_size) {
        ssize_t got =
            pread(fd, c.bytes + c.n, (size_t)info.st_size - c.n, (off_t)c.n);

        if (got <= 0)
            die("pread");
        c.n += (size_t)got;
    }
    return c;
}

static void write_content(int fd, content c)
{
    if (truncate_next(fd, 0) != 0 || lseek(fd, 0, SEEK_SET) != 0 ||
        write_next(fd, c.bytes, c.n) != (ssize_t)c.n)
        die("write");
}

static file *find_file(int fd)
{
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        return NULL;
    for (size_t k = 0; k < n_files; k++)
        if (files[k].device == info.st_dev && files[k].inode == info.st_ino)
            return &files[k];
    return NULL;
}

/* A file that may be written now; what it holds is taken for synced. */
static void watch_file(int fd)
{
    char path[64];
    struct stat info;

    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) ||
        find_file(fd) != NULL)
        return;
    if (n_files == MAX_FILES)
        die("too many files");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    files[n_files] =
        (file){.device = info.st_dev,
               .inode = info.st_ino,
               .fd = open_next(AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0)};
    if (files[n_files].fd < 0)
        die("reopen");
    files[n_files].synced = read_content(files[n_files].fd);
    n_files++;
}

/* Notes what a name stands for before it changes; NULL where it cannot be. */
static change *note_name(int folder, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    char place[4096];
    change *c = &changes[n_changes];
    int fd;

    if (n_changes == MAX_NAMES || strlen(name) >= MAX_NAME)
        die("too many names");
    snprintf(place, sizeof place, "%.*s",
             slash != NULL ? (int)(slash - path + 1) : 1,
             slash != NULL ? path : ".");
    *c = (change){.folder = open_next(folder, place,
                                      O_PATH | O_DIRECTORY | O_CLOEXEC, 0)};
    if (c->folder < 0)
        return NULL;
    memcpy(c->name, name, strlen(name) + 1);
    fd = open_next(c->folder, name, O_RDONLY | O_CLOEXEC, 0);
    if (fd >= 0) {
        file *known = find_file(fd);

        c->was_there = true;
        /* What a lost name gives back has lost what was not synced, too. */
        c->before = known != NULL && strcmp(loses, "all") == 0
                        ? known->synced
                        : read_content(fd);
        close_next(fd);
    }
    return c;
}

/* A name changed as it was noted. */
static void keep_name(change *c)
{
    n_changes += c != NULL;
}

static void sync_names(int folder)
{
    struct stat mine, other;

    if (fstat(folder, &mine) != 0)
        die("fstat");
    for (size_t k = 0; k < n_changes; k++)
        if (fstat(changes[k].folder, &other) == 0 &&
            other.st_dev == mine.st_dev && other.st_ino == mine.st_ino)
            changes[k].is_synced = true;
}

/* ---- the cut ---- */

static void lose_data(bool leaves_zeros)
{
    for (size_t k = 0; k < n_files; k++) {
        struct stat info;

        if (fstat(files[k].fd, &info) != 0)
            die("fstat");
        write_content(files[k].fd, files[k].synced);
        if (leaves_zeros && info.st_size > (off_t)files[k].synced.n &&
            truncate_next(files[k].fd, info.st_size) != 0)
            die("ftruncate");
    }
}

static void lose_names(void)
{
    for (size_t k = n_changes; k-- > 0;) {
        const change *c = &changes[k];
        int fd;

        if (c->is_synced)
            continue;
        unlink_next(c->folder, c->name);
        if (!c->was_there)
            continue;
        fd =
            open_next(c->folder, c->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        if (fd < 0)
            die("open");
        write_content(fd, c->before);
        close_next(fd);
    }
}

static void lose(void)
{
    if (strcmp(loses, "names") != 0)
        lose_data(strcmp(loses, "zero") == 0);
    if (strcmp(loses, "names") == 0 || strcmp(loses, "all") == 0)
        lose_names();
}

/* Counts a call that was made; holds the lock. */
static void count(void)
{
    if (++n_calls != at)
        return;
    lose();
    kill(getpid(), SIGKILL);
}

static bool begin(void)
{
    if (!is_armed)
        return false;
    pthread_mutex_lock(&lock);
    return true;
}

static void finish(bool is_watched, bool is_done)
{
    if (is_watched && is_done)
        count();
    if (is_watched)
        pthread_mutex_unlock(&lock);
}

/* ---- calls ---- */

ssize_t write(int fd, const void *data, size_t n)
{
    bool is_watched = begin();
    ssize_t done = write_next(fd, data, n);

    finish(is_watched, is_watched && find_file(fd) != NULL);
    return done;
}

ssize_t pwrite(int fd, const void *data, size_t n, off_t where)
{
    NEXT(ssize_t, "pwrite", int, const void *, size_t, off_t);
    bool is_watched = begin();
    ssize_t done = next(fd, data, n, where);

    finish(is_watched, done > 0);
    return done;
}

int ftruncate(int fd, off_t n)
{
    bool is_watched = begin();
    int result = truncate_next(fd, n);

    finish(is_watched, result == 0);
    return result;
}

static void synced(int fd)
{
    file *f = find_file(fd);
    struct stat info;

    if (f != NULL)
        f->synced = read_content(f->fd);
    else if (fstat(fd, &info) == 0 && S_ISDIR(info.st_mode))
        sync_names(fd);
}

/* As next, which is fsync or fdatasync. */
static int sync_watched(int (*next)(int), int fd)
{
    bool is_watched = begin();
    int result = next(fd);

    if (is_watched && result == 0)
        synced(fd);
    finish(is_watched, result == 0);
    return result;
}

int fsync(int fd)
{
    NEXT(int, "fsync", int);
    return sync_watched(next, fd);
}

int fdatasync(int fd)
{
    NEXT(int, "fdatasync", int);
    return sync_watched(next, fd);
}

static int open_watched(int folder, const char *path, int flags, mode_t mode)
{
    bool is_written = (flags & O_ACCMODE) != O_RDONLY && !(flags & O_PATH);
    bool is_watched = is_written && begin();
    change *c = NULL;
    int fd;

    if (is_watched && (flags & O_CREAT))
        c = note_name(folder, path);
    fd = open_next(folder, path, flags, mode);
    if (is_watched && fd >= 0) {
        watch_file(fd);
        if (c != NULL && !c->was_there)
            keep_name(c);
    }
    finish(is_watched, fd >= 0);
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_watched(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    va_list args;
    mode_t mode;

    va_start(args, flags);
    mode = mode_of(flags, args);
    va_end(args);
    return open_watched(folder, path, flags, mode);
}

/* The name that a call is about to change, and what it was. */
typedef struct naming {
    bool is_watched;
    change *before;
} naming;

static naming begin_name(int folder, const char *path)
{
    bool is_watched = begin();

    return (naming){is_watched, is_watched ? note_name(folder, path) : NULL};
}

/* The call's result. */
static int finish_name(naming n, int result)
{
    if (result == 0)
        keep_name(n.before);
    finish(n.is_watched, result == 0);
    return result;
}

int linkat(int from, const char *old, int to, const char *new, int flags)
{
    NEXT(int, "linkat", int, const char *, int, const char *, int);
    naming n = begin_name(to, new);

    return finish_name(n, next(from, old, to, new, flags));
}

/* The old name's file is a temporary: lost, it need not come back. */
int renameat(int from, const char *old, int to, const char *new)
{
    NEXT(int, "renameat", int, const char *, int, const char *);
    naming n = begin_name(to, new);

    return finish_name(n, next(from, old, to, new));
}

int unlinkat(int folder, const char *path, int flags)
{
    NEXT(int, "unlinkat", int, const char *, int);
    naming n = begin_name(folder, path);

    return finish_name(n, next(folder, path, flags));
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

/* ---- beginning and end ---- */

static void tell_count(void)
{
    const char *path = getenv("POWER_COUNT");
    FILE *stream = path != NULL ? fopen(path, "w") : NULL;

    if (stream == NULL)
        return;
    fprintf(stream, "%lu\n", n_calls);
    fclose(stream);
}

static int watched_main(int argc, char **argv, char **environment)
{
    const char *value = getenv("POWER_AT");
    bool is_at_end = value != NULL && strcmp(value, "end") == 0;
    int result;

    at = value != NULL ? strtoul(value, NULL, 10) : 0;
    value = getenv("POWER_LOSES");
    loses = value != NULL ? value : "data";
    is_armed = true;
    result = real_main(argc, argv, environment);
    is_armed = false;
    if (is_at_end)
        lose();
    tell_count();
    return result;
}
