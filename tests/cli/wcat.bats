#!/usr/bin/env bats
# wcat.bats - joining, and what other programs make of the result.

load harness

# container.py: reads and writes containers with NumPy and the zstd program alone.
setup() {
    harness_setup
    mkdir ../py
    cat >../py/container.py <<'END'
import json
import struct
import subprocess
import sys

import numpy as np

NAMES = {'uint8': 'U8', 'uint32': 'U32', 'int32': 'I32', 'uint64': 'U64',
         'float32': 'F32', 'float64': 'F64'}


def load(path):
    raw = open(path, 'rb').read()
    if raw[:4] == b'\x28\xb5\x2f\xfd':
        raw = subprocess.run(['zstd', '-dcq'], input=raw, check=True,
                             stdout=subprocess.PIPE).stdout
    n = struct.unpack('<Q', raw[:8])[0]
    assert n % 8 == 0
    header = json.loads(raw[8:8 + n])
    meta = header.pop('__metadata__', {})
    tensors = {}
    for name, entry in header.items():
        dtype = np.dtype({v: k for k, v in NAMES.items()}[entry['dtype']])
        begin, end = entry['data_offsets']
        assert begin % dtype.itemsize == 0
        tensors[name] = np.frombuffer(
            raw[8 + n + begin:8 + n + end], dtype).reshape(entry['shape'])
    assert len(raw) == 8 + n + sum(t.nbytes for t in tensors.values())
    return tensors, meta


def save(path, tensors, **meta):
    header, at = {'__metadata__': meta} if meta else {}, 0
    for name, t in tensors.items():
        header[name] = {'dtype': NAMES[t.dtype.name], 'shape': t.shape,
                        'data_offsets': [at, at + t.nbytes]}
        at += t.nbytes
    text = json.dumps(header).encode()
    raw = struct.pack('<Q', len(text)) + text
    raw += b''.join(t.tobytes() for t in tensors.values())
    open(path, 'wb').write(subprocess.run(
        ['zstd', '-cq'], input=raw, check=True, stdout=subprocess.PIPE).stdout)
END
}

# py: a program on standard input that may use load, save and np.
py() {
    { echo 'from container import *'; cat; } >../py/main.py
    python3 ../py/main.py
}

# Two files of 3 and 2 rows.
make_parts() {
    need_numpy
    py <<'END'
x = np.arange(60, dtype=np.uint8).reshape(5, 3, 4)
l = np.arange(5, dtype=np.int32)
kind = {'barrow.kind': 'images'}
save('a', {'images': x[:3], 'labels': l[:3]}, **kind)
save('b', {'images': x[3:], 'labels': l[3:]}, **kind)
END
}

@test "NumPy's files are joined, and NumPy reads the result" {
    make_parts
    check 0 wcat a b -o out.st.zst
    stdout_is ''
    stderr_is ''
    files_are a b out.st.zst
    py <<'END'
t, meta = load('out.st.zst')
assert list(t) == ['labels', 'images'], list(t)
assert (t['images'] == np.arange(60).reshape(5, 3, 4)).all()
assert (t['labels'] == np.arange(5)).all()
assert meta['barrow.kind'] == 'images' and meta['barrow.format'] == '1'
steps = json.loads(meta['barrow.provenance'])
assert steps[-1]['tool'] == 'wcat' and steps[-1]['argv'] == ['a', 'b']
END
}

@test "standard input, standard output, no compression" {
    make_parts
    wcat a b -o one.st.zst
    wcat a - <b >two
    zstd -dq --stdout two >two.plain
    wcat a b -o three.safetensors
    py <<'END'
one, two, three = load('one.st.zst')[0], load('two')[0], load('two.plain')[0]
four = load('three.safetensors')[0]
for name in one:
    assert (one[name] == two[name]).all() and (one[name] == four[name]).all()
END
    [ "$(head -c 8 three.safetensors | od -An -tu8)" -lt 1000 ]
}

@test "the same call gives the same bytes" {
    make_parts
    wcat a b -o one
    wcat a b -o two
    same one two
}

@test "a pipe may be named, and an input overwritten" {
    make_parts
    wcat <(cat a) b -o one
    wcat a b -o a
    py <<'END'
assert (load('one')[0]['images'] == load('a')[0]['images']).all()
END
}

@test "plan_offset runs on, shards become whole" {
    need_numpy
    py <<'END'
def part(name, first, shard, offsets, **more):
    m, k = len(offsets) - 1, offsets[-1]
    save(name, {
        'pairs': np.full((m, 2), first, np.uint32),
        'plan_offset': np.array(offsets, np.uint64),
        'plan_bins': np.full((k, 2), first, np.uint32),
        'plan_mass': np.full(k, first, np.float64)},
        **{'barrow.kind': 'distances', 'shard': shard}, **more)
part('1', 1, '1/3', [0, 2, 5])
part('2', 2, '2/3', [0])
part('3', 3, '3/3', [0, 0, 4])
part('x', 3, '3/3', [0, 0, 4], p='1')
END
    check 0 wcat 1 2 3 -o out
    py <<'END'
t, meta = load('out')
assert list(t['plan_offset']) == [0, 2, 5, 5, 9]
assert list(t['plan_mass']) == [1] * 5 + [3] * 4
assert len(t['pairs']) == 4 and 'shard' not in meta
END
    check 0 wcat 2 3 -o late
    check 0 winfo late
    stdout_has 'shard  2-3/3'
    check 0 wcat 1 late -o again
    cmp <(wunpack again plan_offset) <(wunpack out plan_offset)
    check 1 wcat 1 3 -o no
    stderr_is 'wcat: 3: shard 3/3 does not follow 1, which ends with 1/3'
    check 1 wcat 1 2 x -o no
    stderr_is "wcat: x: metadata 'p' is '1', 1 has none"
    [ ! -e no ]
}

@test "distances of a set that grew are joined by its histograms" {
    wpack --limit 9 "$MNIST_IMAGES" -o a.st.zst
    wpack --skip 9 --limit 6 "$MNIST_IMAGES" -o b.st.zst
    wcat a.st.zst b.st.zst -o ab.st.zst
    wpack --limit 15 --labels "$MNIST_LABELS" "$MNIST_IMAGES" -o all.st.zst
    awk 'BEGIN { for (j = 9; j < 15; j++) for (i = 0; i < j; i++) print i, j }' \
        >new.txt
    wdist a.st.zst -o d1.st.zst
    wdist --pairs new.txt ab.st.zst -o d2.st.zst

    check 1 wcat d1.st.zst d2.st.zst -o d.st.zst
    stderr_is "wcat: d2.st.zst: metadata 'histograms' is '15', in d1.st.zst it is '9'"
    # The file itself, or any with the same images.
    check 0 wcat --histograms ab.st.zst d1.st.zst d2.st.zst -o d.st.zst
    check 0 wcat --histograms all.st.zst d1.st.zst d2.st.zst -o e.st.zst
    same <(wunpack d.st.zst pairs distance --to tsv | sort) \
        <(wdist ab.st.zst | wunpack - pairs distance --to tsv | sort)
    same <(wunpack d.st.zst pairs distance) <(wunpack e.st.zst pairs distance)
    check 0 winfo --provenance d.st.zst
    stdout_has '--histograms=ab.st.zst d1.st.zst d2.st.zst'
    stdout_has 'histograms        15'
    # It can be joined again, and is what an embedding wants.
    wdist --pairs random:5 ab.st.zst -o d3.st.zst
    check 0 wcat d.st.zst d3.st.zst -o f.st.zst
    check 0 dwe train --preset dwe-small --steps 1 --distances f.st.zst \
        ab.st.zst -o m.st.zst
    check 1 dwe train --preset dwe-small --steps 1 --distances f.st.zst \
        a.st.zst -o no.st.zst
    stderr_has 'f.st.zst: distances of '
}

@test "distances of other histograms are not joined" {
    wpack --limit 9 "$MNIST_IMAGES" -o a.st.zst
    wpack --limit 12 "$MNIST_IMAGES" -o b.st.zst
    wpack --skip 1 --limit 12 "$MNIST_IMAGES" -o c.st.zst
    wdist a.st.zst -o a-d.st.zst
    wdist b.st.zst -o b-d.st.zst
    wdist a.st.zst b.st.zst -o ab-d.st.zst
    check 1 wcat --histograms c.st.zst a-d.st.zst b-d.st.zst -o d.st.zst
    stderr_is 'wcat: a-d.st.zst: of other histograms than the first 9 of c.st.zst'
    check 1 wcat --histograms a.st.zst b-d.st.zst -o d.st.zst
    stderr_is 'wcat: b-d.st.zst: of 12 histograms; a.st.zst has 9'
    check 1 wcat --histograms b.st.zst b-d.st.zst a-d.st.zst -o d.st.zst
    stderr_has 'a-d.st.zst: of 9 histograms, behind a file of 12: files go in'
    check 1 wcat --histograms b.st.zst ab-d.st.zst -o d.st.zst
    stderr_has 'ab-d.st.zst: does not tell which histograms it is of'
    check 1 wcat --histograms b.st.zst b.st.zst -o d.st.zst
    stderr_has 'b.st.zst: does not tell'
    head -c 900 b.st.zst >cut.st.zst
    check 1 wcat --histograms cut.st.zst a-d.st.zst -o d.st.zst
    stderr_has 'cut.st.zst: truncated'
    # From a pipe, too, and no output is left.
    check 1 wcat --histograms - a-d.st.zst -o d.st.zst <c.st.zst
    stderr_has 'a-d.st.zst: of other histograms than the first 9 of'
    check 2 wcat --histograms - - -o d.st.zst <a-d.st.zst
    [ ! -e d.st.zst ]
}

@test "files that do not fit" {
    make_parts
    py <<'END'
save('c', {'images': np.zeros((2, 3, 5), np.uint8),
           'labels': np.zeros(2, np.int32)}, **{'barrow.kind': 'images'})
save('d', {'images': np.zeros((2, 3, 4), np.uint8)},
     **{'barrow.kind': 'images'})
END
    check 1 wcat a c -o out
    stderr_is "wcat: c: tensor 'images' has rows of U8 3x5, in a of U8 3x4"
    check 1 wcat a d -o out
    stderr_is "wcat: d: no tensor 'labels', which a has"
    check 1 wcat d a -o out
    stderr_is "wcat: a: tensor 'labels', which d does not have"
    files_are a b c d
}

@test "damaged files leave no output, nor harm an old one" {
    make_parts
    head -c 100 a >short
    echo old >out
    check 1 wcat b short -o out
    stderr_has 'wcat: short: truncated'
    [ "$(cat out)" = old ]
    files_are a b short out
}

@test "usage" {
    make_parts
    check 2 wcat
    stderr_has 'wcat: no file is named'
    check 2 wcat - - -o out
    stderr_has 'standard input can be read once, not 2 times'
    check 2 wcat a -o
    files_are a b
}

@test "lost output is a failure" {
    make_parts
    check_full wcat a b
    check_closed_pipe wcat a b
    check 1 wcat a b -o /dev/full
    stderr_is 'wcat: /dev/full: No space left on device'
    check 1 wcat a b -o no/out
    stderr_is 'wcat: no/out: No such file or directory'
}
