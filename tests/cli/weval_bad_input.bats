#!/usr/bin/env bats
# weval_bad_input.bats - files and options that weval refuses, and lost output.

load harness

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --limit 20 "$MNIST_IMAGES" -o a.st.zst
    wpack --skip 20 --limit 30 "$MNIST_IMAGES" -o more.st.zst
    wpack --size 12x9 --limit 20 "$MNIST_IMAGES" -o small.st.zst
    wpack --limit 1 "$MNIST_IMAGES" -o one.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

@test "metrics that there are none of" {
    check 2 weval fid a.st.zst a.st.zst
    stdout_is ''
    stderr_has "weval: unknown metric 'fid'; there are mse, squared-error, relative-mse, correlation, mmd, sliced, wasserstein, frechet, kid, precision, recall, two-sample, critic, sharpness, sharpness-min"
    check 2 weval mse,,mmd a.st.zst a.st.zst
    stderr_has "unknown metric ''"
    check 2 weval mse, a.st.zst a.st.zst
    stderr_has "unknown metric ''"
    check 2 weval mse,mse a.st.zst a.st.zst
    stderr_has 'metric mse is named twice'
    check 2 weval "$(printf '%5000s' x)" a.st.zst
    stderr_has 'unknown metric'
}

@test "operands and options" {
    check 2 weval
    stderr_has 'no metric is named'
    check 2 weval mse
    stderr_has 'one or two files are needed after the metrics, not 0'
    check 2 weval mse a.st.zst a.st.zst a.st.zst
    stderr_has 'not 3'
    check 2 weval sharpness,mse a.st.zst
    stderr_has 'mse compares two files, and one is named'
    check 2 weval mse - -
    stderr_has 'standard input can be one of the two files only'
    check 2 weval --slices 0 sliced a.st.zst a.st.zst
    stderr_has '--slices'
    check 2 weval --p 0.5 wasserstein a.st.zst a.st.zst
    stderr_has '--p'
    check 2 weval --scale 0 mmd a.st.zst a.st.zst
    stderr_has '--scale'
    check 2 weval --kernel gauss mmd a.st.zst a.st.zst
    stderr_has 'imq'
    check 2 weval --limit -1 mmd a.st.zst a.st.zst
    stderr_has '--limit'
}

@test "shapes and counts that do not fit" {
    check 1 weval sliced a.st.zst small.st.zst
    stderr_is 'weval: small.st.zst: images of 12x9x1 values, those of a.st.zst are of 28x28x1'
    check 1 weval mse a.st.zst more.st.zst
    stderr_is 'weval: more.st.zst: 30 items, a.st.zst has 20, and mse compares them one by one'
    check 1 weval frechet a.st.zst one.st.zst
    stderr_is 'weval: one.st.zst: frechet takes at least 2 items, not 1'
    check 1 weval --limit 1 mmd a.st.zst a.st.zst
    stderr_is 'weval: a.st.zst: mmd takes at least 2 items, not 1'
    check 0 weval sliced,wasserstein a.st.zst one.st.zst
    check 1 weval --tensor codes mse a.st.zst a.st.zst
    stderr_is "weval: a.st.zst: no tensor 'codes'"
    check 1 weval --tensor labels sharpness a.st.zst
    stderr_is "weval: a.st.zst: no tensor 'labels'"
}

@test "nothing is printed where a later metric fails" {
    check 1 weval sharpness,mse a.st.zst more.st.zst
    stdout_is ''
    check 1 weval sharpness,mse a.st.zst more.st.zst -o no.tsv
    [ ! -e no.tsv ]
}

@test "missing, cut, empty and foreign files" {
    check 1 weval mse none.st.zst a.st.zst
    stderr_has 'none.st.zst: '
    check 1 weval mse a.st.zst none.st.zst
    stderr_has 'none.st.zst: '
    head -c 1000 a.st.zst >cut.st.zst
    check 1 weval mse a.st.zst cut.st.zst
    stderr_has 'cut.st.zst: truncated'
    : >empty.st.zst
    check 1 weval mse empty.st.zst a.st.zst
    stderr_has 'empty.st.zst: '
    check 1 weval mse "$MNIST_IMAGES" a.st.zst
    stderr_has 't10k-images-idx3-ubyte.gz: '
    check 1 weval mse . a.st.zst
    stdout_is ''
    check 1 weval mse a.st.zst - <empty.st.zst
    stderr_has 'standard input: '
}

# npy FILE DTYPE SHAPE: bytes of standard input after a header.
npy() {
    {
        printf '\223NUMPY\1\0\166\0'
        printf '%-117s\n' \
            "{'descr': '$2', 'fortran_order': False, 'shape': $3, }"
        cat
    } >"$1"
}

@test "values that are no numbers, no items, and headers that promise more" {
    printf '\0\0\200\77\0\0\300\177' | npy nan.npy '<f4' '(2, 1)'
    check 1 weval mse nan.npy nan.npy
    stderr_is 'weval: nan.npy: codes: item 1: value 0 is nan'
    printf '\0\0\200\177\0\0\200\177' | npy inf.npy '<f4' '(2, 1)'
    check 1 weval mse inf.npy nan.npy
    stderr_is 'weval: inf.npy: codes: item 0: value 0 is inf'
    printf '\0\0\200\77' | npy long.npy '<f4' '(1000000000, 1)'
    check 1 weval mse long.npy long.npy
    stderr_has 'long.npy: '
    npy none.npy '<f4' '(0, 3)' </dev/null
    check 1 weval mse none.npy none.npy
    stderr_has 'none.npy: '
    printf '\0\0\200\77\0\0\200\77' | npy extra.npy '<f4' '(1, 1)'
    check 1 weval mse extra.npy extra.npy
    stderr_has 'extra.npy: '
    # The largest power of 2 that a double holds, and what it costs.
    printf '\0\0\0\0\0\0\340\177\0\0\0\0\0\0\340\377' |
        npy wide.npy '<f8' '(2, 1)'
    printf '\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0' | npy zero.npy '<f8' '(2, 1)'
    for metric in mse sliced wasserstein frechet; do
        check 1 weval $metric wide.npy zero.npy
        stderr_has 'weval: '
        stdout_is ''
    done
}

@test "a container of no items" {
    head='{"codes":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]}}'
    # shellcheck disable=SC2059
    printf "\\$(printf '%03o' ${#head})\0\0\0\0\0\0\0%s" "$head" >n.st
    check 1 weval sliced n.st n.st
    stderr_is "weval: n.st: tensor 'codes' holds no items"
}

# stopped_in METRIC SIGNAL: weval, told to stop while it works on a metric of
# points that would take hours. A job in the background of a script ignores
# SIGINT, unless python3 lets it not.
stopped_in() {
    : >told # of the call before
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' weval -v -j2 --limit 0 --slices 1000000 \
        --steps 1000000000 \
        "mse,$1" many.npy many.npy -o no.tsv 2>told 3>&- &
    local pid=$! tries=0
    # The line of the metric before says that the wait has begun.
    until grep -q mse told || ! kill -0 $pid; do sleep 0.01; done
    kill "-$2" $pid
    # A bound for a tool that goes on, not a time to keep.
    while kill -0 $pid 2>/dev/null && [ $((tries += 1)) -lt 600 ]; do
        sleep 0.1
    done
    kill -9 $pid 2>/dev/null || true
    code=0
    wait $pid || code=$?
}

@test "a signal ends a long metric, and nothing is left" {
    need python3
    seq 800000 | head -c 4800000 | npy many.npy '|u1' '(300000, 16)'
    stopped_in mmd INT
    [ "$code" -eq 130 ]
    grep -q '^weval: interrupted$' told
    stopped_in 'sliced' TERM
    [ "$code" -eq 143 ]
    for metric in kid precision two-sample critic; do
        stopped_in $metric INT
        [ "$code" -eq 130 ]
    done
    [ ! -e no.tsv ]
    [ -z "$(find . -name '.*' -type f)" ]
}

@test "a full disk and a closed pipe" {
    check_full weval mse a.st.zst a.st.zst
    check_closed_pipe weval mse a.st.zst a.st.zst
    check 1 weval mse a.st.zst a.st.zst -o /dev/full
    stderr_has '/dev/full'
    check 1 weval mse a.st.zst a.st.zst -o none/out.tsv
    stderr_has 'none/out.tsv'
}
