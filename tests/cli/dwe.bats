#!/usr/bin/env bats
# dwe.bats - the command line of dwe: a small model of MNIST's digits, trained,
# stopped and resumed, and what its verbs make of it.

load harness

# Made once: 300 images with their labels, 400 pairs, a model of a few steps.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --split train=300,test=60 "$MNIST_IMAGES" \
        -o '%s.st.zst'
    wdist --quantity cost --pairs random:400 --seed 1 train.st.zst \
        -o train-w.st.zst
    wdist --pairs random:90 --seed 2 test.st.zst -o test-w.st.zst
    dwe train --preset dwe-small --batch 20 --epochs 12 --rate 0.002 \
        --log log.tsv --distances train-w.st.zst train.st.zst -o model.st.zst
    dwe train --regressor --preset dwe-small --batch 40 --epochs 1 \
        --distances train-w.st.zst train.st.zst -o regressor.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

short_train() {
    dwe train --preset dwe-small --batch 40 --epochs 2 \
        --distances train-w.st.zst train.st.zst "$@"
}

# pixels FILE ROW: the values of an image, one a line.
pixels() {
    wunpack --to raw --rows "$2" "$1" images | od -An -v -t f4 -w4
}

# close_to FILE FILE: numbers that differ by rounding only, as sums of equal
# numbers in batches of another size may.
close_to() {
    paste "$1" "$2" |
        awk '{ d = $1 - $2; if (NF != 2 || d * d > 1e-12) exit 1; n++ }
             END { exit !n }'
}

# value NAME: a figure of the last check's standard output.
value() {
    awk -F '\t' -v name="$1" '$1 == name { print $2 }' <<<"$output"
}

@test "--help lists the verbs, each has its own" {
    check 0 dwe --help
    for verb in train embed decode distance evaluate barycenter interpolate \
        components; do
        stdout_has "  $verb "
    done
    for verb in train embed decode distance evaluate barycenter interpolate \
        components; do
        check 0 dwe "$verb" --help
        [[ $output == "Usage: dwe $verb "* ]]
    done
}

@test "no verb, or none of ours, is exit 2" {
    check 2 dwe
    stderr_is "dwe: no verb is named
Try 'dwe --help' for more."
    check 2 dwe fly
    stderr_is "dwe: 'fly' is no verb
Try 'dwe --help' for more."
    check 2 dwe trian
    stderr_has "'trian' is no verb; did you mean 'train'?"
}

@test "a run tells nothing, and the same bytes come for any -j" {
    check 0 short_train -j1 -o one.st.zst
    stdout_is ''
    stderr_is ''
    check 0 short_train -j3 -o three.st.zst
    same one.st.zst three.st.zst
    check 0 short_train --seed 1 -o other.st.zst
    check 1 same one.st.zst other.st.zst
}

@test "training lowers the loss" {
    awk -F '\t' '
        $1 == "set" { for (k = 1; k <= NF; k++) at[$k] = k }
        $1 == "validation" {
            if (!n++) first = $at["total"]
            last = $at["total"]
        }
        END { exit !(n == 12 && last < first / 2) }' \
        "$BATS_FILE_TMPDIR/log.tsv"
}

@test "a run that was stopped and resumed ends in the same bytes" {
    check 0 short_train -o whole.st.zst --log whole.tsv
    # A checkpoint of other options is refused, with what differs.
    check 0 short_train --steps 5 -o killed.st.zst --checkpoint c.st.zst
    check 1 short_train -o killed.st.zst --checkpoint c.st.zst --resume
    stderr_has 'steps'
    rm c.st.zst killed.st.zst
    # Not by the function, whose process would be that of a shell around it.
    dwe train --preset dwe-small --batch 40 --epochs 2 \
        --distances train-w.st.zst train.st.zst -o killed.st.zst \
        --checkpoint c.st.zst --checkpoint-every 1 3>&- &
    pid=$!
    until [ -e c.st.zst ]; do sleep 0.01; done
    kill -9 $pid
    wait $pid || true
    check 0 short_train -o killed.st.zst --checkpoint c.st.zst --resume
    same whole.st.zst killed.st.zst
}

@test "pictures of every epoch" {
    check 0 short_train --pictures pictures -o m.st.zst
    [ -s pictures/epoch-0001.png ]
    [ -s pictures/epoch-0002.png ]
}

@test "settings and provenance are in the model" {
    check 0 winfo --provenance model.st.zst
    for text in label-scale 28x28x1 ' wpack ' ' wdist ' ' dwe ' \
        'train --distances=train-w.st.zst'; do
        stdout_has "$text"
    done
}

@test "evaluate prints figures of unseen pairs" {
    check 0 dwe evaluate --model model.st.zst --distances test-w.st.zst \
        --quantiles q.tsv test.st.zst
    stderr_is ''
    [ "$(value pairs)" = 90 ]
    [ "$(value images)" = unseen ]
    awk -v r="$(value correlation)" -v m="$(value relative-mse)" \
        'BEGIN { exit !(r > 0.3 && m < 0.9 && m > 0) }'
    [ "$(awk 'NR > 1 { n += $3 } END { print n }' q.tsv)" = 90 ]
    check 0 dwe evaluate --model model.st.zst --distances train-w.st.zst \
        train.st.zst
    [ "$(value images)" = training ]
    stderr_is 'dwe evaluate: train.st.zst: the model was trained on these images'
}

@test "evaluate and distance agree" {
    dwe distance --quantity cost --pairs test-w.st.zst --model model.st.zst \
        test.st.zst -o p.st.zst
    check 0 dwe evaluate --model model.st.zst --distances test-w.st.zst \
        test.st.zst
    paste <(wunpack p.st.zst cost) <(wunpack test-w.st.zst distance) |
        awk -v mse="$(value mse)" '
            { gap = $1 - $2 ^ 2; sum += gap * gap }
            END { x = sum / NR / mse; exit !(x > 0.99999 && x < 1.00001) }'
}

@test "all, cross, listed and matrix hold the same numbers" {
    dwe embed --model model.st.zst test.st.zst -o codes.st.zst
    dwe distance --model model.st.zst codes.st.zst -o all.st.zst
    dwe distance --model model.st.zst test.st.zst -j2 -o images.st.zst
    same <(wunpack all.st.zst pairs distance) \
        <(wunpack images.st.zst pairs distance)
    dwe distance --model model.st.zst --pairs all.st.zst codes.st.zst \
        -o listed.st.zst
    dwe distance --model model.st.zst codes.st.zst test.st.zst -o cross.st.zst
    dwe distance --model model.st.zst --matrix codes.st.zst -o m.st.zst
    wunpack all.st.zst pairs distance >all.tsv
    [ "$(wc -l <all.tsv)" -eq $((60 * 59 / 2)) ]
    paste all.tsv <(wunpack listed.st.zst distance) |
        awk '{ d = $3 - $4; if (d * d > 1e-9 * $4 * $4) exit 1 }'
    wunpack cross.st.zst pairs distance |
        awk 'FNR == NR { want[$1, $2] = $3; next }
             $1 < $2 { d = want[$1, $2] - $3; if (d * d > 1e-9 * $3 * $3) exit 1 }
             $1 == $2 && $3 != 0 { exit 1 }' all.tsv -
    wunpack m.st.zst matrix |
        awk 'FNR == NR { want[$1, $2] = $3; next }
             { for (j = FNR; j < NF; j++) {
                   d = want[FNR - 1, j] - $(j + 1)
                   if (d * d > 1e-9 * $(j + 1) ^ 2) exit 1 } }' all.tsv -
}

@test "codes carry labels through embed and decode" {
    dwe embed --model model.st.zst test.st.zst -o codes.st.zst
    dwe decode --view --model model.st.zst --png p.png codes.st.zst -o i.st.zst
    same <(wunpack test.st.zst labels) <(wunpack codes.st.zst labels)
    same <(wunpack test.st.zst labels) <(wunpack i.st.zst labels)
    check 0 winfo i.st.zst
    stdout_has 'images  F32   60x28x28x1'
    [ -s p.png ]
}

@test "codes carry the names of labels" {
    mkdir -p named/one named/two
    wunpack --rows 0:6 --to png test.st.zst images -o named/one/
    wunpack --rows 6:9 --to png test.st.zst images -o named/two/
    wpack --labels folder named -o named.st.zst
    dwe embed --model model.st.zst named.st.zst -o codes.st.zst
    dwe decode --model model.st.zst codes.st.zst -o images.st.zst
    dwe barycenter --by-label --model model.st.zst named.st.zst -o mean.st.zst
    wplot scatter codes.st.zst -o codes.svg
    for name in codes images mean; do
        check 0 winfo "$name.st.zst"
        stdout_has '["one","two"]'
    done
    dwe embed --model model.st.zst test.st.zst -o plain.st.zst
    check 0 winfo plain.st.zst
    [[ $output != *label_names* ]]
}

@test "a barycentre for each label, and of weights" {
    dwe barycenter --by-label --model model.st.zst test.st.zst -o b.st.zst
    [ "$(wunpack b.st.zst labels | tr '\n' ' ')" = '0 1 2 3 4 5 6 7 8 9 ' ]
    # All the weight on one image: its own reconstruction.
    weights=$(awk 'BEGIN { for (k = 0; k < 60; k++)
        printf "%s%d", k ? "," : "", k == 7 }')
    dwe barycenter --weights "$weights" --model model.st.zst test.st.zst \
        -o one.st.zst
    dwe embed --model model.st.zst test.st.zst |
        dwe decode --model model.st.zst - -o all.st.zst
    close_to <(pixels one.st.zst 0) <(pixels all.st.zst 7)
}

@test "interpolate goes from one reconstruction to the other" {
    dwe interpolate --steps 4 --model model.st.zst --png p.png test.st.zst \
        3-8 8-3 -o w.st.zst
    check 0 winfo w.st.zst
    stdout_has 'images  F32   8x28x28x1'
    for k in 0 1 2 3; do
        close_to <(pixels w.st.zst $k) <(pixels w.st.zst $((7 - k)))
    done
    [ -s p.png ]
}

@test "components are decoded, with their variances" {
    dwe components --count 3 --steps 5 --model model.st.zst test.st.zst \
        -o c.st.zst
    check 0 winfo c.st.zst
    stdout_has 'images      F32   15x28x28x1'
    stdout_has 'components  F64   3x50'
    wunpack c.st.zst variances |
        awk '{ if (NR > 1 && $1 > last) exit 1; last = $1 }
             END { exit NR != 3 }'
}

@test "a regressor is evaluated, but has no codes" {
    check 0 dwe evaluate --model regressor.st.zst --distances test-w.st.zst \
        test.st.zst
    [ "$(value pairs)" = 90 ]
    check 0 dwe distance --model regressor.st.zst --pairs random:5 \
        test.st.zst -o d.st.zst
    for verb in embed barycenter components; do
        check 2 dwe $verb --model regressor.st.zst test.st.zst -o no.st.zst
        stderr_has "a regressor takes pairs of images and has no codes"
    done
    [ ! -e no.st.zst ]
}

@test "another ground cost and power, larger images" {
    wpack --size 32x20 --limit 40 "$MNIST_IMAGES" -o i.st.zst
    wdist --ground l1 --p 1 --pairs random:60 i.st.zst -o d.st.zst
    check 0 dwe train --preset dwe-small --steps 4 --batch 20 \
        --distances d.st.zst i.st.zst -o m.st.zst
    check 0 winfo m.st.zst
    stdout_has 'l1'
    stdout_has '32x20x1'
    check 0 dwe evaluate --model m.st.zst --distances d.st.zst i.st.zst
}
