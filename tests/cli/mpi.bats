#!/usr/bin/env bats
# mpi.bats - training by processes that mpirun starts, in builds --with-mpi:
# they come where one comes, to the same bytes each time, and end together.
# tests/unit/test_*_together.c compare the same without MPI, for every kind of
# run.

# shellcheck disable=SC2154
load harness
load models

# 200 digits, 300 exact distances among them, and networks of a few units with
# all that goes by the batch.
setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --limit 200 "$MNIST_IMAGES" -o i.st.zst
    wdist --pairs random:300 i.st.zst -o d.st.zst
    printf '%s\n' 'noise 0.05' 'conv 4 5x5 stride 4' batchnorm relu flatten \
        'dense 4' >e.txt
    sed 's/dense 4/dense 8/' e.txt >e2.txt
    printf '%s\n' 'dense 24' batchnorm relu 'dense 784' sigmoid \
        'reshape 28 28 1' >g.txt
    printf '%s\n' 'dense 8' relu 'dense 1' >a.txt
    printf '%s\n' 'noise 0.05' 'conv 4 5x5 stride 4' batchnorm 'leakyrelu 0.2' \
        flatten 'dense 1' >f.txt
    printf '%s\n' 'conv 4 5x5 stride 4' 'leakyrelu 0.2' flatten 'dense 1' \
        >linear.txt
    printf '%s\n' 'latent = 4' 'batch = 16' 'seed = 5' 'validation = 20' \
        'optimizer = sgd' >common.conf
    (cat common.conf && printf '%s\n' 'net-encoder = e.txt' \
        'net-decoder = g.txt' 'rate = 0.002' 'epochs = 100000') >wae.conf
    (cat common.conf && printf '%s\n' 'net-generator = g.txt' \
        'net-critic = f.txt' 'critic-steps = 2' 'rate = 0.01' \
        'epochs = 100000') >wgan.conf
}

setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/* .
    grep -q '^#define BW_MPI 1' "$BARROW_BUILD/config.h" ||
        skip "not built --with-mpi"
    need mpirun
    # mpirun counts and binds to processors, of which there may be few; and it
    # asks root twice.
    export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
    export OMPI_MCA_rmaps_base_oversubscribe=1
    export OMPI_MCA_hwloc_base_binding_policy=none
    export OMPI_MCA_mpi_yield_when_idle=1
    export OMPI_MCA_btl_vader_single_copy_mechanism=none
}

# values MODEL: of all tensors, one a line.
values() {
    local name
    for name in $(winfo "$1" | awk '$2 == "F32" { print $1 }'); do
        numbers "$1" "$name"
    done
}

# near FILE FILE BOUND: numbers that differ by BOUND of the largest at most.
near() {
    paste "$1" "$2" | awk -v bound="$3" '
        { d = $1 - $2; if (d < 0) d = -d; if (d > gap) gap = d
          x = $1 < 0 ? -$1 : $1; if (x > most) most = x; n++ }
        NF != 2 { bad = 1 }
        END { printf "%d numbers, gap %g of %g\n", n, gap, most
              exit bad || !n || gap > bound * most }'
}

# alike TOOL ARGUMENT...: two and three processes make the model that one
# makes, to 2e-5 of its largest value; the steps behind the first move it by
# more than a hundred times that.
alike() {
    local n tool=$1
    shift
    "$tool" train -q -j 1 --steps 8 "$@" i.st.zst -o 1.st
    "$tool" train -q -j 1 --steps 1 "$@" i.st.zst -o 0.st
    values 1.st >1.txt
    values 0.st >0.txt
    run ! near 0.txt 1.txt 2e-3
    for n in 2 3; do
        mpirun -n $n "$tool" train -q -j 1 --steps 8 "$@" i.st.zst -o $n.st
        values $n.st >$n.txt
        near 1.txt $n.txt 2e-5
    done
}

@test "dwe" {
    alike dwe --config common.conf --distances d.st.zst --rate 1e-4 \
        --width 0.25
    alike dwe --config common.conf --distances d.st.zst --regressor \
        --rate 0.01 --width 0.25
}

@test "wae: mmd, gan, kl" {
    alike wae --config wae.conf --penalty mmd --moments 2
    alike wae --config wae.conf --penalty gan --net-adversary a.txt --moments 0
    alike wae --config wae.conf --penalty kl --net-encoder e2.txt --moments 0
}

@test "wgan: gp, clip, spectral" {
    alike wgan --config wgan.conf --lipschitz gp:10 --net-critic linear.txt \
        --exact
    alike wgan --config wgan.conf --lipschitz clip:0.05
    alike wgan --config wgan.conf --lipschitz spectral
}

@test "the log has the terms of one process, and its largest slopes" {
    local name
    wgan train -q -j 1 --config wgan.conf --lipschitz gp:10 --exact --log 1.tsv \
        --net-critic linear.txt --steps 5 i.st.zst -o m.st.zst
    mpirun -n 3 wgan train -q -j 1 --config wgan.conf --lipschitz gp:10 --exact \
        --log 3.tsv --net-critic linear.txt --steps 5 i.st.zst -o m.st.zst
    for name in difference penalty generator slope gradient norm_critic exact; do
        near <(column 1.tsv $name) <(column 3.tsv $name) 1e-4
    done
    for name in difference penalty slope gradient exact; do
        near <(column 1.tsv $name validation) \
            <(column 3.tsv $name validation) 1e-4
    done
}

@test "as many processes come to the same bytes again, with any -j" {
    mpirun -n 2 wae train -q -j 1 --steps 8 --config wae.conf i.st.zst -o a.st
    mpirun -n 2 wae train -q -j 2 --steps 8 --config wae.conf i.st.zst -o b.st
    same a.st b.st
    sed 's/sgd/adam/; $a lipschitz = spectral' wgan.conf >adam.conf
    mpirun -n 3 wgan train -q -j 1 --steps 8 --config adam.conf i.st.zst \
        -o a.st
    mpirun -n 3 wgan train -q -j 1 --steps 8 --config adam.conf i.st.zst \
        -o b.st
    same a.st b.st
}

@test "one process of mpirun writes what one without it writes" {
    wae train -q --steps 8 --config wae.conf i.st.zst -o a.st
    mpirun -n 1 wae train -q --steps 8 --config wae.conf i.st.zst -o b.st
    same a.st b.st
}

@test "rank 0 alone writes and talks" {
    mpirun -n 2 wae train -j 1 --steps 8 --config wae.conf --log l.tsv \
        --pictures p --checkpoint c.st.zst i.st.zst -o m.st.zst 2>told.txt
    [ ! -s told.txt ]
    [ "$(grep -c '^train' l.tsv)" -eq 1 ]
    [ "$(grep -c '^validation' l.tsv)" -eq 1 ]
    [ "$(step_of c.st.zst)" -eq 8 ]
    mpirun -n 2 wae train -v -j 1 --steps 8 --config wae.conf i.st.zst \
        -o m.st.zst 2>told.txt
    grep -q '^wae: rank 0 of 2, threads: 1$' told.txt
    grep -q '^wae: rank 1 of 2, threads: 1$' told.txt
    [ "$(grep -c '8 steps' told.txt)" -eq 1 ]
}

@test "what fails is told once, and ends all" {
    check 1 mpirun -n 3 wae train none.st -o no.st.zst
    [ "$(grep -c 'wae train: none.st: cannot open' <<<"$stderr")" -eq 1 ]
    check 2 mpirun -n 3 wae train --penalty kl --encoder deterministic \
        i.st.zst -o no.st.zst
    [ "$(grep -c 'penalty kl needs' <<<"$stderr")" -eq 1 ]
    check 1 mpirun -n 1 wae train -j 1 --config wae.conf i.st.zst \
        -o no.st.zst : -n 1 wae train -j 1 none.st -o no.st.zst
    stderr_has 'wae train: rank 1: none.st: cannot open'
    check 1 mpirun -n 1 wae train -j 1 --config wae.conf i.st.zst \
        -o no.st.zst : -n 1 wae train -j 1 --config wae.conf --seed 6 \
        i.st.zst -o no.st.zst
    stderr_has 'wae train: rank 1 has other options or inputs than rank 0'
    check 1 mpirun -n 2 wae train -q -j 1 --config wae.conf --log /dev/full \
        i.st.zst -o no.st.zst
    stderr_has 'wae train: /dev/full: No space left on device'
    nothing_was_written
}

# background N [OPTION...]: a long run of N; $pid is mpirun's. Its checkpoint,
# of every step, is there.
background() {
    local n=$1
    shift
    mpirun --mca odls_base_sigkill_timeout 10 -n "$n" wae train -q -j 1 \
        --config wae.conf --batch 100 --net-encoder wide.txt "$@" \
        --checkpoint c.st.zst --checkpoint-every 1 i.st.zst -o no.st.zst \
        2>told.txt 3>&- &
    pid=$!
    wait_for c.st.zst $pid
}

# last_rank: its process.
last_rank() {
    pgrep -P $pid -x wae | tail -n 1
}

# interrupted PID: by SIGTERM to it the run ends with a checkpoint.
interrupted() {
    local code=0
    kill -TERM "$1"
    wait $pid || code=$?
    [ $code -ne 0 ]
    grep -q '^wae train: interrupted after step .*; checkpoint c.st.zst ' \
        told.txt
    nothing_was_written
}

# goes_on N: the checkpoint, with N processes; some steps of it.
goes_on() {
    local step
    step=$(step_of c.st.zst)
    background "$1" --resume
    until [ "$(step_of c.st.zst)" -gt "$step" ]; do
        kill -0 $pid
        sleep 0.1
    done
    interrupted "$(last_rank)"
}

@test "a rank that is killed ends the run; the checkpoint goes on with others" {
    local code=0
    sed 's/conv 4/conv 64/' e.txt >wide.txt
    background 2
    kill -KILL "$(last_rank)"
    wait $pid || code=$?
    [ $code -ne 0 ]
    grep -q 'exited on signal 9' told.txt
    nothing_was_written
    goes_on 1
    goes_on 3
}

# mpirun passes it on, and kills what is left only after the time that
# background gives.
@test "SIGTERM to mpirun leaves a checkpoint" {
    sed 's/conv 4/conv 64/' e.txt >wide.txt
    background 2
    interrupted $pid
    [ "$(step_of c.st.zst)" -ge 1 ]
}
