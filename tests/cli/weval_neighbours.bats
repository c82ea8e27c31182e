#!/usr/bin/env bats
# weval_neighbours.bats - kid, precision, recall, two-sample and critic, and
# features that come as NPY.

load harness

# npy FILE SHAPE VALUE...: doubles.
npy() {
    need python3
    python3 - "$@" <<'END'
import struct, sys
name, shape, values = sys.argv[1], sys.argv[2], [float(v) for v in sys.argv[3:]]
head = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
head = head.encode().ljust(117) + b'\n'
open(name, 'wb').write(b'\x93NUMPY\x01\x00' + struct.pack('<H', 118) + head +
                       struct.pack(f'<{len(values)}d', *values))
END
}
# features FILE N D SHIFT: item i's value k is (7 i + 3 k mod 11) / 8 + SHIFT.
features() {
    # shellcheck disable=SC2046
    npy "$1" "($2, $3)" $(awk -v n="$2" -v d="$3" -v s="$4" 'BEGIN {
        for (i = 0; i < n; i++)
            for (k = 0; k < d; k++) print (7 * i + 3 * k) % 11 / 8 + s }')
}
# value METRIC: of the last check.
value() {
    awk -F '\t' -v name="$1" '$1 == name { print $2 }' <<<"$output"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --limit 300 "$MNIST_IMAGES" -o a.st.zst
    wpack --skip 300 --limit 280 "$MNIST_IMAGES" -o b.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

@test "known values on a line" {
    npy a.npy '(2, 1)' 1 2
    npy b.npy '(2, 1)' 0 -1
    check 0 weval kid a.npy b.npy
    stdout_is $'kid\t27.5'
    # Balls of radius 1 about 0 and 1 and of 4 about 5; radius 2 about 1, 3, 9.
    npy a.npy '(3, 1)' 0 1 5
    npy b.npy '(4, 1)' 1 3 11 -1
    check 0 weval --neighbours 1 -v precision,recall a.npy b.npy
    stdout_is $'precision\t0.75\nrecall\t1'
    stderr_is 'weval: precision: codes, 3 and 4 items of 1 values; 1 neighbours; 1 items on a border, 0 balls of radius 0
weval: recall: codes, 3 and 4 items of 1 values; 1 neighbours; 0 items on a border, 0 balls of radius 0'
    npy a.npy '(3, 1)' 0 10 20
    npy b.npy '(4, 1)' 30 30.5 19.5 7
    check 0 weval -v two-sample a.npy b.npy
    stdout_is $'two-sample\t0.5\ntwo-sample-a\t0.333333333\ntwo-sample-b\t0.666666667'
    stderr_is 'weval: two-sample: codes, 3 and 3 items of 1 values; 0 items have their nearest on both sides'
}

@test "a file and itself" {
    check 0 weval precision,recall,two-sample,critic --steps 20 a.st.zst a.st.zst
    [ "$(head -6 <<<"$output")" = $'precision\t1\nrecall\t1\ntwo-sample\t0
two-sample-a\t0\ntwo-sample-b\t0\ncritic\t0' ]
    [ "$(value critic-slope)" != '' ]
    check 0 weval kid a.st.zst a.st.zst
    [[ $(value kid) == -* ]]
}

@test "a mode that is not there lowers recall, one too many precision" {
    npy two.npy '(8, 1)' 0 1 2 3 100 101 102 103
    npy one.npy '(4, 1)' 0.5 1.5 2.5 3.5
    check 0 weval precision,recall two.npy one.npy
    stdout_is $'precision\t1\nrecall\t0.5'
    check 0 weval precision,recall one.npy two.npy
    stdout_is $'precision\t0.5\nrecall\t1'
}

@test "the same bytes for any number of threads" {
    all=kid,precision,recall,two-sample,critic
    check 0 weval -j1 --steps 20 $all a.st.zst b.st.zst
    one=$output
    check 0 weval -j3 --steps 20 $all a.st.zst b.st.zst
    stdout_is "$one"
    check 0 weval -s 1 --steps 20 critic a.st.zst b.st.zst
    [ "$(value critic)" != "$(output=$one value critic)" ]
    check 0 weval --timing --steps 2 two-sample,critic a.st.zst b.st.zst
    [ "$(cut -f 1 <<<"$output" | paste -s -d,)" = \
        two-sample,two-sample-a,two-sample-b,two-sample-seconds,critic,critic-slope,critic-seconds ]
}

@test "kid by blocks" {
    check 0 weval -v --block 100 kid a.st.zst b.st.zst
    stderr_has 'kid: images, 300 and 280 items of 784 values; 2 blocks of 100 items, standard error'
    blocks=$output
    check 0 weval --limit 200 --block 100 kid a.st.zst b.st.zst
    stdout_is "$blocks"
    check 0 weval --limit 200 kid a.st.zst b.st.zst
    [ "$output" != "$blocks" ]
    check 1 weval --block 281 kid a.st.zst b.st.zst
    stderr_is 'weval: b.st.zst: images: 280 items make no block of 281'
}

@test "features in NPY: a shift is a Frechet distance, kid is its plain sum" {
    features a.npy 5 2048 0
    features b.npy 4 2048 0.25
    features shifted.npy 5 2048 0.25
    check 0 weval frechet a.npy shifted.npy
    stdout_is $'frechet\t128'
    check 0 weval kid a.npy b.npy
    stdout_is "$(awk 'function x(i, k) { return (7 * i + 3 * k) % 11 / 8 }
        function kernel(i, s, j, t,   k, sum) {
            for (k = 0; k < 2048; k++) sum += (x(i, k) + s) * (x(j, k) + t)
            return (sum / 2048 + 1) ^ 3
        }
        BEGIN {
            for (i = 0; i < 5; i++)
                for (j = 0; j < 5; j++) {
                    if (i != j) aa += kernel(i, 0, j, 0)
                    if (i != j && i < 4 && j < 4)
                        bb += kernel(i, .25, j, .25)
                    if (j < 4) ab += kernel(i, 0, j, .25)
                }
            printf "kid\t%.9g", aa / 20 + bb / 12 - 2 * ab / 20
        }')"
    check 0 weval mmd,wasserstein,precision,two-sample --neighbours 2 a.npy b.npy
    features wide.npy 4 2047 0
    for metric in frechet kid mmd wasserstein precision recall two-sample critic; do
        check 1 weval $metric a.npy wide.npy
        stderr_is 'weval: wide.npy: codes of 2047 values, those of a.npy are of 2048'
    done
}

@test "values that are no numbers: item and column" {
    npy good.npy '(3, 2)' 1 2 3 4 5 6
    npy bad.npy '(3, 2)' 1 2 3 nan 5 6
    npy inf.npy '(3, 2)' 1 2 3 4 -inf 6
    for metric in frechet kid precision recall two-sample critic; do
        check 1 weval $metric good.npy bad.npy
        stderr_is 'weval: bad.npy: codes: item 1: value 1 is nan'
        check 1 weval $metric inf.npy good.npy
        stderr_is 'weval: inf.npy: codes: item 2: value 0 is -inf'
    done
}

@test "values whose squares no double holds" {
    npy a.npy '(4, 1)' 1e307 -1e307 1e306 0
    npy b.npy '(4, 1)' 9e306 -2e307 2e306 0
    check 1 weval kid a.npy b.npy
    stderr_is 'weval: b.npy: kid is no finite number: values are too large'
    npy c.npy '(4, 1)' 10 -10 1 0
    npy d.npy '(4, 1)' 9 -20 2 0
    check 0 weval precision,recall,two-sample c.npy d.npy
    small=$output
    check 0 weval precision,recall,two-sample a.npy b.npy
    stdout_is "$small"
}

@test "too few items" {
    npy one.npy '(1, 1)' 0
    npy three.npy '(3, 1)' 0 1 2
    npy four.npy '(4, 1)' 0 1 2 3
    check 1 weval kid one.npy four.npy
    stderr_is 'weval: one.npy: kid takes at least 2 items, not 1'
    check 1 weval two-sample four.npy one.npy
    stderr_is 'weval: one.npy: two-sample takes at least 2 items, not 1'
    check 1 weval precision three.npy four.npy
    stderr_is 'weval: three.npy: codes: of 3 items none has 3 neighbours'
    check 0 weval recall one.npy four.npy
    stdout_is $'recall\t1'
    check 1 weval recall four.npy one.npy
    stderr_is 'weval: one.npy: codes: of 1 items none has 3 neighbours'
    check 1 weval critic four.npy four.npy
    stderr_is 'weval: four.npy: critic takes at least 10 items, not 4'
    check 0 weval kid,two-sample --limit 2 four.npy three.npy
    stdout_is $'kid\t-3.5\ntwo-sample\t0\ntwo-sample-a\t0\ntwo-sample-b\t0'
}

@test "options out of range" {
    check 2 weval --block 1 kid a.st.zst b.st.zst
    stderr_has '--block: one item makes no pair'
    check 2 weval --neighbours 0 recall a.st.zst b.st.zst
    stderr_has '--neighbours'
    check 1 weval --neighbours 1000000 recall a.st.zst b.st.zst
    stderr_is 'weval: b.st.zst: images: of 280 items none has 1000000 neighbours'
    check 2 weval --steps 0 critic a.st.zst b.st.zst
    stderr_has '--steps'
}

@test "a network of one's own" {
    printf 'conv 4 5x5 stride 2\nrelu\nflatten\ndense 1\n' >net
    check 0 weval --net net --steps 3 critic a.st.zst b.st.zst
    own=$output
    check 0 weval --steps 3 critic a.st.zst b.st.zst
    [ "$output" != "$own" ]
    check 1 weval --net none critic a.st.zst b.st.zst
    stderr_has 'none: No such file'
    printf 'flatten\nwide 3\n' >net
    check 1 weval --net net critic a.st.zst b.st.zst
    stderr_has 'net: line 2'
    printf 'flatten\ndense 2\n' >net
    check 1 weval --net net critic a.st.zst b.st.zst
    stderr_is "weval: net: the critic's output is 2, where 1 is wanted"
    printf 'flatten\ndense 2\nbatchnorm\ndense 1\n' >net
    check 2 weval --net net critic a.st.zst b.st.zst
    stderr_has 'batchnorm'
    head -c 2000000 /dev/zero >net
    check 1 weval --net net critic a.st.zst b.st.zst
    stderr_is 'weval: net: no text of a network'
    check 1 weval --net . critic a.st.zst b.st.zst
}
