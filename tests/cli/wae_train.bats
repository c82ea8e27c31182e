#!/usr/bin/env bats
# wae_train.bats - training auto-encoders from the command line: each penalty,
# the same bytes from runs that were cut short, the log, and what is recorded.

load harness
load models

# Made once: 240 digits, 300 points, and networks of a few channels, with a
# normalisation, for codes of 4 values.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --limit 240 "$MNIST_IMAGES" -o i.st.zst
    awk 'BEGIN { for (k = 0; k < 300; k++) {
        a = k * 0.7; printf "%.5f\t%.5f\t%.5f\n", sin(a), cos(3 * a), k / 300
    } }' | wpack --kind codes - -o points.st.zst
    printf '%s\n' 'noise 0.01' 'conv 8 4x4 stride 4' batchnorm relu flatten \
        'dense 4' >e.txt
    sed 's/dense 4/dense 8/' e.txt >gaussian.txt
    printf '%s\n' 'dense 32' relu 'dense 784' sigmoid 'reshape 28 28 1' >d.txt
    sed '/sigmoid/d' d.txt >linear.txt
    printf '%s\n' 'dense 12' relu 'dense 1' >a.txt
    printf '%s\n' 'latent = 4' 'batch = 32' 'epochs = 4' 'moments = 5' \
        'moments-sample = 60' >short.conf
}

# networks PENALTY: the options that name its networks.
networks() {
    case $1 in
    kl) echo --net-encoder gaussian.txt --net-decoder d.txt ;;
    gan)
        echo --net-encoder e.txt --net-decoder d.txt --net-adversary a.txt
        ;;
    *) echo --net-encoder e.txt --net-decoder d.txt ;;
    esac
}

# train PENALTY ARGUMENT...: 28 steps on 216 images, unless arguments say so.
train() {
    local penalty=$1
    shift
    # Options are words.
    # shellcheck disable=SC2046
    wae train --config short.conf --penalty "$penalty" \
        $(networks "$penalty") i.st.zst "$@"
}

# background PENALTY ARGUMENT...: the same in the background; $pid is the tool's
# own, not that of a shell around it. Its messages go to told.txt.
background() {
    local penalty=$1
    shift
    # shellcheck disable=SC2046
    wae train --config short.conf --penalty "$penalty" \
        $(networks "$penalty") i.st.zst "$@" 2>told.txt 3>&- &
    pid=$!
}

# values_are_same MODEL MODEL: bytes of a part that all of these models have.
values_are_same() {
    same <(wunpack --to raw "$1" decoder.2.weight) \
        <(wunpack --to raw "$2" decoder.2.weight)
}

@test "each penalty trains in silence, and lowers the cost" {
    for penalty in mmd gan kl none; do
        check 0 train $penalty --rate 0.01 --log-every 0 -o $penalty.st.zst \
            --log $penalty.tsv
        stdout_is ''
        stderr_is ''
        column $penalty.tsv cost |
            awk 'NR == 1 { first = $1 } { last = $1 }
                 END { exit !(NR == 4 && last < 0.8 * first) }'
        check 0 winfo --verify $penalty.st.zst
    done
}

@test "the model tells of its loss, its networks and its making" {
    check 0 train gan --lambda 3 --seed 5 -o m.st.zst
    check 0 winfo --provenance m.st.zst
    stdout_has 'wpack '
    stdout_has 'train --net-encoder=e.txt --net-decoder=d.txt --net-adversary=a.txt --latent=4 --penalty=gan --lambda=3 --epochs=4 --batch=32 --moments=5 --moments-sample=60 --seed=5 i.st.zst'
    stdout_has 'seed     5'
    check 0 winfo m.st.zst
    stdout_has 'adversary.2.weight '
    for pair in model:wae penalty:gan lambda:3 cost:l2sq cost-scale:0.05 \
        latent:4 range:unit item:28x28x1 prior:normal prior-scale:1 \
        gaussian:no log-prior:no preset:wae-mnist; do
        [ "$(setting m.st.zst "${pair%:*}")" = "${pair#*:}" ] ||
            show "${pair%:*}" "${pair#*:}" "$(setting m.st.zst "${pair%:*}")"
    done
    # What does not shape the model is not recorded, nor what is as it was.
    check 0 train gan --lambda 3.0 --seed 5 --log l.tsv --pictures p -q -v \
        --cost l2sq --width 1 --prior-scale 1.0 -o again.st.zst
    same m.st.zst again.st.zst
}

@test "the same bytes for any -j, others for another seed" {
    for penalty in mmd gan kl none; do
        check 0 train $penalty -j1 -o one.st.zst
        check 0 train $penalty -j3 -o three.st.zst
        same one.st.zst three.st.zst
        check 0 train $penalty --seed 1 -o other.st.zst
        check 1 same one.st.zst other.st.zst
    done
}

@test "killed again and again and resumed, the bytes are the same" {
    for penalty in mmd gan kl none; do
        check 0 train $penalty -o whole.st.zst --pictures whole
        rm -f c.st.zst killed.st.zst
        for _ in 1 2 3 4; do
            background $penalty -o killed.st.zst --checkpoint c.st.zst \
                --checkpoint-every 1 --resume
            wait_for c.st.zst $pid
            sleep "0.0$((RANDOM % 4))"
            kill -9 $pid 2>/dev/null || true
            wait $pid || true
        done
        check 0 train $penalty -o killed.st.zst --checkpoint c.st.zst --resume \
            --pictures killed
        same whole.st.zst killed.st.zst
    done
}

@test "stopped by signals and resumed, model and pictures are the same" {
    check 0 train gan -o whole.st.zst --pictures whole
    for signal in TERM HUP; do
        rm -f c.st.zst part.tsv
        background gan -o m.st.zst --checkpoint c.st.zst --checkpoint-every 1 \
            --pictures part --log part.tsv
        wait_for c.st.zst $pid
        kill -$signal $pid 2>/dev/null || true
        wait $pid || true
        check 0 train gan -o m.st.zst --checkpoint c.st.zst --resume \
            --pictures part --log part.tsv
        same whole.st.zst m.st.zst
        same whole/panel-0004.png part/panel-0004.png
        [ "$(column part.tsv step | tr '\n' ' ')" = '7 14 21 28 ' ]
    done
}

@test "SIGTERM is exit 143, with a checkpoint that goes on" {
    sigterm_leaves_checkpoint wae mmd
    # A checkpoint is a model.
    [ "$(setting c.st.zst penalty)" = mmd ]
}

@test "SIGTERM while moments are fitted" {
    # At rate 0 they never are. The log is there before the fit begins.
    background mmd --rate 0 --moments 1000000000 -o no.st.zst --log l.tsv
    wait_for l.tsv $pid
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ $code -eq 143 ]
    grep -q '^wae train: ' told.txt
    [ ! -e no.st.zst ]
}

@test "what is not a number stops the run; the last checkpoint stays" {
    wild() {
        wae train --net-encoder e.txt --net-decoder linear.txt --latent 4 \
            --batch 30 --epochs 4 --moments 0 --rate "$1" --optimizer sgd \
            i.st.zst -o no.st.zst --checkpoint c.st.zst --checkpoint-every 1
    }
    check 1 wild 1e6
    [[ $stderr =~ step\ ([0-9]+).*finite\;\ checkpoint\ c.st.zst\ holds\ step ]]
    [ "$(step_of c.st.zst)" -lt "${BASH_REMATCH[1]}" ]
    check 0 winfo --verify c.st.zst
    [ "$(setting c.st.zst model)" = wae ]
    [ ! -e no.st.zst ]
}

@test "the log has each term, as it is and weighted, on one scale" {
    check 0 train mmd --log mmd.tsv -o m.st.zst
    [ "$(header mmd.tsv)" = "cost cost_weighted mmd mmd_weighted norm_encoder norm_decoder" ]
    check 0 train kl --log kl.tsv -o m.st.zst
    [ "$(header kl.tsv)" = "cost cost_weighted kl kl_weighted norm_encoder norm_decoder" ]
    check 0 train none --log none.tsv -o m.st.zst
    [ "$(header none.tsv)" = "cost cost_weighted norm_encoder norm_decoder" ]
    check 0 train gan --log gan.tsv -o m.st.zst
    [ "$(header gan.tsv)" = "cost cost_weighted gan gan_weighted adversary_codes adversary_prior norm_encoder norm_decoder norm_adversary" ]
    # The weights are s, and the preset's lambda, or s for kl.
    for row in 'mmd 0.05 10' 'kl 0.05 0.05' 'gan 0.05 10'; do
        read -r penalty s lambda <<<"$row"
        paste <(column "$penalty.tsv" cost) \
            <(column "$penalty.tsv" cost_weighted) \
            <(column "$penalty.tsv" "$penalty") \
            <(column "$penalty.tsv" "${penalty}_weighted") \
            <(column "$penalty.tsv" total) |
            awk -v s="$s" -v l="$lambda" '
                function off(a, b) {
                    return (a - b) ^ 2 > 1e-14 * (a ^ 2 + b ^ 2) }
                off($2, s * $1) || off($4, l * $3) { exit 1 }
                off($5, $2 + $4) { exit 1 }
                END { if (NR != 4) exit 1 }'
    done
    # Norms are those of training alone, and validation is there.
    grep -q '^validation	28	4	' gan.tsv
    grep -q '^# wae ' gan.tsv
    grep -q '^# input .* "i.st.zst"$' gan.tsv
}

@test "what is not given comes from the preset, the penalty and the cost" {
    check 0 train none --verbose -o m.st.zst
    stderr_has 'wae: latent 4, cost scale 0.05, lambda 0, batch 32, epochs 4, rate 0.001, beta1 0.5, moments of 60 items, schedule step 30:2,50:5,100:10'
    stderr_has 'encoder: input 28x28x1, 1724 parameters'
    [[ $stderr =~ conv\ 8\ 4x4\ stride\ 4\ +7x7x8 ]]
    stderr_has 'wae: 28 steps, 4 epochs'
    check 0 train kl -o m.st.zst --cost l1
    [ "$(setting m.st.zst gaussian)" = yes ]
    [ "$(setting m.st.zst lambda)" = 0.02 ]
    [ "$(setting m.st.zst cost-scale)" = 0.02 ]
    check 0 train kl -o m.st.zst --cost-scale 1 --lambda 0.5
    [ "$(setting m.st.zst lambda)" = 0.5 ]
    [ "$(setting m.st.zst cost-scale)" = 1 ]
    # The log-prior of one preset, but not of a prior that has none.
    check 0 train gan -o m.st.zst --preset wae-celeba
    [ "$(setting m.st.zst log-prior)" = yes ]
    check 0 train gan -o m.st.zst --preset wae-celeba --log-prior off
    [ "$(setting m.st.zst log-prior)" = no ]
    check 0 train gan -o m.st.zst --preset wae-celeba --prior sphere
    [ "$(setting m.st.zst log-prior)" = no ]
    [ "$(setting m.st.zst prior)" = sphere ]
}

@test "every other choice acts" {
    check 0 train mmd -o base.st.zst
    for choice in '--kernel rbf' '--statistic v' '--prior uniform' \
        '--prior-scale 2' '--cost l2' '--lambda 1' '--init glorot' \
        '--init-sd 0.1' '--rate 0.01' '--beta1 0.9' '--optimizer rmsprop' \
        '--validation 0' '--moments 4' '--moments-sample 50' \
        '--encoder gaussian --net-encoder gaussian.txt'; do
        # Options are words.
        # shellcheck disable=SC2046,SC2086
        check 0 wae train --config short.conf --net-decoder d.txt \
            $([[ $choice == *net-encoder* ]] || echo --net-encoder e.txt) \
            $choice i.st.zst -o m.st.zst
        check 1 values_are_same base.st.zst m.st.zst
    done
    check 0 train mmd --schedule 'cosine 0' -o m.st.zst
    check 1 values_are_same base.st.zst m.st.zst
    check 0 train gan -o base.st.zst
    for choice in '--log-prior on' '--adversary-rate 0.1'; do
        # shellcheck disable=SC2086
        check 0 train gan $choice -o m.st.zst
        check 1 values_are_same base.st.zst m.st.zst
    done
}

@test "a Gaussian encoder goes with every penalty" {
    for penalty in mmd gan none; do
        options=$(networks $penalty)
        # shellcheck disable=SC2086
        check 0 wae train --penalty $penalty ${options/e.txt/gaussian.txt} \
            --encoder gaussian --latent 4 --steps 3 i.st.zst -o m.st.zst
        [ "$(setting m.st.zst gaussian)" = yes ]
    done
}

@test "--dump-config gives the run again" {
    options=(--preset wae-mnist --rate 0.003 --log-prior on)
    check 0 train gan "${options[@]}" --schedule 'cosine 0' -o m.st.zst
    check 0 train gan "${options[@]}" --schedule 'cosine 0' -o again.st.zst \
        --dump-config
    echo "$output" >run.conf
    grep -q '^# kernel$' run.conf
    grep -q '^schedule = cosine 0$' run.conf
    check 0 wae train --config run.conf i.st.zst
    same m.st.zst again.st.zst
    check 0 wae train --config run.conf --dump-config i.st.zst
    stdout_is "$(cat run.conf)"
}

@test "points are items, too" {
    printf '%s\n' 'dense 16' tanh 'dense 2' >pe.txt
    printf '%s\n' 'dense 16' tanh 'dense 3' >pd.txt
    check 0 wae train --net-encoder pe.txt --net-decoder pd.txt --latent 2 \
        --steps 20 --batch 50 --pictures p points.st.zst -o m.st.zst
    [ "$(setting m.st.zst range)" = none ]
    [ "$(setting m.st.zst item)" = 3 ]
    [ -s p/panel-0001.png ]
}

@test "a preset's own networks, on standard input, in a file without zstd" {
    check 0 bash -c 'wae train --preset wae-mnist-small --steps 2 --batch 10 \
        --moments 1 --moments-sample 10 - <i.st.zst >m.st.zst'
    check 0 wae train --preset wae-mnist-small --steps 2 --batch 10 \
        --moments 1 --moments-sample 10 --width 0.5 i.st.zst -o m.safetensors
    [ "$(head -c 9 m.safetensors | tail -c 1)" = '{' ]
    check 0 winfo m.safetensors
    stdout_has '32x16x4x4'
}

@test "batches of one item, and more items of a step than there are" {
    # 217 of 240 are trained on: the seventh batch of 36 is one item.
    check 0 train mmd --validation 23 --batch 36 -o m.st.zst
    check 0 train gan --batch 1000 --moments-sample 5000 -o m.st.zst
    check 0 train kl --batch 1 --steps 5 -o m.st.zst
    check 0 winfo --verify m.st.zst
}
