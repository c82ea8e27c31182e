#!/usr/bin/env bats
# wgan_bad_input.bats - files, networks and options that the verbs of wgan
# refuse, empty files, and lost output.

load harness
load models

# Twenty images, networks of one layer, a model of one step, a critic alone, a
# model of wae.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --limit 20 "$MNIST_IMAGES" -o i.st.zst
    wpack --size 30x28 --limit 5 "$MNIST_IMAGES" -o odd.st.zst
    wdist --pairs random:30 i.st.zst -o d.st.zst
    printf '%s\n' 'dense 784' sigmoid 'reshape 28 28 1' >g.txt
    printf '%s\n' flatten 'dense 1' >f.txt
    printf '%s\n' flatten 'dense 4' >four.txt
    wgan train --net-generator g.txt --net-critic f.txt --latent 4 --steps 1 \
        i.st.zst -o m.st.zst
    wgan train --net-critic f.txt --against i.st.zst --steps 1 i.st.zst \
        -o critic.st.zst
    wae train --net-encoder four.txt --net-decoder g.txt --latent 4 --steps 1 \
        --moments 0 i.st.zst -o wae.st.zst
}

# train ARGUMENT...: one step of a run that should not come so far.
train() {
    wgan train --net-generator g.txt --net-critic f.txt --latent 4 --steps 1 \
        -o no.st.zst "$@"
}

# refused STATUS TEXT COMMAND...: exits with STATUS, says TEXT, writes nothing.
refused() {
    local status_wanted=$1 text=$2
    shift 2
    check "$status_wanted" "$@" -o no.st.zst
    stderr_has "$text"
    nothing_was_written
}

@test "items to train on: cut, empty, damaged, missing, of other kinds" {
    size=$(wc -c <i.st.zst)
    head -c $((size / 2)) i.st.zst >cut.st.zst
    : >empty.st.zst
    for at in 40 $((size / 3)) $((size - 30)); do
        cat i.st.zst >flipped$at.st.zst
        printf '\377\0\377' | dd of=flipped$at.st.zst bs=1 seek="$at" \
            conv=notrunc status=none
    done
    # Sizes that the file does not have.
    container huge.safetensors images 2,28,28,1 <f.txt
    sed 's/2,28,28/9,28,28/' huge.safetensors >over.safetensors
    for file in cut.st.zst empty.st.zst flipped*.st.zst none.st.zst d.st.zst \
        m.st.zst huge.safetensors over.safetensors f.txt; do
        check 1 train "$file"
        stderr_has "wgan train: $file: "
        check 1 wgan train --net-critic f.txt --steps 1 --against "$file" \
            i.st.zst -o no.st.zst
        stderr_has "wgan train: $file: "
        nothing_was_written
    done
    check 1 train .
    container none.safetensors images 0,28,28,1 </dev/null
    check 1 train none.safetensors
    stderr_has 'none.safetensors: no items to train on'
    check 1 wgan train --net-critic f.txt --steps 1 \
        --against none.safetensors i.st.zst -o no.st.zst
    stderr_has 'none.safetensors: no items to train on'
    nothing_was_written
}

@test "values that are none, or out of the range" {
    { head -c 3132 /dev/zero; printf '\0\0\0\x40'; } |
        container two.safetensors images 1,28,28,1
    check 1 train two.safetensors
    stderr_has 'two.safetensors: item 0: value 2 is not in 0 .. 1'
    check 1 wgan train --net-critic f.txt --steps 1 --range unit \
        --against two.safetensors i.st.zst -o no.st.zst
    stderr_has 'two.safetensors: item 0: value 2 is not in 0 .. 1'
    refused 1 'two.safetensors: item 0: ' wgan score --model m.st.zst \
        two.safetensors
    { head -c 3132 /dev/zero; printf '\0\0\xc0\x7f'; } |
        container nan.safetensors images 1,28,28,1
    check 1 train nan.safetensors
    stderr_has 'nan.safetensors: '
    refused 1 'nan.safetensors: ' wgan score --model m.st.zst nan.safetensors
    nothing_was_written
}

@test "images of another shape" {
    check 1 wgan train --preset wgan-gp-mnist-small --steps 1 odd.st.zst \
        -o no.st.zst
    stderr_has 'multiples of 4, not 30x28x1'
    check 1 train odd.st.zst
    stderr_has "the generator's output is 28x28x1, where 30x28x1 is wanted"
    check 1 wgan train --net-critic f.txt --steps 1 --against odd.st.zst \
        i.st.zst -o no.st.zst
    stderr_has 'odd.st.zst: items are 30x28x1, those of i.st.zst are 28x28x1'
    refused 1 'odd.st.zst: ' wgan score --model m.st.zst odd.st.zst
    stderr_has '28x28x1'
    nothing_was_written
}

@test "networks that are none, or do not fit" {
    fit() {
        wgan train --net-generator "$1" --net-critic "$2" --latent 4 --steps 1 \
            i.st.zst -o no.st.zst "${@:3}"
    }
    printf '%s\n' 'dense 784' softmaxx >bad.txt
    check 1 fit bad.txt f.txt
    stderr_has 'bad.txt: line 2: '
    check 1 fit g.txt bad.txt
    stderr_has 'bad.txt: line '
    check 1 fit g.txt missing.txt
    stderr_is 'wgan train: missing.txt: No such file or directory'
    check 1 fit . f.txt
    printf 'dense\0 4\n' >zero.txt
    check 1 fit zero.txt f.txt
    stderr_is 'wgan train: zero.txt: no text of a network'
    check 1 fit four.txt f.txt
    stderr_has "the generator's output is 4, where 28x28x1 is wanted"
    check 1 fit g.txt four.txt
    stderr_has "the critic's output is 4, where 1 is wanted"
    nothing_was_written
}

@test "a critic that the penalty does not allow is exit 2, with the reason" {
    for layer in batchnorm layernorm tanh sigmoid elu 'maxpool 2x2' \
        'noise 0.1'; do
        printf '%s\n' 'conv 4 4x4 stride 4' "$layer" flatten 'dense 1' >c.txt
        check 2 wgan train --net-generator g.txt --net-critic c.txt \
            --latent 4 --steps 1 i.st.zst -o no.st.zst
        stderr_has "wgan train: critic: line 2: ${layer%% *}: "
        nothing_was_written
        # Other bounds take it.
        check 0 wgan train --net-generator g.txt --net-critic c.txt \
            --latent 4 --steps 1 --lipschitz clip --batch 5 i.st.zst -o c.st.zst
    done
    wpack --size 32x32 --limit 9 "$MNIST_IMAGES" -o j.st.zst
    refused 2 'critic: line 4: batchnorm: ' wgan train \
        --preset wgan-dcgan-small --lipschitz gp --steps 1 j.st.zst
    check 0 wgan train --preset wgan-dcgan-small --steps 1 --batch 4 j.st.zst \
        -o c.st.zst
}

@test "options that would do nothing are exit 2, with the reason" {
    idle() {
        local want=$1
        shift
        check 2 wgan train --net-critic f.txt --steps 1 "$@" i.st.zst \
            -o no.st.zst
        stderr_is "wgan train: --$want
Try 'wgan train --help' for more."
        nothing_was_written
    }
    for bound in clip spectral none; do
        idle 'one-sided is of no use without --lipschitz gp' --one-sided \
            --lipschitz $bound
    done
    idle 'one-sided is of no use without --lipschitz gp' --one-sided \
        --loss minimax
    idle 'beta1 is of no use without --optimizer adam' --beta1 0.5 \
        --optimizer sgd
    idle 'beta2 is of no use without --optimizer adam' --beta2 0.5 \
        --lipschitz clip
    idle 'decay is of no use without --optimizer rmsprop' --decay 0.5
    idle 'init-sd is of no use with an --init whose deviation follows from the layers'\'' sizes' \
        --init-sd 1
    against() {
        idle "$1 is of no use with --against" --against i.st.zst "${@:2}"
    }
    against net-generator --net-generator g.txt
    against latent --latent 4
    against prior --prior normal
    against prior-scale --prior-scale 1
    against critic-steps --critic-steps 5
    against warm-up --warm-up
    against ema --ema 0.9
    against pictures --pictures p
    idle 'rate is of no use with --against and --critic-rate' \
        --against i.st.zst --rate 1 --critic-rate 1
    [ ! -e p ]
}

@test "options that make no sense are exit 2" {
    check 2 train
    stderr_has 'one file of images is needed, not 0 operands'
    check 2 train i.st.zst i.st.zst
    stderr_has 'not 2 operands'
    check 2 train --resume i.st.zst
    stderr_has '--resume needs --checkpoint FILE'
    check 2 train --checkpoint - i.st.zst
    check 2 train --validation 2.5 i.st.zst
    stderr_has '--validation 2.5: neither a share'
    check 1 train --validation 20 i.st.zst
    stderr_has 'i.st.zst: of 20 '
    check 2 train --schedule up i.st.zst
    stderr_has '--schedule: '
    check 2 train --preset wae-mnist i.st.zst
    stderr_has '--preset: '
    stderr_has 'wgan-gp-mnist-small'
    for bound in '' clip: clip:0 clip:1e-31 gp:1e31 'gp: 1' gp:-1 gp:x gp:1x gp:nan gp:inf clip:1e999 \
        clip:1:one-sided spectral:1 none:0 gp:1:both lipschitz; do
        check 2 train --lipschitz "$bound" i.st.zst
        stderr_has "--lipschitz: \"$bound\" is none of clip"
    done
    for word in '--loss wgan' '--prior gauss' '--range 0-1' '--init zero' \
        '--batch 0' '--latent 0' '--epochs 0' '--rate -1' '--rate nan' \
        '--critic-rate -1' '--critic-steps 0' '--prior-scale 0' '--beta1 1' \
        '--beta2 1' '--decay 1' '--ema 1' '--ema -1' '--width 0' \
        '--optimizer x' '--init-sd -1' '--batch 18446744073709551615'; do
        # shellcheck disable=SC2086
        check 2 train $word i.st.zst
        stderr_has "option '${word% *}'"
    done
    check 2 train --patience 3 i.st.zst
    nothing_was_written
}

@test "a checkpoint of another run, and one that would be lost" {
    check 0 train --checkpoint c.st.zst i.st.zst
    rm no.st.zst
    check 1 train --checkpoint c.st.zst --resume --critic-steps 7 i.st.zst
    stderr_has 'c.st.zst: '
    stderr_has 'critic-steps=7'
    wpack --skip 20 --limit 20 "$MNIST_IMAGES" -o other.st.zst
    check 1 train --checkpoint c.st.zst --resume other.st.zst
    stderr_has 'items='
    for file in i.st.zst m.st.zst wae.st.zst; do
        check 1 train --checkpoint $file --resume i.st.zst
        stderr_has "$file: "
    done
    head -c 2000 c.st.zst >cut.st.zst
    check 1 train --checkpoint cut.st.zst --resume i.st.zst
    stderr_has 'cut.st.zst: '
    nothing_was_written
    # Another text under the same name.
    cp f.txt h.txt
    check 0 wgan train --net-generator g.txt --net-critic h.txt --latent 4 \
        --steps 2 i.st.zst -o h.st.zst --checkpoint h-c.st.zst
    echo '# the same' >>h.txt
    check 1 wgan train --net-generator g.txt --net-critic h.txt --latent 4 \
        --steps 2 i.st.zst -o no.st.zst --checkpoint h-c.st.zst --resume
    stderr_has 'text='
    nothing_was_written
}

@test "a model that is none, of something else, or without a generator" {
    for file in wae.st.zst i.st.zst; do
        refused 1 "$file: " wgan sample $file
        refused 1 "$file: " wgan score --model $file i.st.zst
    done
    check 1 wae sample m.st.zst -o no.st.zst
    stderr_has 'm.st.zst: '
    refused 1 'none.st.zst: cannot open: No such file' wgan sample none.st.zst
    refused 2 'no --model is named' wgan score i.st.zst
    refused 2 'one model is needed, not 0 operands' wgan sample
    refused 2 'one file of images is needed, not 2' wgan score \
        --model m.st.zst i.st.zst i.st.zst
    refused 1 'critic.st.zst: a critic alone, without a generator' wgan sample \
        critic.st.zst
    check 0 wgan score --model critic.st.zst i.st.zst -o s.st.zst
    size=$(wc -c <m.st.zst)
    for part in 0 1 2 3; do
        head -c $((size * part / 4)) m.st.zst >cut.st.zst
        refused 1 'cut.st.zst: ' wgan sample cut.st.zst
        refused 1 'cut.st.zst: ' wgan score --model cut.st.zst i.st.zst
    done
}

@test "settings of a model that cannot be" {
    zstd -dqf m.st.zst -o m.safetensors
    spoil() {
        LC_ALL=C sed "s/$1/$2/" m.safetensors >bad.safetensors
        check 1 same m.safetensors bad.safetensors
        refused 1 'bad.safetensors: ' wgan sample bad.safetensors
        refused 1 'bad.safetensors: ' wgan score --model bad.safetensors \
            i.st.zst
    }
    spoil '"lipschitz":"gp:10"' '"lipschitz":"gp:-1"'
    spoil '"loss":"wasserstein"' '"loss":"wassersteim"'
    spoil '"latent":"4"' '"latent":"5"'
    spoil '"latent":"4"' '"latent":"x"'
    spoil '"item":"28x28x1"' '"item":"28x14x2"'
    spoil '"noise-scale":"1"' '"noise-scale":"0"'
    spoil '"range":"unit"' '"range":"unix"'
    spoil 'reshape 28 28 1' 'reshape 14 56 1'
    spoil '\\"tool\\":' '\\"fool\\":'
}

@test "no items at all" {
    container none.st.zst images 0,28,28,1 </dev/null
    check 0 wgan score --slopes --model m.st.zst none.st.zst -o s.st.zst
    check 0 winfo s.st.zst
    stdout_has 'score  F32   0'
    stdout_has 'slope  F32   0'
    refused 2 '-n' wgan sample -n 0 m.st.zst
    refused 2 '-n' wgan sample -n -5 m.st.zst
}

@test "a full disk, a closed pipe, and places that cannot be written" {
    check_full wgan train --net-generator g.txt --net-critic f.txt --latent 4 \
        --steps 1 i.st.zst
    check_closed_pipe wgan train --net-generator g.txt --net-critic f.txt \
        --latent 4 --steps 1 i.st.zst
    check_full wgan sample m.st.zst
    check_closed_pipe wgan sample m.st.zst
    check_full wgan score --model m.st.zst i.st.zst
    check_closed_pipe wgan score --model m.st.zst i.st.zst
    training_goes_apart wgan f.txt
    check 1 wgan train --net-generator g.txt --net-critic f.txt --latent 4 \
        i.st.zst -o none/m.st.zst
    stderr_has 'none/m.st.zst'
    # Root may write everywhere.
    if [ "$(id -u)" -ne 0 ]; then
        mkdir -m 555 kept
        check 1 train --pictures kept --log l.tsv i.st.zst
        stderr_is 'wgan train: kept: Permission denied'
        [ ! -e l.tsv ]
    fi
    refused 1 '/dev/full' wgan sample --png /dev/full m.st.zst
    refused 1 'no/p.png' wgan sample --png no/p.png m.st.zst
    # Before the work.
    refused 1 'p.png: a sheet of 50000 images, 2849999x56 pixels, is too large' \
        wgan sample -n 50000 --columns 1 --png p.png m.st.zst
    [ ! -e p.png ]
    check 2 wgan sample --png s.png m.st.zst -o s.png
    stderr_has 'the output and --png cannot both go to s.png'
    check 0 wgan sample --png /dev/null m.st.zst -o /dev/null
}
