/* replay.c - a fuzz target's main where libFuzzer brings none: feeds it the
 * files that are named, one after the other. A target that breaks aborts, and
 * the last line that was printed says at which file. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fuzz/fuzz.h"

/* Far more than a file of a corpus needs, far less than one may declare. */
enum { FILE_ROOM = 1 << 24, MORE_MEMORY = 1 << 28 };

/* No program maps so many pages, but for the shadows that a sanitizer keeps. */
enum { SHADOW_PAGES = 1 << 28 };

/* From here on memory is bounded, but under a sanitizer, which needs it for
 * itself. */
static int bound_memory(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    struct rlimit limit;

    if (file == NULL)
        return -1;
    if (fscanf(file, "%*u %*u %*u %*u %*u %lu", &pages) != 1)
        pages = 0;
    fclose(file);
    if (pages > SHADOW_PAGES)
        return 0;
    limit.rlim_cur = limit.rlim_max =
        pages * (unsigned long)sysconf(_SC_PAGESIZE) + MORE_MEMORY;
    return pages > 0 ? setrlimit(RLIMIT_DATA, &limit) : -1;
}

/* A buffer of exactly the file's size, so that a sanitizer sees its end. */
static void replay(const char *path, uint8_t *room)
{
    FILE *file = fopen(path, "rb");
    size_t n = file != NULL ? fread(room, 1, FILE_ROOM, file) : 0;
    uint8_t *data = malloc(n > 0 ? n : 1);

    if (file == NULL || ferror(file) || data == NULL) {
        fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    fclose(file);
    memcpy(data, room, n);
    puts(path);
    fflush(stdout);
    LLVMFuzzerTestOneInput(data, n);
    free(data);
}

int main(int argc, char **argv)
{
    uint8_t *room = malloc(FILE_ROOM);

    if (argc < 2 || room == NULL) {
        fputs("usage: replay FILE...\n", stderr);
        return 2;
    }
    if (bound_memory() != 0) {
        fputs("replay: memory cannot be bounded\n", stderr);
        return 1;
    }
    for (int k = 1; k < argc; k++)
        replay(argv[k], room);
    free(room);
    return 0;
}
