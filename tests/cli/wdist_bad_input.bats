#!/usr/bin/env bats
# wdist_bad_input.bats - what wdist answers to input that is wrong: an exit
# status, a message that says what and where, and no output left behind.

load harness

# f64 FILE TENSOR ROWS COLUMNS VALUE...: a plain container with one tensor of
# doubles, written by hand so that nothing checks its values before wdist does.
f64() {
    local -A bits=(
        [0]='\0\0\0\0\0\0\0\0'
        [1]='\0\0\0\0\0\0\xf0\x3f'
        [2]='\0\0\0\0\0\0\0\x40'
        [-0.2]='\x9a\x99\x99\x99\x99\x99\xc9\xbf'
        [nan]='\0\0\0\0\0\0\xf8\x7f'
        [inf]='\0\0\0\0\0\0\xf0\x7f'
        [-inf]='\0\0\0\0\0\0\xf0\xff'
    )
    local file=$1 head value
    head='{"'$2'":{"dtype":"F64","shape":['$3','$4'],"data_offsets":[0,'
    head+="$(($3 * $4 * 8))]}}"
    while [ $((${#head} % 8)) -ne 0 ]; do
        head+=' '
    done
    shift 4
    {
        little_endian ${#head}
        printf %s "$head"
        for value; do
            # shellcheck disable=SC2059
            printf "${bits[$value]}"
        done
    } >"$file"
}

# little_endian NUMBER: its 8 bytes.
little_endian() {
    local k
    for ((k = 0; k < 64; k += 8)); do
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $(($1 >> k & 255)))"
    done
}

# refused STATUS TEXT... -- ARGUMENT...: wdist with the arguments and -o exits
# with the status, its one line of message begins with "wdist: " and holds all
# texts, and the folder is as before.
refused() {
    local want=$1 texts=() before
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    before=$(find . | sort)
    check "$want" wdist "$@" -o refused.st.zst
    [[ $stderr == "wdist: "* ]] || show 'standard error' 'wdist: ...' "$stderr"
    for text in "${texts[@]}"; do
        stderr_has "$text"
    done
    [ "$want" -eq 2 ] || [[ $stderr != *$'\n'* ]] ||
        show 'standard error' 'one line' "$stderr"
    stdout_is ''
    [ "$(find . | sort)" = "$before" ] ||
        show files "$before" "$(find . | sort)"
}

# The good file of two histograms that others differ from.
good() {
    f64 good.safetensors mass 2 2 1 1 1 2
}

@test "the files that are made by hand are read when nothing is wrong" {
    good
    check 0 wdist good.safetensors --quantity cost --p 1 -o good.st.zst
    # A half of 1,1 and two thirds of 1,2: a sixth moves by one.
    check 0 wunpack good.st.zst cost
    [[ $output == 0.1666666666666666* ]]
}

@test "masses: NaN, infinity, negative, by histogram and bin" {
    for value in nan inf -inf -0.2; do
        f64 bad.safetensors mass 3 3 1 1 1 1 2 "$value" 1 1 1
        refused 1 'bad.safetensors: histogram 1: ' 'bin 2' -- bad.safetensors
    done
    stderr_is \
        'wdist: bad.safetensors: histogram 1: negative mass -0.2 at bin 2'
    f64 bad.safetensors mass 1 2 nan 1
    good
    refused 1 'bad.safetensors: histogram 0: ' 'bin 0' -- \
        good.safetensors bad.safetensors
    refused 1 'bad.safetensors: histogram 0: ' 'bin 0' -- \
        bad.safetensors good.safetensors
}

@test "masses: none at all" {
    f64 bad.safetensors mass 3 2 1 1 1 2 0 0
    refused 1 'bad.safetensors: histogram 2: ' zero -- bad.safetensors
    refused 1 'bad.safetensors: histogram 2: ' zero -- \
        --normalize none bad.safetensors
}

@test "masses: softmax takes any finite value, and no other" {
    f64 values.safetensors mass 2 2 0 0 -0.2 1
    check 0 wdist --normalize softmax values.safetensors -o out.st.zst
    for value in nan inf -inf; do
        f64 bad.safetensors mass 2 2 0 0 1 "$value"
        refused 1 'bad.safetensors: histogram 1: ' 'bin 1' -- \
            --normalize softmax bad.safetensors
    done
}

@test "masses: those of other metrics, too" {
    f64 bad.safetensors mass 2 2 1 1 1 -0.2
    for metric in kl js tv; do
        refused 1 'histogram 1: ' 'bin 1' -- --metric $metric bad.safetensors
    done
}

@test "masses that differ under --normalize none: both sums" {
    good
    refused 1 'good.safetensors' '2' '3' -- --normalize none good.safetensors
    [[ $stderr =~ (^|[^0-9.])2([^0-9.]|$) ]]
    [[ $stderr =~ (^|[^0-9.])3([^0-9.]|$) ]]
    f64 equal.safetensors mass 2 2 1 2 2 1
    check 0 wdist --normalize none equal.safetensors -o equal.st.zst
}

@test "costs: NaN, below zero, wrong shape, none" {
    good
    for value in nan -inf -0.2; do
        f64 cost.safetensors cost 2 2 0 1 "$value" 0
        refused 1 cost.safetensors -- --cost cost.safetensors good.safetensors
    done
    f64 cost.safetensors cost 2 3 0 1 2 1 0 1
    refused 1 cost.safetensors '2 x 3' -- \
        --cost cost.safetensors good.safetensors
    refused 1 missing.npy 'No such file' -- --cost missing.npy good.safetensors
    printf '0\t1\n1\n' >ragged.tsv
    refused 1 ragged.tsv 2 -- --cost ragged.tsv good.safetensors
}

@test "forbidden moves that no plan avoids: the pair and how much mass" {
    printf '3 1\n1 3\n1 3\n' | wpack - -o three.st.zst
    printf 'inf 1\n0 inf\n' >cost.txt
    refused 1 'three.st.zst: pair 2 (1, 2): no plan: 0.5 of a mass of 1 ' \
        'has nowhere to go' -- --cost cost.txt three.st.zst
}

@test "supports: not finite, wrong count" {
    good
    f64 at.safetensors support 2 1 0 nan
    refused 1 at.safetensors -- --support at.safetensors good.safetensors
    f64 at.safetensors support 3 1 0 1 2
    refused 1 at.safetensors 3 2 -- --support at.safetensors good.safetensors
}

@test "options: P below 1, unknown words, impossible shards" {
    good
    for p in 0.5 0 -1 nan x ''; do
        refused 2 --p -- --p "$p" good.safetensors
    done
    refused 2 --ground l1 l2 linf -- --ground l3 good.safetensors
    refused 2 --metric -- --metric hellinger good.safetensors
    refused 2 --quantity -- --quantity both good.safetensors
    refused 2 --normalize -- --normalize max good.safetensors
    for shard in 0/2 3/2 1/0 1 x/2 1/2/3 -1/2; do
        refused 2 --shard -- --shard "$shard" good.safetensors
    done
    refused 2 --pairs -- --pairs random: good.safetensors
    refused 2 --pairs -- --pairs random:-3 good.safetensors
    refused 2 --pairs -- --pairs random:1x good.safetensors
    refused 2 '' -- good.safetensors good.safetensors good.safetensors
    refused 2 '' --
}

@test "pairs: an index out of range, or none" {
    good
    printf '0\t1\n0\t2\n' >pairs.tsv
    refused 1 2 -- --pairs pairs.tsv good.safetensors
    for index in -1 0.5 nan 4294967296 x; do
        printf '0\t1\n%s\t1\n' "$index" >pairs.tsv
        refused 1 pairs.tsv -- --pairs pairs.tsv good.safetensors
    done
    printf '0\n1\n' >pairs.tsv
    refused 1 pairs.tsv -- --pairs pairs.tsv good.safetensors
    refused 1 missing.tsv -- --pairs missing.tsv good.safetensors
}

@test "two files whose bins differ: both shapes" {
    good
    f64 wide.safetensors mass 1 3 1 1 1
    refused 1 good.safetensors wide.safetensors -- \
        good.safetensors wide.safetensors
}

@test "containers: cut at any place" {
    wpack --limit 20 "$MNIST_IMAGES" -o whole.st.zst
    wpack --limit 2 "$MNIST_IMAGES" -o whole.safetensors
    for file in whole.st.zst whole.safetensors; do
        size=$(stat -c %s $file)
        for keep in 0 1 7 8 9 40 $((size / 2)) $((size - 4)) $((size - 1)); do
            head -c "$keep" $file >cut.st
            refused 1 'wdist: cut.st: ' -- cut.st
        done
    done
}

@test "containers: a flipped bit in every part" {
    wpack --limit 20 "$MNIST_IMAGES" -o whole.st.zst
    size=$(stat -c %s whole.st.zst)
    for at in 0 3 $((size / 3)) $((size / 2)) $((size - 2)); do
        cp whole.st.zst flipped
        byte=$(od -An -tu1 -j "$at" -N 1 whole.st.zst)
        # shellcheck disable=SC2059
        printf "\\x$(printf %02x $((byte ^ 16)))" |
            dd of=flipped bs=1 seek="$at" conv=notrunc status=none
        refused 1 'wdist: flipped: ' -- flipped
    done
}

@test "containers: too much behind, the wrong kind, no container at all" {
    good
    cp good.safetensors long
    printf x >>long
    refused 1 'wdist: long: ' -- long
    f64 cube.safetensors other 2 2 1 1 1 1
    sed -i 's/\[2,2\]/[4]  /' cube.safetensors
    refused 1 'wdist: cube.safetensors: ' -- cube.safetensors
    echo '0 1 2' >text
    refused 1 'wdist: text: ' -- text
    refused 1 'wdist: missing: ' 'No such file' -- missing
    mkdir folder
    refused 1 'wdist: folder: ' -- folder
}

@test "containers: sizes that are declared and do not come take no memory" {
    head='{"mass":{"dtype":"F64","shape":[1000000000,1000],'
    head+='"data_offsets":[0,8000000000000]}}'
    {
        little_endian ${#head}
        printf %s "$head"
    } >huge
    little_endian 99000000 >long_header
    little_endian 4611686018427387904 >longer_header
    # Sanitizers reserve more than any limit.
    if (ulimit -v 1000000 && wdist --version) >/dev/null 2>&1; then
        ulimit -v 1000000
    fi
    refused 1 'wdist: huge: ' -- huge
    refused 1 'wdist: long_header: ' -- long_header
    refused 1 'wdist: longer_header: ' -- longer_header
    zstd -q huge -o huge.zst
    refused 1 'wdist: huge.zst: ' -- huge.zst
    check 1 bash -c 'wdist - -o refused.st.zst <huge'
    stderr_has 'wdist: standard input: '
}

@test "outputs: a full disk, a closed pipe, no such folder" {
    good
    check_full wdist good.safetensors
    stderr_has 'No space left'
    check_full wdist good.safetensors -o -
    check_closed_pipe wdist good.safetensors
    stderr_has 'Broken pipe'
    files_are good.safetensors
    check 1 wdist good.safetensors -o missing/out.st.zst
    stderr_has 'wdist: missing/out.st.zst: '
    stderr_has 'No such file or directory'
    mkdir folder
    check 1 wdist good.safetensors -o folder
    stderr_has 'wdist: folder: '
    files_are folder good.safetensors
}

@test "outputs: a refused run leaves an older output as it was" {
    good
    check 0 wdist good.safetensors -o out.st.zst
    cp out.st.zst before
    f64 bad.safetensors mass 2 2 1 1 1 nan
    check 1 wdist bad.safetensors -o out.st.zst
    same before out.st.zst
    files_are bad.safetensors before good.safetensors out.st.zst
}
