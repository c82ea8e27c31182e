#!/usr/bin/env bats
# weval.bats - metrics between samples: what is printed, which tensor counts.

load harness

# near VALUE WANTED SLACK
near() {
    awk -v a="$1" -v b="$2" -v s="$3" \
        'BEGIN { exit !(a - b <= s && b - a <= s) }' ||
        show "a value" "$2 +- $3" "$1"
}
# value METRIC: of the last check.
value() {
    awk -F '\t' -v name="$1" '$1 == name { print $2 }' <<<"$output"
}

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --limit 300 "$MNIST_IMAGES" -o a.st.zst
    wpack --skip 300 --limit 300 "$MNIST_IMAGES" -o b.st.zst
    wpack --skip 600 --limit 40 "$MNIST_IMAGES" -o few.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

# container NAME TENSOR DTYPE SHAPE VALUE...: a safetensors file of one tensor,
# or, with several groups divided by "/", of more.
container() {
    need python3
    python3 - "$@" <<'END'
import json, struct, sys
types = {'F32': ('f', float), 'U8': ('B', int), 'I32': ('i', int)}
head, data, group = {}, b'', []
for word in sys.argv[2:] + ['/']:
    if word != '/':
        group.append(word)
        continue
    name, dtype, shape = group[:3]
    code, kind = types[dtype]
    x = b''.join(struct.pack('<' + code, kind(v)) for v in group[3:])
    head[name] = {'dtype': dtype, 'shape': json.loads(shape),
                  'data_offsets': [len(data), len(data) + len(x)]}
    data += x
    group = []
text = json.dumps(head).encode()
open(sys.argv[1], 'wb').write(struct.pack('<Q', len(text)) + text + data)
END
}

@test "a line for each metric, in the order asked for" {
    check 0 weval sharpness,mse,wasserstein,correlation,sliced,squared-error,frechet,mmd,relative-mse,sharpness-min \
        a.st.zst b.st.zst
    stderr_is ''
    [ "$(cut -f 1 <<<"$output" | paste -s -d,)" = \
        sharpness,mse,wasserstein,correlation,sliced,squared-error,frechet,mmd,relative-mse,sharpness-min ]
    [ "$(awk -F '\t' 'NF != 2' <<<"$output")" = '' ]
    near "$(value squared-error)" "$(awk -v m="$(value mse)" 'BEGIN { print 784 * m }')" 1e-4
}

@test "the same bytes for any number of threads, others for another seed" {
    all=mmd,sliced,wasserstein,frechet
    check 0 weval -j1 $all a.st.zst few.st.zst
    one=$output
    check 0 weval -j3 $all a.st.zst few.st.zst
    stdout_is "$one"
    check 0 weval -s 1 sliced a.st.zst few.st.zst
    [ "$(value sliced)" != "$(output=$one value sliced)" ]
    check 0 weval -j1 mse,correlation,sharpness a.st.zst b.st.zst
    one=$output
    check 0 weval -j3 mse,correlation,sharpness a.st.zst b.st.zst
    stdout_is "$one"
}

@test "equal samples: what is nothing, and what is one" {
    check 0 weval mse,relative-mse,correlation,sliced,wasserstein a.st.zst a.st.zst
    stdout_is $'mse\t0\nrelative-mse\t0\ncorrelation\t1\nsliced\t0\nwasserstein\t0'
    check 0 weval frechet a.st.zst a.st.zst
    near "$(value frechet)" 0 1e-10
    check 0 weval --statistic v mmd a.st.zst a.st.zst
    near "$(value mmd)" 0 1e-6
    check 0 weval mmd a.st.zst a.st.zst
    [[ $(value mmd) == -* ]]
}

@test "known values: 3-4-5 in the plane" {
    container a.safetensors codes F32 '[2,2]' 0 0 10 0
    container b.safetensors codes F32 '[2,2]' 13 4 3 4
    check 0 weval wasserstein,frechet,mse,squared-error a.safetensors b.safetensors
    stdout_is $'wasserstein\t5\nfrechet\t25\nmse\t62.5\nsquared-error\t125'
    check 0 weval --p 1 wasserstein a.safetensors b.safetensors
    stdout_is $'wasserstein\t5'
    check 0 weval --slices 20000 sliced a.safetensors b.safetensors
    near "$(value sliced)" 3.5355 0.05
    container c.safetensors codes F32 '[4,2]' 0 0 10 0 0 0 10 0
    check 0 weval wasserstein,sliced c.safetensors a.safetensors
    stdout_is $'wasserstein\t0\nsliced\t0'
}

@test "which tensor counts" {
    container both.safetensors images U8 '[2,1,1,1]' 0 255 / \
        codes F32 '[2,1]' 5 7 / other I32 '[2,1]' 1 3
    container codes.safetensors codes F32 '[2,1]' 6 8
    container images.safetensors images F32 '[2,1,1,1]' 0.5 0.5
    check 0 weval -v mse,frechet both.safetensors both.safetensors
    stderr_is 'weval: mse: images, 2 and 2 items of 1 values
weval: frechet: codes, 2 and 2 items of 1 values'
    check 0 weval mse,frechet both.safetensors codes.safetensors
    stdout_is $'mse\t1\nfrechet\t1'
    check 0 weval mse both.safetensors images.safetensors
    stdout_is $'mse\t0.25'
    check 0 weval --tensor other mse both.safetensors both.safetensors
    stdout_is $'mse\t0'
    check 1 weval mse codes.safetensors images.safetensors
    stderr_is "weval: mse takes a tensor of images, mass, codes, cost, distance that both files have; codes.safetensors has codes, images.safetensors has images"
    check 1 weval sharpness codes.safetensors
    stderr_is "weval: codes.safetensors: tensor 'codes' of rank 2 holds no images"
}

@test "distances of the same pairs, and of others" {
    wdist --pairs random:50 a.st.zst -o l2.st.zst
    wdist --pairs random:50 --ground l1 a.st.zst -o l1.st.zst
    wdist --pairs random:50 --seed 1 a.st.zst -o other.st.zst
    check 0 weval mse,correlation l2.st.zst l2.st.zst
    stdout_is $'mse\t0\ncorrelation\t1'
    check 0 weval correlation l2.st.zst l1.st.zst
    near "$(value correlation)" 1 0.1
    check 1 weval mse l2.st.zst other.st.zst
    stderr_is 'weval: other.st.zst: distances of other pairs than those of l2.st.zst'
    check 0 weval sliced l2.st.zst other.st.zst --tensor distance
}

@test "the first items only" {
    wpack --limit 40 "$MNIST_IMAGES" -o head.st.zst
    check 0 weval wasserstein,mse few.st.zst head.st.zst
    want=$output
    check 0 weval --limit 40 wasserstein,mse few.st.zst a.st.zst
    stdout_is "$want"
    check 0 weval -v --limit 30 sliced few.st.zst a.st.zst
    stderr_has 'sliced: images, 30 and 30 items of 784 values; standard error'
    check 0 weval --limit 0 sharpness a.st.zst
    want=$output
    check 0 weval sharpness a.st.zst
    stdout_is "$want"
}

@test "of two files, sharpness is that of the second" {
    check 0 weval sharpness b.st.zst
    want=$output
    check 0 weval sharpness a.st.zst b.st.zst
    stdout_is "$want"
}

@test "kernels, statistics and scales differ as they should" {
    for options in '' '--kernel rbf' '--statistic v' '--scale 3' \
        '--kernel rbf --scale 3'; do
        # shellcheck disable=SC2086
        check 0 weval mmd $options a.st.zst few.st.zst
        value mmd >>values
    done
    [ "$(sort -u values | wc -l)" = 5 ]
}

@test "one file on standard input, output to a file, NPY" {
    wunpack a.st.zst images --rows 0-49 -o a.npy
    wpack --limit 50 "$MNIST_IMAGES" -o head.st.zst
    check 0 weval mse,wasserstein head.st.zst a.npy
    stdout_is $'mse\t0\nwasserstein\t0'
    check 0 weval mse - b.st.zst <a.st.zst
    want=$output
    check 0 weval mse a.st.zst - -o out.tsv <b.st.zst
    stdout_is ''
    [ "$(cat out.tsv)" = "$want" ]
}

@test "timing is a line more" {
    check 0 weval --timing mse,sharpness a.st.zst b.st.zst
    [ "$(cut -f 1 <<<"$output" | paste -s -d,)" = \
        mse,mse-seconds,sharpness,sharpness-seconds ]
}
