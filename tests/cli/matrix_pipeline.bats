#!/usr/bin/env bats
# matrix_pipeline.bats - the study of all pairs of MNIST's test images, on a few
# of them: shards hold every pair, the page its figures.

load harness

matrix() {
    local status=$1
    shift
    check "$status" env COUNT=60 SHARDS=3 THREADS=2 \
        sh "$BARROW_SOURCE/pipelines/mnist-matrix" "$@"
}

@test "mnist-matrix solves all pairs in shards, and continues" {
    matrix 0 out
    stdout_is "$PWD/out/index.html"
    stderr_has '18 pairs in '
    pictures_of out/index.html
    grep -q '^<p>1770 of 1770 pairs of images' out/index.html
    grep -q ' of 60 images, ' out/index.html

    # The shards are the matrix.
    wcat out/shard-*.st.zst -o joined.st.zst
    wdist --quantity cost --certify out/digits.st.zst -o whole.st.zst
    for name in pairs cost gap; do
        wunpack joined.st.zst $name --to tsv -o joined.tsv
        wunpack whole.st.zst $name --to tsv -o whole.tsv
        cmp joined.tsv whole.tsv
    done

    # Nearest images, counted once more from the whole matrix.
    wunpack whole.st.zst pairs cost --to tsv | awk '
        FNR == NR { class[n++] = $1; next }
        {
            if (!($1 in low) || $3 < low[$1]) { low[$1] = $3; at[$1] = $2 }
            if (!($2 in low) || $3 < low[$2]) { low[$2] = $3; at[$2] = $1 }
        }
        END {
            for (i in at) wrong += class[i] != class[at[i]]
            print wrong
        }' out/labels.tsv - >wrong.txt
    grep -q "class for $(cat wrong.txt) of 60 images" out/index.html

    cp out/shard-1.st.zst kept.st.zst
    rm out/shard-2.st.zst out/shard-2.tsv out/figures.tsv out/index.html
    matrix 0 out
    cmp kept.st.zst out/shard-1.st.zst
    stderr_has ' --shard 2/3 '
    # shellcheck disable=SC2154
    [[ $stderr != *' --shard 3/3 '* ]] ||
        show stderr 'shard 2 alone' "$stderr"
    grep -q '^<p>1770 of 1770 pairs of images' out/index.html
}

@test "mnist-matrix --small solves one pair in a hundred" {
    matrix 0 --small out
    pictures_of out/index.html
    grep -q '^<p>18 of 1770 pairs of images' out/index.html
    [ ! -e out/shard-1.st.zst ]
    # A folder is for one set of parameters.
    matrix 1 out
    stderr_has 'out holds a run with size=small'
}

@test "mnist-matrix fails where a tool fails, and says which" {
    check 1 env COUNT=0 sh "$BARROW_SOURCE/pipelines/mnist-matrix" out
    stderr_has "COUNT='0'"
    mkdir false
    for name in $(tools); do ln -s "$BARROW_BUILD/$name" false; done
    rm false/wdist
    printf '#!/bin/sh\nexit 1\n' >false/wdist
    chmod +x false/wdist
    BARROW_BUILD=$PWD/false matrix 1 out
    [ ! -e out/index.html ]
}
