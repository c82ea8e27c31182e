#!/usr/bin/env bats
# dwe_bad_input.bats - files and options that dwe refuses, and lost output.

load harness
load models

# Twenty images, their distances, a model of one step.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --limit 20 "$MNIST_IMAGES" -o i.st.zst
    wpack --skip 20 --limit 20 "$MNIST_IMAGES" -o other.st.zst
    wpack --size 12x9 --limit 5 "$MNIST_IMAGES" -o small.st.zst
    wdist --pairs random:30 i.st.zst -o d.st.zst
    dwe train --preset dwe-small --steps 1 --distances d.st.zst i.st.zst \
        -o m.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

# train ARGUMENT...: one step of a run that should not come so far.
train() {
    dwe train --preset dwe-small --steps 1 -o no.st.zst "$@"
}

@test "distances of other images are refused with both digests" {
    check 1 train --distances d.st.zst other.st.zst
    stderr_has 'd.st.zst: distances of i.st.zst (xxh64 '
    stderr_has 'not of other.st.zst (xxh64 '
    check 1 dwe evaluate --model m.st.zst --distances d.st.zst other.st.zst
    stderr_has 'not of other.st.zst'
    wdist i.st.zst other.st.zst --pairs random:9 -o cross.st.zst
    check 1 train --distances cross.st.zst i.st.zst
    stderr_has 'cross.st.zst: distances of other.st.zst'
    nothing_was_written
}

@test "equal images count, whatever else their files hold" {
    wpack --limit 60 --labels "$MNIST_LABELS" "$MNIST_IMAGES" -o l.st.zst
    wpack --limit 60 "$MNIST_IMAGES" -o same.st.zst
    wunpack same.st.zst images -o same.npy
    wpack same.npy -o same.st.zst
    wdist --pairs random:9 same.st.zst -o same-d.st.zst
    check 0 train --distances same-d.st.zst l.st.zst
    rm no.st.zst
    # The same bytes in another shape are other images.
    wpack --limit 60 --size 14x56 "$MNIST_IMAGES" -o wide.st.zst
    wunpack wide.st.zst images -o wide.npy
    wdist --pairs random:9 wide.st.zst -o wide-d.st.zst
    check 1 train --distances wide-d.st.zst l.st.zst
    stderr_has 'wide-d.st.zst: distances of wide.st.zst'
}

@test "other metrics and predictions are refused" {
    wdist --metric tv --pairs random:9 i.st.zst -o tv.st.zst
    check 1 train --distances tv.st.zst i.st.zst
    stderr_is 'dwe train: tv.st.zst: distances of metric tv; an embedding is trained on wasserstein'
    dwe distance --model m.st.zst i.st.zst -o p.st.zst
    check 1 train --distances p.st.zst i.st.zst
    stderr_is 'dwe train: p.st.zst: distances that a model predicted; exact ones are wanted'
    check 1 train --distances i.st.zst i.st.zst
    stderr_has "i.st.zst: no 'ground' in the metadata"
    nothing_was_written
}

@test "distances of another problem than the model's are refused" {
    wdist --p 1 --pairs random:9 i.st.zst -o p1.st.zst
    check 1 dwe evaluate --model m.st.zst --distances p1.st.zst i.st.zst
    stderr_is 'dwe evaluate: p1.st.zst: p is 1, that of the model m.st.zst is 2'
    wdist --ground l1 --pairs random:9 i.st.zst -o l1.st.zst
    check 1 dwe evaluate --model m.st.zst --distances l1.st.zst i.st.zst
    stderr_is 'dwe evaluate: l1.st.zst: ground is l1, that of the model m.st.zst is l2'
}

@test "images of another size are refused with both" {
    check 1 dwe embed --model m.st.zst small.st.zst -o no.st.zst
    stderr_is 'dwe embed: small.st.zst: images are 12x9x1, those of the model m.st.zst are 28x28x1'
    check 1 dwe distance --model m.st.zst i.st.zst small.st.zst -o no.st.zst
    stderr_has 'small.st.zst: images are 12x9x1'
    nothing_was_written
}

@test "masses that are none" {
    zeros=$(awk 'BEGIN { for (k = 0; k < 783; k++) printf "0 "; print 0 }')
    printf '%s\n%s\n' "${zeros%0}1" "$zeros" | tr ' ' '\t' |
        wpack --kind histograms - -o zero.st.zst
    check 1 dwe embed --model m.st.zst zero.st.zst -o no.st.zst
    stderr_has 'zero.st.zst: '
    nothing_was_written
}

@test "cut and damaged files" {
    for file in i.st.zst d.st.zst m.st.zst; do
        size=$(wc -c <$file)
        head -c $((size / 2)) $file >cut.st.zst
        case $file in
        i.st.zst) check 1 train --distances d.st.zst cut.st.zst ;;
        d.st.zst) check 1 train --distances cut.st.zst i.st.zst ;;
        m.st.zst)
            check 1 dwe embed --model cut.st.zst i.st.zst -o no.st.zst
            ;;
        esac
        stderr_has 'cut.st.zst: '
        : >empty.st.zst
        check 1 dwe embed --model empty.st.zst i.st.zst -o no.st.zst
        stderr_has 'empty.st.zst: '
    done
    check 1 dwe embed --model i.st.zst i.st.zst -o no.st.zst
    stderr_has 'i.st.zst: '
    check 1 dwe decode --model m.st.zst i.st.zst -o no.st.zst
    stderr_is "dwe decode: i.st.zst: no tensor 'codes'"
    check 1 dwe embed --model none.st.zst i.st.zst -o no.st.zst
    stderr_has 'none.st.zst: cannot open: No such file'
    nothing_was_written
}

@test "options that make no sense are exit 2" {
    check 2 train i.st.zst
    stderr_has 'no --distances are named'
    check 2 train --distances d.st.zst
    stderr_has 'one file of images is needed, not 0'
    check 2 train --distances d.st.zst --resume i.st.zst
    stderr_has '--resume needs --checkpoint FILE'
    check 2 train --distances d.st.zst --validation 2.5 i.st.zst
    stderr_has '--validation 2.5: neither a share'
    check 1 train --distances d.st.zst --validation 30 i.st.zst
    stderr_has 'd.st.zst: of 30 pairs none is left'
    check 2 train --distances d.st.zst --schedule up i.st.zst
    stderr_has '--schedule: '
    check 2 dwe train --preset none --distances d.st.zst i.st.zst -o no.st.zst
    stderr_has 'dwe-small'
    check 2 train --regressor --net-encoder e --distances d.st.zst i.st.zst
    stderr_has '--net-encoder is of no use'
    check 2 dwe embed i.st.zst -o no.st.zst
    stderr_has 'no --model is named'
    check 2 dwe interpolate --model m.st.zst i.st.zst 3 -o no.st.zst
    stderr_has '3: not A-B'
    check 1 dwe interpolate --model m.st.zst i.st.zst 3-20 -o no.st.zst
    stderr_has '3-20: images run from 0 to 19'
    check 2 dwe barycenter --weights 1,2 --model m.st.zst i.st.zst -o no.st.zst
    stderr_has '--weights: one for each of 20 images is wanted'
    check 2 dwe barycenter --weights 1,x --model m.st.zst i.st.zst -o no.st.zst
    stderr_has "--weights: 'x' is no weight"
    check 1 dwe barycenter --by-label --model m.st.zst other.st.zst -o no.st.zst
    stderr_has 'other.st.zst: --by-label: no labels'
    check 1 dwe components --count 51 --model m.st.zst i.st.zst -o no.st.zst
    stderr_has 'there are 50 components'
    check 2 dwe distance --matrix --pairs random:3 --model m.st.zst i.st.zst \
        -o no.st.zst
    check 2 dwe distance --pairs all --model m.st.zst i.st.zst i.st.zst \
        -o no.st.zst
    nothing_was_written
}

@test "one name for two outputs is exit 2" {
    dwe embed --model m.st.zst i.st.zst -o codes.st.zst
    for verb in 'decode codes.st.zst' 'barycenter i.st.zst' \
        'interpolate i.st.zst 0-1' 'components i.st.zst'; do
        # Options are words.
        # shellcheck disable=SC2086
        set -- dwe $verb --model m.st.zst --png
        check 2 "$@" - -o -
        stdout_is ''
        stderr_has 'the output and --png cannot both go to standard output'
        echo old >s.png
        check 2 "$@" s.png -o ./s.png
        stderr_has 'the output and --png cannot both go to s.png'
        [ "$(cat s.png)" = old ]
    done
    check 2 train --log no.st.zst --distances d.st.zst i.st.zst
    stderr_has 'the log and the model cannot both go to no.st.zst'
    check 2 train --checkpoint no.st.zst --distances d.st.zst i.st.zst
    stderr_has 'the checkpoint and the model cannot both go to no.st.zst'
    check 2 train --checkpoint c.st.zst --log c.st.zst --distances d.st.zst \
        i.st.zst
    stderr_has 'the checkpoint and the log cannot both go to c.st.zst'
    [ ! -e c.st.zst ]
    check 2 dwe evaluate --quantiles - --model m.st.zst --distances d.st.zst \
        i.st.zst
    stdout_is ''
    stderr_has 'the figures and --quantiles cannot both go to standard output'
    nothing_was_written
}

@test "networks with errors name file, line and column" {
    printf 'flatten\ndense 50\n' >e.txt
    printf 'dense 784\nsoftmaxx\n' >d.txt
    check 1 train --net-encoder e.txt --net-decoder d.txt --distances d.st.zst \
        i.st.zst
    stderr_has 'd.txt: line 2: '
    printf 'dense 784\nsigmoid\n' >d.txt
    check 1 train --net-encoder e.txt --net-decoder d.txt --distances d.st.zst \
        i.st.zst
    stderr_has 'the decoder does not end in softmax'
    check 1 train --net-encoder missing.txt --distances d.st.zst i.st.zst
    stderr_has 'missing.txt: No such file'
    printf 'dense\0 784\n' >d.txt
    check 1 train --net-decoder d.txt --distances d.st.zst i.st.zst
    stderr_is 'dwe train: d.txt: no text of a network'
    printf 'dense 784\nsoftmax\n' >d.txt
    check 0 train --net-encoder e.txt --net-decoder d.txt --distances d.st.zst \
        i.st.zst
}

@test "a full disk and a closed pipe" {
    check_full dwe train --preset dwe-small --steps 1 --distances d.st.zst \
        i.st.zst
    check_full dwe embed --model m.st.zst i.st.zst
    check_full dwe distance --model m.st.zst i.st.zst
    check_full dwe evaluate --model m.st.zst --distances d.st.zst i.st.zst
    check_closed_pipe dwe decode --model m.st.zst <(dwe embed \
        --model m.st.zst i.st.zst)
    check_closed_pipe dwe evaluate --model m.st.zst --distances d.st.zst \
        i.st.zst
    check 1 train --log /dev/full --distances d.st.zst i.st.zst
    stderr_has '/dev/full'
    check 2 dwe train --log - --distances d.st.zst i.st.zst -o -
    stderr_has 'the log and the model cannot both go to standard output'
    check 1 dwe decode --model m.st.zst --png /dev/full -o no.st.zst \
        <(dwe embed --model m.st.zst i.st.zst)
    stderr_has '/dev/full'
    nothing_was_written
}
