#!/usr/bin/env bats
# wgan.bats - the verbs of wgan that put a model to work: samples and scores, of
# images and of points.

load harness
load models

# Made once: 300 images with their labels, a model of a few steps, one whose
# generator has running statistics, one of points, and a critic alone.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --split train=300,test=100 "$MNIST_IMAGES" \
        -o '%s.st.zst'
    small=(--preset wgan-gp-mnist-small --batch 32 --steps 10)
    wgan train "${small[@]}" train.st.zst -o model.st.zst
    awk 'BEGIN { for (k = 0; k < 300; k++) {
        a = k * 0.7; printf "%.5f\t%.5f\n", sin(a), cos(a)
    } }' | wpack --kind codes - -o p.st.zst
    printf '%s\n' 'dense 16' batchnorm relu 'dense 2' >pg.txt
    printf '%s\n' 'dense 16' relu 'dense 1' >pf.txt
    wgan train --preset wgan-toy-small --net-generator pg.txt --latent 3 \
        --net-critic pf.txt --steps 20 --batch 50 p.st.zst -o points.st.zst
    printf '%s\n' 'dense 1' >line.txt
    wgan train --preset wgan-toy-small --net-critic line.txt --lipschitz none \
        --against p.st.zst --steps 2 p.st.zst -o critic.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

@test "--help lists the verbs, each has its own" {
    check 0 wgan --help
    for verb in train sample score; do
        stdout_has "  $verb "
    done
    for verb in train sample score; do
        check 0 wgan "$verb" --help
        [[ $output == "Usage: wgan $verb "* ]]
    done
}

@test "verbs tell nothing, and the same bytes come for any -j" {
    for j in 1 2; do
        check 0 wgan sample -j$j --png p$j.png model.st.zst -o s$j.st.zst
        stdout_is ''
        stderr_is ''
        check 0 wgan score -j$j --slopes --model model.st.zst test.st.zst \
            -o f$j.st.zst
        stdout_is ''
        stderr_is ''
    done
    same s1.st.zst s2.st.zst
    same p1.png p2.png
    same f1.st.zst f2.st.zst
}

@test "sample k depends on the seed and k alone" {
    wgan sample -n 130 model.st.zst -o many.st.zst
    wgan sample -n 7 model.st.zst -o few.st.zst
    wgan sample -n 7 --seed 1 model.st.zst -o other.st.zst
    same <(numbers many.st.zst codes 0-6) <(numbers few.st.zst codes)
    close_to <(numbers many.st.zst images 0-6) <(numbers few.st.zst images)
    check 1 close_to <(numbers few.st.zst images) <(numbers other.st.zst images)
    check 0 winfo few.st.zst
    stdout_has 'kind      images'
    stdout_has 'images  F32   7x28x28x1'
    stdout_has 'codes   F32   7x128'
    numbers few.st.zst images | awk '$1 < 0 || $1 > 1 { exit 1 }'
    check 0 winfo --provenance few.st.zst
    stdout_has 'sample --count=7 model.st.zst'
    stdout_has 'train --preset=wgan-gp-mnist-small'
}

@test "noise has the prior's distribution" {
    moments() {
        numbers "$1" codes | awk '
            { s += $1; q += $1 * $1; if ($1 > most) most = $1 }
            END { print s / NR, q / NR - (s / NR) ^ 2, most }'
    }
    wgan sample -n 300 model.st.zst -o s.st.zst
    moments s.st.zst | awk '{ exit !($1 ^ 2 < 1e-3 && ($2 - 1) ^ 2 < 1e-3) }'
    wgan train --preset wgan-gp-mnist-small --prior uniform --prior-scale 3 \
        --steps 1 train.st.zst -o m.st.zst
    wgan sample -n 300 m.st.zst -o s.st.zst
    moments s.st.zst |
        awk '{ exit !($1 ^ 2 < 1e-2 && ($2 - 3) ^ 2 < 1e-2 && $3 <= 3) }'
}

@test "the picture of samples has a row of so many" {
    wgan sample -n 12 --columns 4 --png p.png model.st.zst -o s.st.zst
    # 4 images of 2 x 28 pixels and 3 lines.
    [ "$(od -An -j16 -N4 -t u4 --endian=big p.png | tr -d ' ')" -eq $((4 * 56 + 3)) ]
}

@test "points are codes, and their noise latent" {
    wgan sample -n 70 points.st.zst -o s.st.zst
    check 0 winfo s.st.zst
    stdout_has 'kind      codes'
    stdout_has 'codes   F32   70x2'
    stdout_has 'latent  F32   70x3'
    check 0 wgan score --model points.st.zst s.st.zst -o f.st.zst
    check 0 winfo f.st.zst
    stdout_has 'score  F32   70'
    check 2 wgan sample --png p.png points.st.zst -o no.st.zst
    stderr_has '--png: the items of points.st.zst are points, not images'
    [ ! -e no.st.zst ]
    [ ! -e p.png ]
}

@test "scores carry labels, and slopes on request" {
    check 0 wgan score --model model.st.zst test.st.zst -o f.st.zst
    check 0 winfo f.st.zst
    stdout_has 'kind      scores'
    stdout_has 'score   F32   100'
    [[ $output != *slope* ]]
    same <(wunpack test.st.zst labels) <(wunpack f.st.zst labels)
    check 0 winfo --provenance f.st.zst
    stdout_has 'score --model=model.st.zst test.st.zst'
    [ "$(grep -c seed <<<"$output")" -eq 1 ]
    check 0 wgan score --slopes --model model.st.zst test.st.zst -o s.st.zst
    same <(numbers f.st.zst score) <(numbers s.st.zst score)
    numbers s.st.zst slope | awk '!($1 > 0) { exit 1 } END { exit NR != 100 }'
    # Of some images the same as of all.
    wpack --skip 300 --limit 10 "$MNIST_IMAGES" -o ten.st.zst
    check 0 wgan score --slopes --model model.st.zst ten.st.zst -o t.st.zst
    for tensor in score slope; do
        close_to <(numbers t.st.zst $tensor) <(numbers s.st.zst $tensor 0-9)
    done
    wcat f.st.zst f.st.zst -o two.st.zst
    check 0 winfo two.st.zst
    stdout_has 'score   F32   200'
}

@test "a line's score is w x + b, its slope the length of w" {
    check 0 wgan score --slopes --model critic.st.zst p.st.zst -o f.st.zst
    paste <(wunpack p.st.zst codes) <(numbers f.st.zst score) \
        <(numbers f.st.zst slope) |
        awk -v w="$(numbers critic.st.zst critic.0.weight | tr '\n' ' ')" \
            -v b="$(numbers critic.st.zst critic.0.bias)" '
            BEGIN { split(w, v, " ") }
            { d = v[1] * $1 + v[2] * $2 + b - $3
              s = sqrt(v[1] ^ 2 + v[2] ^ 2) - $4
              if (d * d > 1e-10 || s * s > 1e-10) exit 1; n++ }
            END { exit n != 300 }'
}

@test "slopes are by items as the network sees them" {
    # The same critic, of values as they are and of those moved to [-1, 1].
    printf '%s\n' flatten 'dense 1' >line.txt
    for range in unit signed; do
        wgan train --preset wgan-mlp-small --net-critic line.txt --steps 1 \
            --critic-rate 0 --range $range train.st.zst -o $range.st.zst
        wgan score --slopes --model $range.st.zst test.st.zst -o f-$range.st.zst
    done
    close_to <(numbers f-unit.st.zst slope) <(numbers f-signed.st.zst slope)
    check 1 close_to <(numbers f-unit.st.zst score) \
        <(numbers f-signed.st.zst score)
}

@test "the difference of scores is that of the log" {
    # One batch holds all, and the critic stays as it is.
    printf '%s\n' 'dense 16' relu 'dense 1' >pf.txt
    wunpack p.st.zst codes | awk '{ print $1 + 1 "\t" $2 }' |
        wpack --kind codes - -o q.st.zst
    wgan train --preset wgan-toy-small --net-critic pf.txt --lipschitz none \
        --against q.st.zst --critic-rate 0 --epochs 1 --batch 300 \
        --validation 0 --log l.tsv p.st.zst -o m.st.zst
    for set in p q; do
        wgan score --model m.st.zst $set.st.zst -o f-$set.st.zst
    done
    paste <(numbers f-p.st.zst score) <(numbers f-q.st.zst score) |
        awk -v want="$(awk -F '\t' '$1 == "set" {
                for (k = 1; k <= NF; k++) if ($k == "difference") at = k }
                $1 == "train" { print $at }' l.tsv)" '
            { d += $1 - $2 }
            END { d = d / NR - want; exit !(NR == 300 && d * d < 1e-10) }'
}

@test "a checkpoint serves as the model that it holds" {
    checkpoint_is_a_model wgan --preset wgan-gp-mnist-small --steps 6 --batch 20
}

@test "SIGINT ends a verb, and nothing is left" {
    sigint_leaves_nothing wgan
}
