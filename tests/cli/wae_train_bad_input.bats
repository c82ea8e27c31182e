#!/usr/bin/env bats
# wae_train_bad_input.bats - files, networks and options that wae train refuses,
# and lost output.

load harness
load models

# 20 digits, networks for codes of 4 values, and a model of one step.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --limit 20 "$MNIST_IMAGES" -o i.st.zst
    wpack --limit 5 --size 30x28 "$MNIST_IMAGES" -o odd.st.zst
    wdist --pairs random:30 i.st.zst -o d.st.zst
    printf '%s\n' flatten 'dense 4' >e.txt
    printf '%s\n' 'dense 784' sigmoid 'reshape 28 28 1' >d.txt
    wae train --net-encoder e.txt --net-decoder d.txt --latent 4 --steps 1 \
        --moments 0 i.st.zst -o m.st.zst
}

# train ARGUMENT...: one step of a run that should not come so far.
train() {
    wae train --net-encoder e.txt --net-decoder d.txt --latent 4 --steps 1 \
        -o no.st.zst "$@"
}

@test "cut, empty, damaged and missing files" {
    size=$(wc -c <i.st.zst)
    head -c $((size / 2)) i.st.zst >cut.st.zst
    check 1 train cut.st.zst
    stderr_has 'wae train: cut.st.zst: '
    : >empty.st.zst
    check 1 train empty.st.zst
    stderr_has 'empty.st.zst: '
    for at in 40 $((size / 3)) $((size - 30)); do
        cat i.st.zst >flipped.st.zst
        printf '\377\0\377' | dd of=flipped.st.zst bs=1 seek=$at conv=notrunc \
            status=none
        check 1 train flipped.st.zst
        stderr_has 'flipped.st.zst: '
    done
    check 1 train none.st.zst
    stderr_has 'none.st.zst: '
    check 1 train .
    check 1 train "$MNIST_IMAGES"
    stderr_has "$MNIST_IMAGES: "
    nothing_was_written
}

@test "files of other kinds" {
    for file in d.st.zst m.st.zst; do
        check 1 train $file
        stderr_has "wae train: $file: "
    done
    # Sizes that the file does not have.
    header='{"images":{"dtype":"U8","shape":[1000000000,1000,1000,1],"data_offsets":[0,1000000000000000]}}'
    {
        printf '%b' "$(printf '\\%03o' ${#header})\0\0\0\0\0\0\0"
        printf '%s' "$header"
    } >huge.safetensors
    check 1 train huge.safetensors
    stderr_has 'huge.safetensors: '
    header='{"images":{"dtype":"U8","shape":[0,28,28,1],"data_offsets":[0,0]}}'
    {
        printf '%b' "$(printf '\\%03o' ${#header})\0\0\0\0\0\0\0"
        printf '%s' "$header"
    } >none.safetensors
    check 1 train none.safetensors
    stderr_has 'none.safetensors: no items to train on'
    nothing_was_written
}

@test "values that are none, or out of the decoder's range" {
    printf '%s\n' 'dense 4' >pe.txt
    printf '%s\n' 'dense 3' sigmoid >pd.txt
    points() {
        wae train --net-encoder pe.txt --net-decoder pd.txt --latent 4 \
            --steps 1 -o no.st.zst "$@"
    }
    # 1, 0, 0 and 0, NaN, 0 as they stand in memory.
    header='{"codes":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}'
    {
        printf '%b' "$(printf '\\%03o' ${#header})\0\0\0\0\0\0\0"
        printf '%s' "$header"
        printf '\0\0\200\77%b%b\0\0\300\177%b' '\0\0\0\0' \
            '\0\0\0\0\0\0\0\0' '\0\0\0\0'
    } >nan.safetensors
    check 1 points nan.safetensors
    stderr_has 'nan.safetensors: '
    [[ $stderr == *nan* ]]
    printf '0\t1\t0.5\n0\t1.5\t1\n' | wpack --kind codes - -o far.st.zst
    check 1 points far.st.zst
    stderr_has 'far.st.zst: '
    check 1 points --range signed far.st.zst
    stderr_has 'far.st.zst: '
    nothing_was_written
    check 0 points --range none --validation 0 far.st.zst
}

@test "images that a preset does not take" {
    check 1 wae train --preset wae-mnist-small --steps 1 odd.st.zst -o no.st.zst
    stderr_has 'multiples of 4, not 30x28x1'
    check 1 train odd.st.zst
    nothing_was_written
}

@test "networks that are none, or do not fit" {
    printf '%s\n' 'dense 784' softmaxx >bad.txt
    check 1 train --net-adversary bad.txt --penalty gan i.st.zst
    stderr_has 'bad.txt: line 2: '
    fit() {
        wae train --net-encoder "$1" --net-decoder "$2" --latent 4 --steps 1 \
            i.st.zst -o no.st.zst "${@:3}"
    }
    check 1 fit bad.txt d.txt
    stderr_has 'bad.txt: line 2: '
    check 1 fit missing.txt d.txt
    stderr_is 'wae train: missing.txt: No such file or directory'
    check 1 fit . d.txt
    printf 'dense\0 4\n' >zero.txt
    check 1 fit zero.txt d.txt
    stderr_is 'wae train: zero.txt: no text of a network'
    : >empty.txt
    check 1 fit empty.txt d.txt
    printf '%s\n' flatten 'dense 5' >five.txt
    check 1 fit five.txt d.txt
    stderr_has "the encoder's output is 5, where 4 is wanted"
    check 1 fit e.txt d.txt --encoder gaussian
    stderr_has "the encoder's output is 4, where 8 is wanted"
    check 1 fit e.txt e.txt
    stderr_has "the decoder's output is 4, where 28x28x1 is wanted"
    check 1 fit e.txt d.txt --penalty gan --net-adversary e.txt
    stderr_has "the adversary's output is 4, where 1 is wanted"
    nothing_was_written
}

@test "options that would do nothing are exit 2, with the reason" {
    idle() {
        local want=$1
        shift
        check 2 train "$@" i.st.zst
        stderr_is "wae train: $want
Try 'wae train --help' for more."
    }
    idle '--kernel is of no use without --penalty mmd' --penalty gan \
        --kernel imq
    idle '--statistic is of no use without --penalty mmd' --penalty none \
        --statistic v
    idle '--net-adversary is of no use without --penalty gan' \
        --net-adversary a.txt
    idle '--adversary-rate is of no use without --penalty gan' --penalty kl \
        --adversary-rate 1
    idle '--log-prior is of no use without --penalty gan' --log-prior off
    idle '--lambda is of no use with --penalty none' --penalty none --lambda 1
    idle '--beta1 is of no use without --optimizer adam' --beta1 0.5 \
        --optimizer sgd
    idle '--init-sd is of no use with an --init whose deviation follows from the layers'\'' sizes' \
        --init he --init-sd 1
    idle '--moments-sample is of no use with --moments 0' --moments 0 \
        --moments-sample 9
    idle '--penalty kl needs --encoder gaussian' --penalty kl \
        --encoder deterministic
    idle '--penalty kl needs --prior normal' --penalty kl --prior sphere
    idle '--log-prior on needs --prior normal' --penalty gan --log-prior on \
        --prior uniform
    nothing_was_written
}

@test "options that make no sense are exit 2" {
    check 2 train
    stderr_has 'one file of images is needed, not 0 operands'
    check 2 train i.st.zst i.st.zst
    stderr_has 'not 2 operands'
    check 2 train --resume i.st.zst
    stderr_has '--resume needs --checkpoint FILE'
    check 2 train --checkpoint - i.st.zst
    stderr_has 'a checkpoint cannot go to standard output'
    check 2 train --validation 2.5 i.st.zst
    stderr_has '--validation 2.5: neither a share'
    check 1 train --validation 20 i.st.zst
    stderr_has 'i.st.zst: of 20 '
    check 2 train --schedule up i.st.zst
    stderr_has '--schedule: '
    check 2 train --schedule 'plateau 0.5:3' --validation 0 i.st.zst
    stderr_has 'plateau'
    check 2 train --preset dwe-mnist i.st.zst
    stderr_has 'wae-mnist-small'
    for word in '--penalty wgan' '--cost l3' '--prior gauss' '--kernel x' \
        '--statistic w' '--encoder x' '--range 0-1' '--init zero' \
        '--batch 0' '--latent 0' '--epochs 0' '--rate -1' '--rate nan' \
        '--lambda -1' '--cost-scale 0' '--prior-scale 0' '--beta1 1' \
        '--moments-sample 1' '--width 0' '--batch 18446744073709551615'; do
        # shellcheck disable=SC2086
        check 2 train $word i.st.zst
        stderr_has "option '${word% *}'"
    done
    nothing_was_written
}

@test "a checkpoint of another run, and one that would be lost" {
    check 0 train --checkpoint c.st.zst i.st.zst -v
    rm no.st.zst
    check 1 train --checkpoint c.st.zst --resume --rate 0.5 i.st.zst
    stderr_has 'c.st.zst: '
    stderr_has 'rate=0.5'
    wpack --skip 20 --limit 20 "$MNIST_IMAGES" -o other.st.zst
    check 1 train --checkpoint c.st.zst --resume other.st.zst
    stderr_has 'items='
    printf '%s\n' flatten 'dense 8' tanh 'dense 4' >f.txt
    check 1 train --checkpoint i.st.zst --resume i.st.zst
    stderr_has 'i.st.zst: '
    check 1 train --checkpoint m.st.zst --resume i.st.zst
    stderr_has 'm.st.zst: '
    head -c 2000 c.st.zst >cut.st.zst
    check 1 train --checkpoint cut.st.zst --resume i.st.zst
    stderr_has 'cut.st.zst: '
    nothing_was_written
    # Another text under the same name.
    check 0 wae train --net-encoder f.txt --net-decoder d.txt --latent 4 \
        --steps 2 i.st.zst -o f.st.zst --checkpoint f-c.st.zst
    rm f.st.zst
    sed -i s/tanh/relu/ f.txt
    check 1 wae train --net-encoder f.txt --net-decoder d.txt --latent 4 \
        --steps 2 i.st.zst -o no.st.zst --checkpoint f-c.st.zst --resume
    stderr_has 'text='
    nothing_was_written
}

@test "a full disk, a closed pipe, and places that cannot be written" {
    check_full wae train --net-encoder e.txt --net-decoder d.txt --latent 4 \
        --steps 1 i.st.zst
    check_closed_pipe wae train --net-encoder e.txt --net-decoder d.txt \
        --latent 4 --steps 1 i.st.zst
    training_goes_apart wae e.txt
    # Nor another name of a model that is there.
    cp m.st.zst no.st.zst
    ln -s no.st.zst name.tsv
    check 2 train --log name.tsv i.st.zst
    stderr_has 'the log and the model cannot both go to no.st.zst'
    check 2 train --checkpoint ./no.st.zst i.st.zst
    stderr_has 'the checkpoint and the model cannot both go to no.st.zst'
    same m.st.zst no.st.zst
    rm no.st.zst name.tsv
    check 1 wae train --net-encoder e.txt --net-decoder d.txt --latent 4 \
        i.st.zst -o none/m.st.zst
    stderr_has 'none/m.st.zst'
}
