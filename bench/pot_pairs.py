#!/usr/bin/python3
"""Exact transport costs of pairs of images by POT (Debian: python3-pot), a
peer of wdist.

  pot_pairs.py IMAGES PAIRS GROUND P COSTS

IMAGES is an IDX file of unsigned bytes, (n,h,w) or (n,h,w,1); PAIRS has two
indices a line. COSTS gets one line a pair, 17 digits. Standard output gets the
seconds of the loop over the pairs: taking the lit pixels and their part of the
cost matrix, which a careful user of POT does, and emd2 with an iteration limit
out of reach. Masses and the matrix are ready before.
"""
import sys
import time

import numpy as np
import ot


def read_images(path):
    raw = open(path, 'rb').read()
    if raw[:3] != b'\0\0\x08' or raw[3] not in (3, 4):
        sys.exit(f'{path}: no IDX file of bytes, (n,h,w[,1])')
    shape = np.frombuffer(raw, '>u4', raw[3], 4).astype(int)
    if raw[3] == 4 and shape[3] != 1:
        sys.exit(f'{path}: more than one channel')
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * raw[3]) \
        .reshape(shape[:3])


def cost_matrix(h, w, ground, p):
    r, c = np.divmod(np.arange(h * w), w)
    dr, dc = abs(r[:, None] - r), abs(c[:, None] - c)
    if ground == 'l2':
        squared = (dr * dr + dc * dc).astype(float)
        return squared if p == 2 else np.sqrt(squared) ** p
    return (dr + dc if ground == 'l1' else np.maximum(dr, dc)) ** float(p)


def main():
    images, pairs, ground, p, costs = sys.argv[1:]
    x = read_images(images)
    matrix = cost_matrix(*x.shape[1:], ground, float(p))
    mass = x.reshape(len(x), -1).astype(float)
    mass /= mass.sum(1, keepdims=True)
    with open(pairs) as f:
        pairs = [tuple(map(int, line.split())) for line in f]
    values = []
    start = time.perf_counter()
    for i, j in pairs:
        a, b = np.flatnonzero(mass[i]), np.flatnonzero(mass[j])
        part = np.ascontiguousarray(matrix[np.ix_(a, b)])
        values.append(ot.emd2(mass[i][a], mass[j][b], part,
                              numItermax=10 ** 8))
    seconds = time.perf_counter() - start
    with open(costs, 'w') as f:
        f.writelines(f'{v:.17g}\n' for v in values)
    print(f'{seconds:.6f}')


if __name__ == '__main__':
    main()
