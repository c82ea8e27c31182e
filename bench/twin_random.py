"""The numbers of include/barrow/random.h in numpy: Philox4x64-10 with the key
(seed, purpose) at the counters (block, stream, 0, 0)."""
import numpy

WEIGHTS, ORDER, SPLIT, NOISE, PRIOR, CODES, MIX = 4, 5, 6, 7, 8, 9, 12


def words(seed, purpose, stream, n, block=0):
    """The first n words of a stream from a block on. numpy's generator counts
    up before it makes a block."""
    counter = (((stream << 64) | block) - 1) % (1 << 256)
    key = numpy.array([seed, purpose], numpy.uint64)
    return numpy.random.Philox(counter=counter, key=key).random_raw(n)


def uniforms(seed, purpose, stream, n):
    """On [0, 1), multiples of 2^-53."""
    return (words(seed, purpose, stream, n) >> numpy.uint64(11)) * 2. ** -53


def normals(seed, purpose, stream, n, limit=numpy.inf):
    """The polar method: a pair of uniform numbers gives one normal number, or
    none. Those beyond the limit are drawn again."""
    n_pairs = n + n // 2 + 64
    while True:
        pairs = 2 * uniforms(seed, purpose, stream, 2 * n_pairs) - 1
        u, v = pairs[::2], pairs[1::2]
        s = u * u + v * v
        u, s = u[(s < 1) & (s > 0)], s[(s < 1) & (s > 0)]
        z = u * numpy.sqrt(-2 * numpy.log(s) / s)
        z = z[numpy.abs(z) <= limit]
        if len(z) >= n:
            return z[:n]
        n_pairs *= 2


def below(word, n):
    """Uniform on 0 .. n - 1 by Lemire's method; word() makes 64 random bits."""
    product = int(word()) * n
    while product % (1 << 64) < (1 << 64) % n:
        product = int(word()) * n
    return product >> 64


def shuffled(seed, purpose, stream, n):
    """0 .. n - 1 in a random order (Fisher and Yates)."""
    bits = iter(words(seed, purpose, stream, n + 64))
    order = numpy.arange(n)
    for i in range(n, 1, -1):
        j = below(lambda: next(bits), i)
        order[[i - 1, j]] = order[[j, i - 1]]
    return order


def layer_noise(seed, stream, step, shape):
    """Standard normal numbers cut at 2 of a noise layer in step `step`, for
    (n, values of an item): item i draws from block i 2^32 of the stream, half a
    word a number, low half first."""
    from torch import erfinv, from_numpy  # numpy has none
    n, size = shape
    bits = numpy.stack([
        words(seed, NOISE, (stream << 40) + step, (size + 1) // 2, i << 32)
        for i in range(n)])
    q = bits.view('<u4').reshape(n, -1)[:, :size].view('<i4')
    q = q.astype(numpy.float64) * (0.9544997361036416 / 2 ** 31)
    return 2 ** .5 * erfinv(from_numpy(q)).numpy()
