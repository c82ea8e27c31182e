#!/usr/bin/env bats
# wgan_train.bats - training generators and critics from the command line: each
# loss and bound, the same bytes from runs that were cut short, the log, and
# what is recorded.

load harness
load models

# Made once: 240 digits, 300 points and as many others, and networks of a few
# units.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --labels "$MNIST_LABELS" --limit 240 "$MNIST_IMAGES" -o i.st.zst
    awk 'BEGIN { for (k = 0; k < 300; k++) {
        a = k * 0.7; printf "%.5f\t%.5f\n", sin(a), cos(a)
    } }' | tee p.tsv | wpack --kind codes - -o points.st.zst
    awk '{ printf "%.5f\t%.5f\n", $1 + 3, $2 }' p.tsv |
        wpack --kind codes - -o moved.st.zst
    printf '%s\n' 'dense 24' relu 'dense 784' sigmoid 'reshape 28 28 1' >g.txt
    printf '%s\n' 'dense 24' batchnorm relu 'dense 784' tanh \
        'reshape 28 28 1' >norm.txt
    sed '/sigmoid/d' g.txt >linear.txt
    printf '%s\n' 'conv 4 5x5 stride 4' 'leakyrelu 0.2' flatten 'dense 1' >f.txt
    printf '%s\n' 'conv 4 5x5 stride 4' batchnorm relu flatten 'dense 1' \
        >norm-f.txt
    printf '%s\n' 'dense 16' relu 'dense 2' >pg.txt
    printf '%s\n' 'dense 16' relu 'dense 16' relu 'dense 1' >pf.txt
    printf '%s\n' 'latent = 4' 'batch = 32' 'epochs = 4' 'critic-steps = 3' \
        'net-generator = g.txt' 'net-critic = f.txt' >short.conf
}

# train ARGUMENT...: 28 steps of the critic on 216 images, unless arguments say
# so; 9 of the generator.
train() {
    wgan train --config short.conf i.st.zst "$@"
}

# background ARGUMENT...: the same in the background; $pid is the tool's own.
# Its messages go to told.txt.
background() {
    wgan train --config short.conf i.st.zst "$@" 2>told.txt 3>&- &
    pid=$!
}

# rows LOG: what does not depend on time, of all rows.
rows() {
    grep -v '^#' "$1" | sed 's/\t[^\t]*\t[^\t]*$//'
}

# settings_are MODEL NAME:VALUE...
settings_are() {
    local model=$1 pair
    shift
    for pair; do
        [ "$(setting "$model" "${pair%%:*}")" = "${pair#*:}" ] ||
            show "${pair%%:*}" "${pair#*:}" "$(setting "$model" "${pair%%:*}")"
    done
}

# values MODEL [TENSOR]: its bytes; settings set aside.
values() {
    wunpack --to raw "$1" "${2-generator.2.weight}"
}

# largest MODEL TENSOR: the largest of its values without sign.
largest() {
    wunpack --to raw "$1" "$2" | od -An -v -t f4 -w4 |
        awk '{ x = $1 < 0 ? -$1 : $1 } x > most { most = x }
             END { print most }'
}

@test "each loss and bound trains in silence, and the model tells of it" {
    for loss in wasserstein minimax nonsaturating; do
        for bound in clip:0.05 gp:5 gp:5:one-sided spectral none; do
            check 0 train --loss $loss --lipschitz $bound --epochs 1 \
                -o m.st.zst
            stdout_is ''
            stderr_is ''
            check 0 winfo --verify m.st.zst
            settings_are m.st.zst model:wgan loss:$loss lipschitz:$bound
            check 0 winfo --provenance m.st.zst
            stdout_has "--lipschitz=$bound"
        done
    done
    check 0 train --lipschitz gp:5 --one-sided --epochs 1 -o m.st.zst
    settings_are m.st.zst lipschitz:gp:5:one-sided
}

@test "the model tells of its networks and its making" {
    check 0 train --seed 5 --lipschitz gp:3 -o m.st.zst
    check 0 winfo --provenance m.st.zst
    stdout_has 'wpack '
    stdout_has 'train --net-generator=g.txt --net-critic=f.txt --latent=4 --lipschitz=gp:3 --epochs=4 --batch=32 --critic-steps=3 --seed=5 i.st.zst'
    stdout_has 'seed     5'
    check 0 winfo m.st.zst
    stdout_has 'generator.2.weight '
    stdout_has 'critic.3.weight '
    settings_are m.st.zst model:wgan loss:wasserstein lipschitz:gp:3 latent:4 \
        range:unit item:28x28x1 noise:normal noise-scale:1 \
        preset:wgan-gp-mnist
    # What does not shape the model is not recorded, nor what is as it was.
    check 0 train --lipschitz gp:3 --seed 5 --log l.tsv --pictures p -q -v \
        --width 1 --loss wasserstein -o again.st.zst
    same m.st.zst again.st.zst
}

@test "the same bytes for any -j, others for another seed" {
    for bound in clip gp spectral; do
        check 0 train --lipschitz $bound -j1 --log one.tsv --exact -o one.st.zst
        check 0 train --lipschitz $bound -j2 --log two.tsv --exact -o two.st.zst
        same one.st.zst two.st.zst
        same <(rows one.tsv) <(rows two.tsv)
        check 0 train --lipschitz $bound --seed 1 -o other.st.zst
        check 1 same one.st.zst other.st.zst
    done
    check 0 train --loss minimax -j1 -o one.st.zst
    check 0 train --loss minimax -j2 -o two.st.zst
    same one.st.zst two.st.zst
}

# The runs that are cut short below.
options_of() {
    case $1 in
    gp) echo --lipschitz gp --ema 0.9 ;;
    spectral) echo --lipschitz spectral --net-generator norm.txt ;;
    clip) echo --lipschitz clip --warm-up --epochs 31 ;;
    esac
}

@test "killed again and again and resumed, all bytes are the same" {
    for run in gp spectral clip; do
        # Options are words.
        # shellcheck disable=SC2046
        check 0 train $(options_of $run) -o whole.st.zst --pictures whole \
            --log whole.tsv --log-every 5
        rm -rf c.st.zst killed.st.zst part part.tsv
        for _ in 1 2 3 4 5; do
            # shellcheck disable=SC2046
            background $(options_of $run) -o killed.st.zst \
                --checkpoint c.st.zst --checkpoint-every 1 --resume \
                --pictures part --log part.tsv --log-every 5
            wait_for c.st.zst $pid
            sleep "0.0$((RANDOM % 6))"
            kill -9 $pid 2>/dev/null || true
            wait $pid || true
        done
        # shellcheck disable=SC2046
        check 0 train $(options_of $run) -o killed.st.zst \
            --checkpoint c.st.zst --resume --pictures part --log part.tsv \
            --log-every 5
        same whole.st.zst killed.st.zst
        same <(rows whole.tsv) <(rows part.tsv)
        diff -r whole part
    done
}

@test "SIGTERM is exit 143, with a checkpoint that goes on" {
    sigterm_leaves_checkpoint wgan
    # A checkpoint is a model, of critic and generator.
    settings_are c.st.zst lipschitz:gp:10
    check 0 wgan sample -n 3 c.st.zst -o s.st.zst
}

@test "what is not a number stops the run; the last checkpoint stays" {
    check 1 train --net-generator linear.txt --lipschitz none --rate 1e6 \
        --optimizer sgd --epochs 100 -o no.st.zst --checkpoint c.st.zst \
        --checkpoint-every 1
    # shellcheck disable=SC2154
    [[ $stderr =~ step\ ([0-9]+).*finite\;\ checkpoint\ c.st.zst\ holds\ step ]]
    [ "$(step_of c.st.zst)" -lt "${BASH_REMATCH[1]}" ]
    check 0 winfo --verify c.st.zst
    settings_are c.st.zst model:wgan
    [ ! -e no.st.zst ]
}

@test "the log has each term, as it is and weighted" {
    check 0 train --log gp.tsv -o m.st.zst
    [ "$(header gp.tsv)" = "difference difference_weighted penalty penalty_weighted generator slope gradient norm_critic norm_generator" ]
    check 0 train --lipschitz clip --exact --log clip.tsv -o m.st.zst
    [ "$(header clip.tsv)" = "difference difference_weighted generator slope gradient clipped norm_critic norm_generator exact" ]
    check 0 train --loss minimax --log minimax.tsv -o m.st.zst
    [ "$(header minimax.tsv)" = "difference entropy generator slope gradient norm_critic norm_generator" ]
    paste <(column gp.tsv difference) <(column gp.tsv difference_weighted) \
        <(column gp.tsv penalty) <(column gp.tsv penalty_weighted) \
        <(column gp.tsv total) | awk '
            function off(a, b) {
                return (a - b) ^ 2 > 1e-12 * (a ^ 2 + b ^ 2) }
            off($2, -$1) || off($4, 10 * $3) || off($5, $2 + $4) { exit 1 }
            END { if (NR != 4) exit 1 }'
    same <(column minimax.tsv entropy) <(column minimax.tsv total)
    grep -q '^validation	28	4	' gp.tsv
    grep -q '^# wgan ' gp.tsv
    grep -q '^# input .* "i.st.zst"$' gp.tsv
    # Slopes of held-out items are there for every bound; norms in training.
    for log in gp clip minimax; do
        column $log.tsv gradient validation | awk '!($1 > 0) { exit 1 }'
        column $log.tsv norm_critic | awk '!($1 > 0) { exit 1 }'
        column $log.tsv norm_critic validation | awk '$1 != 0 { exit 1 }'
    done
    # Shares; and W1 is no less than what a critic of smaller slope sees.
    column clip.tsv clipped | awk '!($1 >= 0 && $1 <= 1) { exit 1 }'
    paste <(column clip.tsv difference validation) \
        <(column clip.tsv gradient validation) \
        <(column clip.tsv exact validation) |
        awk '$2 <= 1 && $1 > $3 { exit 1 } !($3 > 0) { exit 1 }'
}

@test "clip keeps the critic's values within its bound" {
    check 0 train --lipschitz clip:0.03 --rate 0.01 -o m.st.zst
    for tensor in 0.weight 0.bias 3.weight; do
        awk -v x="$(largest m.st.zst critic.$tensor)" \
            'BEGIN { exit !(x > 0.01 && x <= 0.0300001) }'
    done
    check 0 train --lipschitz none --rate 0.01 -o m.st.zst
    awk -v x="$(largest m.st.zst critic.0.weight)" 'BEGIN { exit !(x > 0.1) }'
}

@test "the critic's steps are counted; the generator's are told" {
    check 0 train --verbose -o m.st.zst
    stderr_has 'wgan: lipschitz gp:10, latent 4, critic steps 3, batch 32, epochs 4, rate 0.0001, critic'\''s 0.0001, adam beta1 0.5 beta2 0.9, init he, schedule constant'
    stderr_has 'generator: input 4, 19720 parameters'
    [[ $stderr =~ conv\ 4\ 5x5\ stride\ 4\ +7x7x4 ]]
    stderr_has 'wgan: 28 steps, 4 epochs'
    stderr_has 'wgan: the generator made 9 steps'
    # Of less than K steps the generator has none, and stays as it began.
    check 0 train --steps 2 --seed 3 -o a.st.zst
    check 0 train --steps 1 --seed 3 -o b.st.zst
    same <(values a.st.zst) <(values b.st.zst)
    check 0 train --steps 3 --seed 3 -o b.st.zst
    check 1 same <(values a.st.zst) <(values b.st.zst)
    # Each network has its rate.
    check 0 train --steps 3 --seed 3 --rate 0 --critic-rate 0.01 -o b.st.zst
    same <(values a.st.zst) <(values b.st.zst)
    check 1 same <(values a.st.zst critic.0.weight) \
        <(values b.st.zst critic.0.weight)
    check 0 train --steps 250 --epochs 100 --warm-up -v -o m.st.zst
    stderr_has 'wgan: the generator made 2 steps'
}

@test "what is not given comes from the preset, the loss and the bound" {
    told() {
        local want=$1
        shift
        check 0 wgan train --preset wgan-mlp-small --steps 1 -v i.st.zst \
            -o m.st.zst "$@"
        stderr_has "wgan: lipschitz $want"
    }
    told 'clip:0.01, latent 100, critic steps 5, batch 64, epochs 300, rate 5e-05, critic'\''s 5e-05, rmsprop decay 0.99, init he, schedule constant'
    told 'none, latent 100, critic steps 1, batch 64, epochs 300, rate 0.0002, critic'\''s 0.0002, adam beta1 0.5 beta2 0.999' --loss minimax
    told 'gp:10, latent 100, critic steps 5, batch 64, epochs 300, rate 0.001, critic'\''s 0.001, adam beta1 0.5 beta2 0.9' --lipschitz gp --rate 0.001
    told 'clip:0.01' --lipschitz clip
    told 'spectral, latent 100, critic steps 5, batch 64, epochs 300, rate 0.0002, critic'\''s 0.003, adam beta1 0 beta2 0.9' --lipschitz spectral --critic-rate 0.003
    # Of another optimiser its own defaults, and of another --init.
    told 'clip:0.01, latent 100, critic steps 5, batch 64, epochs 300, rate 5e-05, critic'\''s 5e-05, adam beta1 0.9 beta2 0.999' --optimizer adam
    told 'clip' --optimizer adam --beta2 0.5
    stderr_has 'adam beta1 0.9 beta2 0.5'
    told 'clip' --init normal
    stderr_has 'init normal of deviation 0.01'
    told 'clip' --init dcgan
    stderr_has 'init dcgan of deviation 0.02'
    told 'clip' --init normal --init-sd 0.1
    stderr_has 'init normal of deviation 0.1'
    told 'clip' --decay 0.5 --optimizer rmsprop
    stderr_has 'rmsprop decay 0.5'
}

@test "every other choice acts" {
    check 0 train -o base.st.zst
    for choice in '--lipschitz gp:1' '--prior uniform' '--prior-scale 2' \
        '--init glorot' '--rate 0.01' '--critic-rate 0.01' \
        '--beta1 0.9' '--beta2 0.5' '--optimizer rmsprop' '--validation 0' \
        '--critic-steps 2' '--warm-up' '--ema 0.5' '--latent 5' \
        '--range signed' '--loss nonsaturating --lipschitz gp'; do
        # Options are words.
        # shellcheck disable=SC2086
        check 0 wgan train --config short.conf $choice i.st.zst -o m.st.zst
        check 1 same <(values base.st.zst) <(values m.st.zst)
    done
    check 0 train --schedule 'cosine 0' -o m.st.zst
    check 1 same <(values base.st.zst) <(values m.st.zst)
    # The two last losses differ by the generator's step alone.
    check 0 train --loss minimax --steps 3 -o a.st.zst
    check 0 train --loss nonsaturating --steps 3 -o b.st.zst
    same <(values a.st.zst critic.0.weight) <(values b.st.zst critic.0.weight)
    check 1 same <(values a.st.zst) <(values b.st.zst)
    check 0 train --lipschitz clip -o base.st.zst
    check 0 train --lipschitz clip --decay 0.5 -o m.st.zst
    check 1 same <(values base.st.zst) <(values m.st.zst)
    # Where slopes are small; they begin large.
    check 0 train --init normal -o base.st.zst
    check 0 train --init normal --one-sided -o m.st.zst
    check 1 same <(values base.st.zst) <(values m.st.zst)
    # What is only looked at changes nothing.
    check 0 train -o base.st.zst
    check 0 train --exact -o m.st.zst --checkpoint c.st.zst
    same base.st.zst m.st.zst
    check 1 train --checkpoint c.st.zst --resume -o m.st.zst
    stderr_has 'c.st.zst: '
    stderr_has exact
}

@test "the average of the generator is the model's; the critic has none" {
    check 0 train -o last.st.zst
    check 0 train --ema 0.5 -o mean.st.zst
    same <(values last.st.zst critic.0.weight) \
        <(values mean.st.zst critic.0.weight)
    check 1 same <(values last.st.zst) <(values mean.st.zst)
    # One step, half way from where it began.
    check 0 train --steps 2 -o begin.st.zst
    check 0 train --steps 3 -o end.st.zst
    check 0 train --steps 3 --ema 0.5 -o half.st.zst
    paste <(values begin.st.zst | od -An -v -t f4 -w4) \
        <(values end.st.zst | od -An -v -t f4 -w4) \
        <(values half.st.zst | od -An -v -t f4 -w4) |
        awk '{ d = ($1 + $2) / 2 - $3; n += $1 != $2
               if (d * d > 1e-14) exit 1 } END { exit !n }'
}

@test "--dump-config gives the run again" {
    options=(--preset wgan-gp-mnist --rate 0.003 --lipschitz gp:2 --one-sided
        --ema 0.9 --prior sphere)
    check 0 train "${options[@]}" --schedule 'cosine 0' -o m.st.zst
    check 0 train "${options[@]}" --schedule 'cosine 0' -o again.st.zst \
        --dump-config
    echo "$output" >run.conf
    grep -q '^# beta1$' run.conf
    grep -q '^# optimizer$' run.conf
    grep -q '^lipschitz = gp:2$' run.conf
    check 0 wgan train --config run.conf i.st.zst
    same m.st.zst again.st.zst
    check 0 wgan train --config run.conf --dump-config i.st.zst
    stdout_is "$(cat run.conf)"
}

@test "a critic alone estimates the distance of two sets" {
    for bound in gp:10 spectral; do
        check 0 wgan train --against moved.st.zst --preset wgan-toy-small \
            --net-critic pf.txt --lipschitz $bound --critic-rate 0.01 \
            --epochs 60 --validation 44 --exact --log $bound.tsv \
            points.st.zst -o m.st.zst
        # The sets are 3 apart.
        column $bound.tsv exact validation |
            awk '!($1 > 2.99 && $1 < 3.01) { exit 1 }'
    done
    column gp:10.tsv difference validation | tail -n 1 |
        awk '{ exit !($1 > 2.5 && $1 < 4) }'
    # Divided by its largest singular values, a critic is 1-Lipschitz but for
    # what one iteration a step misses.
    paste <(column spectral.tsv difference validation) \
        <(column spectral.tsv gradient validation) | tail -n 1 |
        awk '{ exit !($1 > 2.5 && $1 < 3.01 && $2 < 1.01) }'
    check 0 winfo m.st.zst
    [[ $output != *generator* ]]
    check 0 winfo --provenance m.st.zst
    stdout_has '--against=moved.st.zst'
    stdout_has '--lipschitz=spectral'
    stdout_has ' points.st.zst'
    # Another set under the same name is another run.
    run_against() {
        wgan train --config critic.conf points.st.zst "$@"
    }
    printf '%s\n' 'net-critic = pf.txt' 'against = o.st.zst' 'steps = 2' \
        'preset = wgan-toy-small' >critic.conf
    cp moved.st.zst o.st.zst
    check 0 run_against --checkpoint c.st.zst -o a.st.zst
    check 0 run_against --checkpoint c.st.zst --resume -o b.st.zst
    same a.st.zst b.st.zst
    cp points.st.zst o.st.zst
    check 1 run_against --checkpoint c.st.zst --resume -o no.st.zst
    stderr_has 'against='
}

@test "points are items, too" {
    check 0 wgan train --net-generator pg.txt --net-critic pf.txt \
        --preset wgan-toy --latent 2 --steps 20 --batch 50 --pictures p \
        points.st.zst -o m.st.zst
    settings_are m.st.zst range:none item:2
    [ -s p/samples-0001.png ]
}

@test "a preset's own networks, on standard input, in a file without zstd" {
    check 0 bash -c 'wgan train --preset wgan-gp-mnist-small --steps 2 \
        --batch 10 - <i.st.zst >m.st.zst'
    settings_are m.st.zst preset:wgan-gp-mnist-small
    check 0 wgan train --preset wgan-gp-mnist-small --steps 2 --batch 10 \
        --width 0.5 i.st.zst -o m.safetensors
    [ "$(head -c 9 m.safetensors | tail -c 1)" = '{' ]
    check 0 winfo m.safetensors
}

@test "normalisation in both networks, batches of one item, and larger ones" {
    check 0 train --net-generator norm.txt --net-critic norm-f.txt \
        --lipschitz clip -o m.st.zst
    settings_are m.st.zst range:signed
    # 217 of 240 are trained on: the seventh batch of 36 is one item.
    check 0 train --validation 23 --batch 36 -o m.st.zst
    check 0 train --batch 1000 -o m.st.zst
    check 0 train --batch 1 --steps 5 -o m.st.zst
    check 0 winfo --verify m.st.zst
}

@test "pictures of every epoch, of noise that never changes" {
    check 0 train --pictures p -o m.st.zst
    [ "$(ls p)" = "$(printf 'samples-%04d.png\n' 1 2 3 4)" ]
    # At rate 0 every picture is the same.
    check 0 train --rate 0 --pictures q -o m.st.zst
    same q/samples-0001.png q/samples-0004.png
    check 1 same p/samples-0001.png p/samples-0004.png
}
