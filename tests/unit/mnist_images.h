/* mnist_images.h - MNIST's test images, as the tree ships them. */
#ifndef MNIST_IMAGES_H
#define MNIST_IMAGES_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum { MNIST_N = 10000, MNIST_SIDE = 28, MNIST_BINS = MNIST_SIDE * MNIST_SIDE };

/* Valid until the next call. */
static inline const char *mnist_source_path(const char *name)
{
    static char path[4096];
    const char *source = getenv("BARROW_SOURCE");

    snprintf(path, sizeof path, "%s/%s", source ? source : ".", name);
    return path;
}

/* All images, to be freed: (MNIST_N, MNIST_SIDE, MNIST_SIDE) bytes. */
static inline unsigned char *mnist_read_images(void)
{
    const char *path =
        mnist_source_path("datasets/mnist/t10k-images-idx3-ubyte.gz");
    unsigned char head[16], *images = malloc(MNIST_N * MNIST_BINS);
    gzFile file = gzopen(path, "rb");

    cr_assert_not_null(file, "%s", path);
    cr_assert_not_null(images);
    cr_assert_eq(gzread(file, head, sizeof head), (int)sizeof head);
    cr_assert_eq(gzread(file, images, MNIST_N * MNIST_BINS),
                 MNIST_N * MNIST_BINS);
    gzclose(file);
    return images;
}

#endif
