#!/usr/bin/python3
"""Two clouds of points with masses, for wdist and its peers.

  points.py D N NAME

Writes NAME-points.npy, (2 N, D) coordinates uniform in the unit cube, and
NAME-mass.npy, (2, 2 N) whole masses from 1 to 255: the first row's on the first
N points, the second row's on the others. The same numbers every time.
"""
import sys

import numpy as np


def main():
    d, n = int(sys.argv[1]), int(sys.argv[2])
    rng = np.random.default_rng(1000 * d + n)
    mass = np.zeros((2, 2 * n))
    for k in range(2):
        mass[k, k * n:(k + 1) * n] = rng.integers(1, 256, n)
    np.save(sys.argv[3] + '-points.npy', rng.random((2 * n, d)))
    np.save(sys.argv[3] + '-mass.npy', mass)


main()
