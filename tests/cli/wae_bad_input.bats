#!/usr/bin/env bats
# wae_bad_input.bats - files and options that the verbs of wae refuse which put
# a model to work, empty files, and lost output.

load harness
load models

# Twenty images, a model of one step of them, their codes, a model of dwe.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --limit 20 "$MNIST_IMAGES" -o i.st.zst
    wpack --size 12x8 --limit 5 "$MNIST_IMAGES" -o small.st.zst
    wae train --preset wae-mnist-small --batch 10 --steps 1 --moments 0 \
        i.st.zst -o m.st.zst
    wae encode --model m.st.zst i.st.zst -o codes.st.zst
    wdist --pairs random:9 i.st.zst -o d.st.zst
    dwe train --preset dwe-small --steps 1 --distances d.st.zst i.st.zst \
        -o dwe.st.zst
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/*.st.zst .
}

# zeros N: so many bytes of them.
zeros() {
    head -c "$1" /dev/zero
}

# refused STATUS TEXT VERB ARGUMENT...: exits with STATUS, says TEXT, and writes
# nothing.
refused() {
    local status_wanted=$1 text=$2
    shift 2
    check "$status_wanted" wae "$@" -o no.st.zst
    stderr_has "$text"
    nothing_was_written
}

@test "a model that is none, or of something else" {
    for verb in encode reconstruct interpolate; do
        refused 1 'dwe.st.zst: ' $verb --model dwe.st.zst i.st.zst
        refused 1 'i.st.zst: ' $verb --model i.st.zst i.st.zst
        refused 1 'none.st.zst: cannot open: No such file' $verb \
            --model none.st.zst i.st.zst
        refused 2 'no --model is named' $verb i.st.zst
    done
    refused 1 "dwe" decode --model dwe.st.zst codes.st.zst
    refused 1 "dwe" sample dwe.st.zst
    refused 2 'one model is needed, not 0 operands' sample
    refused 2 'one file of codes is needed, not 2' decode --model m.st.zst \
        codes.st.zst codes.st.zst
    check 1 dwe embed --model m.st.zst i.st.zst -o no.st.zst
    stderr_has 'm.st.zst: '
    nothing_was_written
}

@test "cut and damaged files" {
    for file in m.st.zst i.st.zst codes.st.zst; do
        size=$(wc -c <$file)
        : >cut.st.zst
        for part in 0 1 2 3; do
            head -c $((size * part / 4)) $file >cut.st.zst
            case $file in
            m.st.zst)
                refused 1 'cut.st.zst: ' sample cut.st.zst
                refused 1 'cut.st.zst: ' encode --model cut.st.zst i.st.zst
                ;;
            i.st.zst)
                refused 1 'cut.st.zst: ' encode --model m.st.zst cut.st.zst
                refused 1 'cut.st.zst: ' reconstruct --model m.st.zst cut.st.zst
                ;;
            codes.st.zst)
                refused 1 'cut.st.zst: ' decode --model m.st.zst cut.st.zst
                refused 1 'cut.st.zst: ' sample --from mixture:2 \
                    --codes cut.st.zst m.st.zst
                ;;
            esac
        done
    done
}

@test "images of another shape, or out of the range" {
    refused 1 'small.st.zst: ' encode --model m.st.zst small.st.zst
    stderr_has '12x8x1'
    stderr_has '28x28x1'
    { zeros $((2 * 784 * 4 - 4)); printf '\0\0\0\x40'; } |
        container two.st.zst images 2,28,28,1
    refused 1 'two.st.zst: item 1: value 2 is not in 0 .. 1' reconstruct \
        --model m.st.zst two.st.zst
    { zeros $((784 * 4 - 4)); printf '\0\0\xc0\x7f'; } |
        container nan.st.zst images 1,28,28,1
    refused 1 'nan.st.zst: ' encode --model m.st.zst nan.st.zst
    refused 1 'codes.st.zst: ' encode --model m.st.zst codes.st.zst
    refused 1 "d.st.zst: " encode --model m.st.zst d.st.zst
}

@test "codes that are none" {
    zeros 120 | container five.st.zst codes 6,5
    refused 1 'five.st.zst: codes of 5 values, those of m.st.zst have 8' \
        decode --model m.st.zst five.st.zst
    refused 1 'five.st.zst: codes of 5 values' sample --from mixture:2 \
        --codes five.st.zst m.st.zst
    { zeros 44; printf '\0\0\xc0\x7f'; zeros 48; } |
        container nan.st.zst codes 3,8
    refused 1 'nan.st.zst: code 1: value 3 is nan' decode --model m.st.zst \
        nan.st.zst
    { zeros 32; printf '\0\0\x80\x7f'; zeros 28; } |
        container inf.st.zst codes 2,8
    refused 1 'inf.st.zst: code 1: value 0 is inf' sample --from mixture:1 \
        --codes inf.st.zst m.st.zst
    zeros 64 | container cube.st.zst codes 2,4,2
    refused 1 "cube.st.zst: tensor 'codes' is not F32 (n,d)" decode \
        --model m.st.zst cube.st.zst
    refused 1 "i.st.zst: no tensor 'codes'" decode --model m.st.zst i.st.zst
    # More is promised than comes.
    zeros 64 | container far.st.zst codes 2,8
    sed 's/2,8\(.*\)64/9,8\1288/' far.st.zst >cut.st.zst
    refused 1 'cut.st.zst: ' decode --model m.st.zst cut.st.zst
}

@test "a provenance that is none is told with its file" {
    wae encode --model m.st.zst i.st.zst -o codes.safetensors
    for file in i m; do zstd -dqf $file.st.zst -o $file.safetensors; done
    for file in codes i m; do
        LC_ALL=C sed 's/\\"tool\\":/\\"fool\\":/' $file.safetensors \
            >bad-$file.safetensors
    done
    why='safetensors: barrow.provenance: item 1 of the list is no step'
    refused 1 "bad-m.$why" sample bad-m.safetensors
    refused 1 "bad-m.$why" encode --model bad-m.safetensors i.st.zst
    refused 1 "bad-i.$why" encode --model m.st.zst bad-i.safetensors
    refused 1 "bad-codes.$why" decode --model m.st.zst bad-codes.safetensors
    refused 1 "bad-codes.$why" sample --from mixture:2 \
        --codes bad-codes.safetensors m.st.zst
    check 1 wdist bad-i.safetensors -o no.st.zst
    stderr_has "wdist: bad-i.$why"
    nothing_was_written
}

@test "no items at all" {
    container none.st.zst codes 0,8 </dev/null
    check 0 wae decode --model m.st.zst --png p.png none.st.zst -o out.st.zst
    [ ! -e p.png ]
    check 0 winfo out.st.zst
    stdout_has '0x28x28x1'
    refused 1 'none.st.zst: a mixture of 1 Gaussians needs as many codes, there are 0' \
        sample --from mixture:1 --codes none.st.zst m.st.zst
    container none.st.zst images 0,28,28,1 </dev/null
    check 0 wae encode --model m.st.zst none.st.zst -o c.st.zst
    check 0 winfo c.st.zst
    stdout_has '0x8'
    check 0 wae reconstruct --model m.st.zst --png p.png none.st.zst -o r.st.zst
    [ ! -e p.png ]
    check 0 winfo r.st.zst
    stdout_has '0x28x28x1'
    for pairs in random:3 0-1; do
        refused 1 'none.st.zst: no images' interpolate --pairs $pairs \
            --model m.st.zst none.st.zst
    done
}

@test "mixtures that cannot be" {
    refused 1 'codes.st.zst: a mixture of 21 Gaussians needs as many codes, there are 20' \
        sample --from mixture:21 --codes codes.st.zst m.st.zst
    for from in mixture: mixture:0 mixture:1025 mixture:2x mixture:-1 \
        mixture:99999999999999999999; do
        refused 2 "--from: '$from': K is 1 to 1024" sample --from $from \
            --codes codes.st.zst m.st.zst
    done
    refused 2 "--from: 'codes' is neither prior nor mixture:K" sample \
        --from codes m.st.zst
    refused 2 '--from mixture:2 needs --codes' sample --from mixture:2 m.st.zst
    refused 2 '--codes is of no use to --from prior' sample \
        --codes codes.st.zst m.st.zst
    # As many Gaussians as codes, and twenty equal codes.
    check 0 wae sample -n 3 --from mixture:20 --codes codes.st.zst m.st.zst \
        -o s.st.zst
    zeros 640 | container equal.st.zst codes 20,8
    check 0 wae sample -n 3 --from mixture:4 --codes equal.st.zst m.st.zst \
        -o s.st.zst
    wunpack s.st.zst codes | awk '
        { for (k = 1; k <= NF; k++) if ($k * $k > 1e-12) exit 1 }
        END { exit NR != 3 }'
}

@test "options that make no sense are exit 2" {
    refused 2 '-n' sample -n 0 m.st.zst
    refused 2 '-n' sample -n -5 m.st.zst
    refused 2 '--steps' interpolate --steps 1 --model m.st.zst i.st.zst
    refused 2 '--path' interpolate --path round --model m.st.zst i.st.zst
    refused 2 '--pairs: 3: not A-B' interpolate --pairs 1-2,3 --model m.st.zst \
        i.st.zst
    refused 2 '--pairs: : not A-B' interpolate --pairs 1-2, --model m.st.zst \
        i.st.zst
    refused 2 '--pairs: 1-2-3: not A-B' interpolate --pairs 1-2-3 \
        --model m.st.zst i.st.zst
    refused 1 '--pairs: 3-20: images run from 0 to 19' interpolate \
        --pairs 0-1,3-20 --model m.st.zst i.st.zst
    refused 1 '--pairs: 99999999999999999999-1: images run' interpolate \
        --pairs 99999999999999999999-1 --model m.st.zst i.st.zst
    for pairs in random: random:0 random:x random:3,4; do
        refused 2 "--pairs: '$pairs': N is 1 to" interpolate --pairs $pairs \
            --model m.st.zst i.st.zst
    done
}

@test "a picture where the output goes is exit 2" {
    for verb in 'decode --model m.st.zst codes.st.zst' \
        'reconstruct --model m.st.zst i.st.zst' 'sample m.st.zst' \
        'interpolate --model m.st.zst i.st.zst'; do
        # Options are words.
        # shellcheck disable=SC2086
        set -- wae $verb --png
        check 2 "$@" - -o -
        stdout_is ''
        stderr_has 'the output and --png cannot both go to standard output'
        check 2 "$@" -
        stderr_has 'the output and --png cannot both go to standard output'
        check 2 "$@" s.png -o s.png
        stderr_has 'the output and --png cannot both go to s.png'
        [ ! -e s.png ]
        echo old >s.png
        ln s.png hard.png
        ln -s s.png soft.png
        for same in ./s.png hard.png soft.png; do
            check 2 "$@" s.png -o $same
            stderr_has 'the output and --png cannot both go to s.png'
        done
        [ "$(cat s.png)" = old ]
        check 0 "$@" /dev/null -o /dev/null
        rm s.png hard.png soft.png
    done
}

@test "a full disk and a closed pipe" {
    check_full wae encode --model m.st.zst i.st.zst
    check_full wae decode --model m.st.zst codes.st.zst
    check_full wae reconstruct --model m.st.zst i.st.zst
    check_full wae sample m.st.zst
    check_full wae interpolate --model m.st.zst i.st.zst
    check_closed_pipe wae encode --model m.st.zst i.st.zst
    check_closed_pipe wae sample m.st.zst
    refused 1 '/dev/full' sample --png /dev/full m.st.zst
    # Before the work.
    refused 1 'p.png: a sheet of 50000 images, 2849999x56 pixels, is too large' \
        sample -n 50000 --columns 1 --png p.png m.st.zst
    [ ! -e p.png ]
    refused 1 'no/p.png' decode --png no/p.png --model m.st.zst codes.st.zst
    check 1 wae sample m.st.zst -o no/s.st.zst
    stderr_has 'no'
}
