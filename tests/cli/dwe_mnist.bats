#!/usr/bin/env bats
# dwe_mnist.bats - the study of the embedding runs to its page, skips what is
# there, and says what it lacks.

load harness

# study STATUS ARGUMENT...
study() {
    local status=$1
    shift
    EPOCHS=1 TRAIN_PAIRS=90 VALID_PAIRS=10 TEST_PAIRS=20 PRESET=dwe-small \
        check "$status" sh "$BARROW_SOURCE/pipelines/dwe-mnist" "$@"
}

@test "dwe-mnist makes a page whose pictures are there, and skips its steps" {
    data=$BARROW_SOURCE/datasets/mnist
    mkdir mnist
    for name in images-idx3 labels-idx1; do
        ln -s "$data/t10k-$name-ubyte.gz" mnist/train-$name-ubyte.gz
        gzip -dc "$data/t10k-$name-ubyte.gz" >mnist/t10k-$name-ubyte
    done
    MNIST=mnist study 0 out
    stdout_is "$PWD/out/index.html"
    for link in $(grep -o 'src="[^"]*"' out/index.html | cut -d '"' -f 2); do
        [ "$(head -c 4 "out/$link" | tail -c 3)" = PNG ] ||
            show "$link" "a PNG file" "something else"
    done
    grep -q '<th>MSE, px⁴</th><td>[0-9]' out/index.html
    [ "$(wc -l <out/quantiles.tsv)" -gt 2 ]
    [ -z "$(find out -name '*.part' -o -name '*.partial')" ]

    rm out/index.html out/barycenters.png
    touch -d '2001-02-03' out/model.st.zst
    MNIST=mnist study 0 out
    [ "$(grep -c '^dwe-mnist: ' <<<"$stderr")" -eq 2 ]
    [ "$(date -r out/model.st.zst +%Y)" -eq 2001 ]
}

@test "dwe-mnist refuses what it cannot do" {
    study 1 out
    stderr_has 'no train-images-idx3-ubyte in datasets/mnist'
    study 2 --large
    study 2 one two
    mkdir other
    echo size=full >other/parameters.txt
    study 1 --small other
    stderr_has 'other holds a run with size=full, not size=small'
}
