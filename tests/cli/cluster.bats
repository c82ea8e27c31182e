#!/usr/bin/env bats
# cluster.bats - pairs solved in shards by many machines are those of one, also
# where a machine dies midway. Hosts are real sshd and nodes of a real Slurm, on
# this machine (pipelines/loopback.sh); without these their tests are skipped.

load harness

setup() {
    harness_setup
    need flock
    wpack --limit 40 "$MNIST_IMAGES" -o digits.st.zst
    loopback=''
}

teardown() {
    [ -z "$loopback" ] || loopback_stop
}

# machines ssh | slurm: takes loopback.sh, or skips the test.
machines() {
    local packages='openssh-server and rsync'
    [ "$1" = ssh ] || packages='slurm-wlm and munge'
    # shellcheck source=pipelines/loopback.sh
    . "$BARROW_SOURCE/pipelines/loopback.sh"
    need parallel perl
    "loopback_has_$1" || skip "no $1: install $packages"
    loopback_start
}

# What loopback.sh calls where it cannot go on.
fail() {
    echo "$*" >&2
    return 1
}

# cluster STATUS [NAME=VALUE...] -- ARGUMENT...
cluster() {
    local status=$1 set=()
    shift
    while [ "$1" != -- ]; do
        set+=("$1")
        shift
    done
    shift
    check "$status" env HISTOGRAMS=digits.st.zst SHARDS=6 "${set[@]}" \
        sh "$BARROW_SOURCE/pipelines/cluster" "$@" 3>&-
}

# One that hangs in its second shard where hang says so: $1 is a shell's test.
# The file under-way tells that it does.
hanging_wdist() {
    cat >"$PWD/wdist-$2" <<END
#!/bin/sh
case \$* in
*--shard*)
    if $1; then
        touch "$PWD/under-way"
        exec sleep 600
    fi
    ;;
esac
exec "$BARROW_BUILD/wdist" "\$@"
END
    chmod +x "$PWD/wdist-$2"
    echo "$PWD/wdist-$2"
}

# in_background NAME=VALUE... -- ARGUMENT...: its process is $run.
in_background() {
    (cluster 0 "$@" && printf '%s\n' "$stderr" >log) 3>&- &
    run=$!
}

# shards_of FOLDER HOST: the numbers of the shards that it solved.
shards_of() {
    cat "$1"/shard-*.tsv | awk -F '\t' -v host="$2" '$2 == host { print $1 }'
}

@test "shards here are the run without shards, and a stopped run goes on" {
    cluster 0 SOLVE='--quantity cost --certify' -- --here -j 2 out
    stdout_is "$PWD/out/index.html"
    stderr_has 'cluster: 780 pairs in 6 shards'
    wdist --quantity cost --certify digits.st.zst -o whole.st.zst
    for name in pairs cost gap; do
        wunpack whole.st.zst "$name" --to raw -o whole.raw
        wunpack out/distances.st.zst "$name" --to raw | cmp - whole.raw
    done
    check 0 winfo out/distances.st.zst
    [[ $output != *shard* ]] || show 'metadata' 'no shards' "$output"
    grep -q '<p>780 pairs in 6 shards' out/index.html

    cp out/distances.st.zst first.st.zst
    rm out/distances.st.zst out/shard-4.st.zst
    cluster 0 SOLVE='--quantity cost --certify' -- --here out
    stderr_has 'cluster: shard 4 of 6'
    [[ $stderr != *'shard 5 of 6'* ]] || show stderr 'shard 4 alone' "$stderr"
    cmp first.st.zst out/distances.st.zst
}

@test "two files, and files that options name" {
    wpack --limit 3 "$MNIST_IMAGES" -o few.st.zst
    printf '0\t1\n1\t2\n0\t39\n' >pairs.tsv
    cp pairs.tsv missing.txt
    cluster 1 FILES=missing.txt -- --here out
    stderr_has 'missing.txt: give the file another name'
    cluster 0 HISTOGRAMS='few.st.zst digits.st.zst' FILES=pairs.tsv SHARDS=2 \
        SOLVE='--pairs pairs.tsv' -- --here out
    stderr_has 'cluster: 3 pairs in 2 shards'
    wdist --pairs pairs.tsv few.st.zst digits.st.zst -o whole.st.zst
    wunpack whole.st.zst pairs distance --to tsv >whole.tsv
    wunpack out/distances.st.zst pairs distance --to tsv | cmp - whole.tsv
}

@test "a folder is for one run, its options and its inputs" {
    cluster 0 SHARDS=1 -- --here out
    cluster 1 SHARDS=2 -- --here out
    stderr_has 'holds a run with SOLVE= SHARDS=1 digits.st.zst , not'
    wpack --limit 41 "$MNIST_IMAGES" -o digits.st.zst
    cluster 1 SHARDS=1 -- --here out
    stderr_has 'out holds a run with another digits.st.zst; name another folder'
    (
        flock 9
        cluster 1 SHARDS=1 -- --here out
        stderr_is "cluster: $PWD/out: another run is at work on it"
    ) 9>out/lock
}

@test "what a run needs is asked for" {
    check 2 sh "$BARROW_SOURCE/pipelines/cluster"
    stderr_has 'usage: cluster --here | --ssh HOSTS | --slurm | --local'
    check 2 sh "$BARROW_SOURCE/pipelines/cluster" --ssh
    check 2 sh "$BARROW_SOURCE/pipelines/cluster" out
    check 1 sh "$BARROW_SOURCE/pipelines/cluster" --here out
    stderr_has 'set HISTOGRAMS'
    cluster 1 SHARDS=none -- --here out
    stderr_has "SHARDS='none' is no whole number above 0"
    cluster 1 HISTOGRAMS=nothing.st.zst -- --here out
    stderr_has 'nothing.st.zst: no such file'
    cluster 2 SOLVE='--p 0.5' -- --here other
    stderr_has "wdist: option '--p'"
    [ ! -e other/index.html ]
    need parallel
    cluster 1 -- --ssh 'a,b c' out
    stderr_has 'b c: no name of a host'
}

@test "a host dies midway, and another takes over its shards" {
    machines ssh
    loopback_host a
    loopback_host b
    # shellcheck disable=SC2016
    tool=$(hanging_wdist '[ "${HOME%/b/home}" != "$HOME" ] &&
        ls shard-*.tsv >/dev/null 2>&1' b)
    printf 'a # the first\n\nb\n' >hosts
    in_background SOLVE='--certify' WDIST="$tool" \
        SSH="ssh -F $loopback/ssh_config" -- --ssh ./hosts -j 1 out
    wait_until test -e under-way
    loopback_kill b
    wait "$run"
    [ "$(shards_of out b | wc -l)" -eq 1 ]
    [ "$(shards_of out a | wc -l)" -eq 5 ]
    grep -q 'cluster: 6 shards on 2 hosts' log
    grep -q '<th>a</th><td>5</td>' out/index.html
    cluster 0 SOLVE='--certify' -- --here here
    cmp here/distances.st.zst out/distances.st.zst
    # Nothing is left on the host.
    [ -z "$(ls -A "$loopback/a/home")" ]
}

@test "a host that hangs counts as dead, too" {
    machines ssh
    loopback_host a
    loopback_host b
    # shellcheck disable=SC2016
    tool=$(hanging_wdist '[ "${HOME%/b/home}" != "$HOME" ]' b)
    in_background WDIST="$tool" SSH="ssh -F $loopback/ssh_config" -- \
        --ssh a,b out
    wait_until test -e under-way
    loopback_freeze b
    wait "$run"
    [ "$(shards_of out a | wc -l)" -eq 6 ]
    cluster 0 -- --here here
    cmp here/distances.st.zst out/distances.st.zst
}

@test "hosts that cannot serve are named and left out" {
    machines ssh
    loopback_host a
    loopback_host b
    # shellcheck disable=SC2016
    printf '#!/bin/sh
[ "${HOME%%/b/home}" = "$HOME" ] || { echo wdist "(barrow)" 0.0.1; exit; }
exec "%s/wdist" "$@"\n' "$BARROW_BUILD" >old
    chmod +x old
    SSH="ssh -F $loopback/ssh_config" cluster 0 WDIST="$PWD/old" SHARDS=2 -- \
        --ssh a,b,nowhere.invalid out
    stderr_has 'cluster: b: left out: wdist (barrow) 0.0.1'
    stderr_has 'cluster: nowhere.invalid: left out: ssh: Could not resolve'
    stderr_has 'cluster: 2 shards on 1 host'
    SSH="ssh -F $loopback/ssh_config" cluster 1 WDIST="$PWD/none" -- \
        --ssh a other
    stderr_has 'cluster: a: left out: '
    stderr_has 'cluster: no host is left'
}

@test "what another run left on a host is not taken" {
    machines ssh
    loopback_host a
    SSH="ssh -F $loopback/ssh_config"
    export SSH
    # Its last shard fails, the others stay on the host.
    # shellcheck disable=SC2016
    tool=$(hanging_wdist 'case $* in *3/3*) exit 1 ;; esac; false' bad)
    cluster 1 SHARDS=3 WDIST="$tool" -- --ssh a first
    [ "$(find "$loopback/a/home" -name 'shard-*.st.zst' | wc -l)" -eq 2 ]
    wpack --skip 40 --limit 40 "$MNIST_IMAGES" -o digits.st.zst
    cluster 0 SHARDS=3 -- --ssh a second
    cluster 0 SHARDS=3 -- --here here
    cmp here/distances.st.zst second/distances.st.zst
}

@test "what fails on every host is told with its reason, and can be mended" {
    machines ssh
    loopback_host a
    SSH="ssh -F $loopback/ssh_config" cluster 1 SHARDS=1 \
        SOLVE='--normalize none' -- --ssh a out
    stderr_has 'cluster: 1 shard missing, the first 1; ssh.log: wdist: digits'
    # A shard that is there is not solved again, nor are others lost.
    SSH="ssh -F $loopback/ssh_config" cluster 0 SHARDS=2 -- --ssh a good
    cp good/distances.st.zst first.st.zst
    rm good/distances.st.zst good/shard-2.*
    SSH="ssh -F $loopback/ssh_config" cluster 0 SHARDS=2 -- --ssh a good
    stderr_has 'cluster: 1 shard on 1 host'
    cmp first.st.zst good/distances.st.zst
}

@test "a node of Slurm is drained midway, and another goes on" {
    machines slurm
    loopback_slurm one two
    # shellcheck disable=SC2016
    tool=$(hanging_wdist '[ "${SLURMD_NODENAME-}" = two ]' two)
    in_background SHARDS=3 SOLVE='--certify' WDIST="$tool" -- --slurm out
    wait_until test -e under-way
    loopback_drain two
    wait "$run"
    [ "$(shards_of out one | wc -l)" -eq 3 ]
    grep -q 'CANCELLED.*REQUEUE' out/slurm-*.log
    grep -q 'cluster: 780 pairs in 3 shards' log
    cluster 0 SHARDS=3 SOLVE='--certify' -- --here here
    cmp here/distances.st.zst out/distances.st.zst
}

@test "a stopped run finds its job of Slurm again; a failed task is told" {
    machines slurm
    loopback_slurm one
    # shellcheck disable=SC2016
    tool=$(hanging_wdist "[ ! -e '$PWD/go' ]" all)
    HISTOGRAMS=digits.st.zst SHARDS=2 WDIST=$tool setsid \
        sh "$BARROW_SOURCE/pipelines/cluster" --slurm out >log 2>&1 3>&- &
    run=$!
    wait_until test -e under-way
    wait_until test -e out/slurm-job.txt
    kill -9 -- "-$run"
    wait "$run" || true
    # All wait until the next run has seen that they do.
    scontrol hold 1
    task=$(squeue -h -t R -o '%F_%K')
    scontrol requeuehold "$task"
    touch go
    HISTOGRAMS=digits.st.zst SHARDS=2 WDIST=$tool \
        sh "$BARROW_SOURCE/pipelines/cluster" --slurm out >log 2>&1 3>&- &
    run=$!
    wait_until grep -q 'cluster: job 1: 0 of 2 shards are there' log
    wait_until scontrol release 1
    wait_until scontrol update JobId="$task" StartTime=now
    wait "$run"
    # It submitted no other.
    [ "$(scontrol show job 2>/dev/null | grep -o 'ArrayJobId=[0-9]*' |
        sort -u)" = ArrayJobId=1 ]

    cluster 1 SHARDS=2 SOLVE='--normalize none' -- --slurm bad
    stderr_has 'cluster: 2 shards missing, the first 1; slurm-1.log: wdist: '
}

@test "cluster --local shows all ways on one machine" {
    need parallel perl
    check 0 env COUNT=60 SHARDS=4 \
        sh "$BARROW_SOURCE/pipelines/cluster" --local -j 1 out 3>&-
    stdout_has "$PWD/out/compared.txt"
    head -n 1 out/compared.txt | grep -qx 'no shards	equal'
    [ "$(grep -c -v 'equal$' out/compared.txt)" -eq 0 ]
}
