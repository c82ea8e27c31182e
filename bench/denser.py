#!/usr/bin/python3
"""Makes denser images from an IDX file of digits: about half the pixels lit.

  denser.py IN.idx[.gz] OUT.idx [N]

Takes the first N images (default 1000) and widens their strokes: a round
replaces every pixel by the mean of its 3x3 window, rounded up, so that what was
lit stays lit and its neighbours become lit; outside the image is 0. An image
gets rounds while its lit pixels are nearer to one half of all after the next
round than before it.
"""
import gzip
import sys

import numpy as np


def widen(x):
    h, w = x.shape
    padded = np.pad(x.astype(int), 1)
    total = sum(padded[r:r + h, c:c + w] for r in range(3) for c in range(3))
    return (total + 8) // 9


def denser(x):
    half = x.size / 2
    while True:
        wider = widen(x)
        if abs((wider > 0).sum() - half) >= abs((x > 0).sum() - half):
            return x
        x = wider


def main():
    source, target = sys.argv[1:3]
    limit = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
    opener = gzip.open if source.endswith('.gz') else open
    with opener(source, 'rb') as f:
        raw = f.read()
    if raw[:4] != b'\0\0\x08\x03':
        sys.exit(f'{source}: no IDX file of bytes, (n,h,w)')
    n, h, w = (int(v) for v in np.frombuffer(raw, '>u4', 3, 4))
    x = np.frombuffer(raw, np.uint8, offset=16).reshape(n, h, w)[:limit]
    y = np.array([denser(image) for image in x], np.uint8)
    with open(target, 'wb') as f:
        f.write(raw[:4] + np.array(y.shape, '>u4').tobytes() + y.tobytes())


if __name__ == '__main__':
    main()
