#!/usr/bin/python3
"""The exact transport cost between two clouds of points by POT (Debian:
python3-pot), a peer of wdist.

  pot_points.py NAME GROUND P COSTS

Takes what points.py wrote under NAME. COSTS gets one line, 17 digits. Standard
output gets the seconds of building the cost matrix, by SciPy, and emd2 with an
iteration limit out of reach.
"""
import sys
import time

import numpy as np
import ot
from scipy.spatial.distance import cdist


def cost_matrix(x, y, ground, p):
    if ground == 'l2' and p == 2:
        return cdist(x, y, 'sqeuclidean')
    metric = {'l1': 'cityblock', 'l2': 'euclidean', 'linf': 'chebyshev'}
    return cdist(x, y, metric[ground]) ** p


def main():
    name, ground, p, costs = sys.argv[1:]
    points, mass = np.load(name + '-points.npy'), np.load(name + '-mass.npy')
    mass /= mass.sum(1, keepdims=True)
    start = time.perf_counter()
    a, b = np.flatnonzero(mass[0]), np.flatnonzero(mass[1])
    matrix = cost_matrix(points[a], points[b], ground, float(p))
    value = ot.emd2(mass[0][a], mass[1][b], matrix, numItermax=10 ** 9)
    seconds = time.perf_counter() - start
    with open(costs, 'w') as f:
        f.write(f'{value:.17g}\n')
    print(f'{seconds:.6f}')


main()
