#!/usr/bin/env python3
"""Exact squared Wasserstein distances between images in NumPy arrays, solved by
libbarrow.so through ctypes: no binding, no copy of the images.

    pairs.py IMAGES.npy N OUT.npy

IMAGES is (n,h,w), 8-bit. OUT gets the first N of the pairs (i, j), i < j, in
rows i, j, cost, gap, where cost is W2^2 in squared pixels. LD_LIBRARY_PATH says
where the library is, unless it is installed where the system looks."""
import ctypes
import os
import sys

import numpy

L1, L2, LINF = range(3)
SUM, SOFTMAX, NONE = range(3)
ALL, CROSS, RANDOM, LIST = range(4)


class Error(ctypes.Structure):  # bw_error
    _fields_ = [('code', ctypes.c_int), ('text', ctypes.c_char * 1024)]


class Pairs(ctypes.Structure):  # bw_pairs
    _fields_ = [('kind', ctypes.c_int)] + [
        (name, ctypes.c_uint64) for name in ('n_a', 'n_b', 'seed')] + [
        ('list', ctypes.c_void_p)] + [
        (name, ctypes.c_uint64) for name in ('n_whole', 'first', 'n')]


class Options(ctypes.Structure):  # bw_transport_options
    _fields_ = [('method', ctypes.c_int)] + [
        (name, ctypes.c_bool) for name in (
            'with_certificate', 'with_plan', 'with_potentials',
            'with_times')] + [('stopped', ctypes.c_void_p)]


class Many(ctypes.Structure):  # bw_many
    _fields_ = [('ground', ctypes.c_void_p), ('set', ctypes.c_void_p),
                ('pairs', Pairs), ('first_b', ctypes.c_uint64),
                ('transport', Options), ('tolerance', ctypes.c_double),
                ('n_threads', ctypes.c_size_t)] + [
        (name, ctypes.c_void_p) for name in ('cost', 'gap', 'visit',
                                             'context')]


barrow = ctypes.CDLL('libbarrow.so.0')
barrow.bw_histograms_add_bytes.argtypes = [
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_void_p]
barrow.bw_ground_create_grid.argtypes = [
    ctypes.c_int, ctypes.c_double, ctypes.c_size_t, ctypes.c_size_t,
    ctypes.c_void_p, ctypes.c_void_p]
barrow.bw_pairs_init.argtypes = [
    ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_uint64,
    ctypes.c_uint64, ctypes.c_void_p, ctypes.c_uint64, ctypes.c_void_p]
for name in ('bw_histograms_destroy', 'bw_ground_destroy'):
    getattr(barrow, name).argtypes = [ctypes.c_void_p]
    getattr(barrow, name).restype = None


def check(status, error):
    if status:
        raise ValueError(error.text.decode())


def costs(images, pairs, n_threads=os.cpu_count()):
    """Costs and gaps (m) of pairs (m,2) of images (n,h,w)."""
    images = numpy.ascontiguousarray(images, numpy.uint8)
    pairs = numpy.ascontiguousarray(pairs, numpy.uint32)
    n, height, width = images.shape
    cost, gap = numpy.empty(len(pairs)), numpy.empty(len(pairs))
    ground, made, error = ctypes.c_void_p(), ctypes.c_void_p(), Error()
    by_reference = ctypes.byref(error)
    try:
        check(barrow.bw_ground_create_grid(
            L2, 2, height, width, ctypes.byref(ground), by_reference), error)
        check(barrow.bw_histograms_create(
            ground, SUM, ctypes.byref(made), by_reference), error)
        for image in images:
            check(barrow.bw_histograms_add_bytes(
                made, image.size, image.ctypes.data, by_reference), error)
        check(barrow.bw_histograms_seal(made, by_reference), error)
        many = Many(ground=ground, set=made, tolerance=1e-9,
                    transport=Options(with_certificate=True),
                    n_threads=n_threads, cost=cost.ctypes.data,
                    gap=gap.ctypes.data)
        check(barrow.bw_pairs_init(
            ctypes.byref(many.pairs), LIST, n, n, len(pairs),
            pairs.ctypes.data, 0, by_reference), error)
        check(barrow.bw_many_solve(ctypes.byref(many), by_reference), error)
    finally:
        barrow.bw_histograms_destroy(made)
        barrow.bw_ground_destroy(ground)
    return cost, gap


def main():
    images = numpy.load(sys.argv[1])
    pairs = numpy.stack(numpy.triu_indices(len(images), 1), 1)
    pairs = pairs[:int(sys.argv[2])]
    numpy.save(sys.argv[3], numpy.column_stack([pairs, *costs(images, pairs)]))


if __name__ == '__main__':
    try:
        main()
    except (OSError, ValueError) as error:
        sys.exit(f'pairs.py: {error}')
    except IndexError:
        sys.exit('usage: pairs.py IMAGES.npy N OUT.npy')
