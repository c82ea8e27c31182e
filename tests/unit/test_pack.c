/* test_pack.c - what only the library call shows of packing: digests of
 * folders, and a stop at any moment. */
#include "config.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "barrow/container.h"
#include "barrow/provenance.h"
#include "store/pack.h"

static char folder[] = "/tmp/test_pack_XXXXXX";

static void setup(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void teardown(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert(chdir("/") == 0 && system(command) == 0);
}

TestSuite(pack, .init = setup, .fini = teardown);

static void gray_png(const char *path, uint8_t value)
{
    const bw_image image = {BW_U8, 1, 1, 1, &value, 1};
    bw_output *output = NULL;

    cr_assert_eq(bw_output_open(path, &output, NULL), BW_OK);
    cr_assert_eq(bw_png_encode(&image, output, NULL), BW_OK);
    cr_assert_eq(bw_output_commit(output, NULL), BW_OK);
    bw_output_destroy(output);
}

static void hash_file(XXH64_state_t *hash, const char *name, const char *path)
{
    unsigned char data[4096], size[8] = {0};
    FILE *file = fopen(path, "rb");
    size_t n = fread(data, 1, sizeof data, file);

    fclose(file);
    size[0] = (unsigned char)n;
    size[1] = (unsigned char)(n >> 8);
    XXH64_update(hash, name, strlen(name) + 1);
    XXH64_update(hash, size, 8);
    XXH64_update(hash, data, n);
}

Test(pack, a_folder_s_digest_runs_over_names_lengths_and_bytes)
{
    const char *const input[] = {"d/"};
    bw_pack_options options = {
        .n_inputs = 1, .input = input, .skip = 1, .output = "o.safetensors"};
    XXH64_state_t *hash = XXH64_createState();
    bw_reader *reader = NULL;
    char want[64];

    cr_assert(mkdir("d", 0777) == 0 && mkdir("d/b", 0777) == 0);
    gray_png("d/c.png", 3);
    gray_png("d/b/x.png", 2);
    gray_png("d/a.png", 1);
    cr_assert_eq(bw_pack(&options, NULL), BW_OK);
    XXH64_reset(hash, 0);
    hash_file(hash, "a.png", "d/a.png");
    hash_file(hash, "b/x.png", "d/b/x.png");
    hash_file(hash, "c.png", "d/c.png");
    snprintf(want, sizeof want, "%016" PRIx64, XXH64_digest(hash));
    XXH64_freeState(hash);
    cr_assert_eq(bw_reader_open("o.safetensors", &reader, NULL), BW_OK);
    const char *steps = bw_reader_meta(reader, BW_META_PROVENANCE);
    cr_assert(steps && strstr(steps, want), "%s lacks %s", steps, want);
    cr_assert(strstr(steps, "\"d\""), "%s", steps);
    const bw_tensor *images = bw_reader_find(reader, "images");
    uint8_t pixels[2];
    cr_assert(images && images->shape[0] == 2);
    cr_assert_eq(bw_reader_read(reader, images, pixels, 2, NULL), BW_OK);
    cr_assert(pixels[0] == 2 && pixels[1] == 3);
    bw_reader_close(reader);
}

static int n_calls, stop_at;

static int stops(void)
{
    return ++n_calls >= stop_at;
}

static size_t n_files(void)
{
    DIR *dir = opendir(".");
    size_t n = 0;

    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

Test(pack, a_stop_at_any_item_leaves_nothing)
{
    const char *const input[] = {"d"};
    const bw_pack_part part[] = {{"a", 2}, {"b", 1}};
    bw_pack_options options = {.n_inputs = 1,
                               .input = input,
                               .shuffle = true,
                               .n_parts = 2,
                               .part = part,
                               .output = "%s.safetensors",
                               .stopped = stops};
    bw_error err = BW_ERROR_INIT;

    cr_assert_eq(mkdir("d", 0777), 0);
    gray_png("d/a.png", 1);
    gray_png("d/b.png", 2);
    gray_png("d/c.png", 3);
    for (stop_at = 1; stop_at <= 6; stop_at++) {
        n_calls = 0;
        cr_assert_eq(bw_pack(&options, &err), BW_ERR_INTERRUPTED, "%d",
                     stop_at);
        cr_assert_eq(n_files(), 1);
    }
    options.stopped = NULL;
    cr_assert_eq(bw_pack(&options, &err), BW_OK);
    cr_assert_eq(n_files(), 3);
}
