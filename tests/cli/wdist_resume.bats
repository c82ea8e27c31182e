#!/usr/bin/env bats
# wdist_resume.bats - runs that are stopped, killed, cut off by a full disk, and
# go on.

load harness

# A run of some seconds: with --method simplex, and one thread at first.
setup() {
    harness_setup
    wpack --limit 200 "$MNIST_IMAGES" -o digits.st.zst
    RUN=(wdist --pairs random:5000 --seed 1 --method simplex --certify
        digits.st.zst)
    OUT=out.st.zst
}

teardown() {
    [ ! -e disk/mounted ] || umount disk
}

# size FILE: its bytes, 0 where there is none.
size() {
    stat -c %s "$1" 2>/dev/null || echo 0
}

# start [OPTION...]: starts the run with -j 1 and further options, and waits
# until more results are kept.
start() {
    local before
    # What a run writes before its first result is no longer than this.
    before=$(($(size "$OUT.partial") + 1500))
    # A script's background jobs ignore SIGINT; that would be inherited.
    python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])' "${RUN[@]}" -j 1 -o "$OUT" "$@" 2>err &
    pid=$!
    while [ "$(size "$OUT.partial")" -lt "$before" ]; do
        kill -0 $pid || show run running "ended: $(cat err)"
        sleep 0.05
    done
}

# problems FILE: how many problems a run solved, by what it said with -v.
problems() {
    grep -o '[0-9]* problems' "$1" | cut -d ' ' -f 1
}

# end SIGNAL STATUS: signals the run, whose exit status is then STATUS.
end() {
    local rc=0
    kill "-$1" $pid
    wait $pid || rc=$?
    [ $rc -eq "$2" ] || show 'exit status' "$2" $rc
}

@test "killed at any moment, a run goes on to the same bytes" {
    need python3
    "${RUN[@]}" -v -o whole.st.zst 2>whole
    start
    end KILL 137
    files_are digits.st.zst err out.st.zst.partial whole whole.st.zst
    start --resume
    end KILL 137
    # The last block may be there in part.
    n=$(size out.st.zst.partial)
    truncate -s $((n - 5)) out.st.zst.partial
    "${RUN[@]}" --resume -v -o out.st.zst 2>rest
    same out.st.zst whole.st.zst
    files_are digits.st.zst err out.st.zst rest whole whole.st.zst
    # What was kept was not solved again.
    [ "$(problems rest)" -lt $(($(problems whole) - 100)) ]
}

@test "SIGTERM and SIGINT keep what is finished" {
    need python3
    start
    end TERM 143
    grep -q '^wdist: stopped after [0-9]* of 5000 pairs$' err
    n=$(size out.st.zst.partial)
    start --resume
    end INT 130
    [ "$(size out.st.zst.partial)" -gt "$n" ]
    files_are digits.st.zst err out.st.zst.partial

    # Nothing is lost, nor begun, without --resume.
    cp out.st.zst.partial copy
    check 1 "${RUN[@]}" -o out.st.zst
    stderr_is 'wdist: out.st.zst.partial: holds results of an unfinished run; continue it with --resume, or remove it'
    same out.st.zst.partial copy

    # What differs is named.
    for row in --p=1 --normalize=none --certify=0.001 --shard=1/2; do
        check 1 "${RUN[@]/--certify/$row}" --resume -o out.st.zst
        stderr_has 'wdist: out.st.zst.partial: belongs to another run: it has '
        stderr_has "${row#--}"
    done
    check 1 "${RUN[@]/random:5000/random:500}" --resume -o out.st.zst
    stderr_is 'wdist: out.st.zst.partial: belongs to another run: it has option=--pairs=random:5000, this run has option=--pairs=random:500'
    wpack --limit 100 "$MNIST_IMAGES" -o other.st.zst
    check 1 wdist --pairs random:5000 --seed 1 --method simplex --certify \
        other.st.zst --resume -o out.st.zst
    stderr_has 'it has input=digits.st.zst xxh64 '
    same out.st.zst.partial copy

    # Damage in the middle cuts off what follows it.
    "${RUN[@]}" --resume -q -j 2 -o out.st.zst
    mv out.st.zst whole.st.zst
    { head -c $(($(size copy) / 2)) copy
      tail -c $(($(size copy) - $(size copy) / 2)) copy | tr '\0-\377' '\1-\377\0'
    } >out.st.zst.partial
    "${RUN[@]}" --resume -o out.st.zst
    same out.st.zst whole.st.zst
}

@test "two runs at once: the second says so" {
    need python3
    start
    check 1 "${RUN[@]}" -o out.st.zst
    stderr_is 'wdist: out.st.zst.partial: another run is writing it'
    check 1 "${RUN[@]}" --resume -o out.st.zst
    stderr_is 'wdist: out.st.zst.partial: another run is writing it'
    kill -0 $pid
    end KILL 137
}

@test "--resume with nothing there begins; a finished run leaves nothing" {
    set -- "${RUN[@]/random:5000/random:50}"
    check 0 "$@" --resume -o a.st.zst
    check 0 "$@" -o b.st.zst
    same a.st.zst b.st.zst
    check 0 "$@" --resume -o a.st.zst
    same a.st.zst b.st.zst
    files_are a.st.zst b.st.zst digits.st.zst
    # A run that was killed before its first result has nothing to keep.
    : >a.st.zst.partial
    check 0 "$@" -o a.st.zst
    files_are a.st.zst b.st.zst digits.st.zst
    # A file of that name that is not ours stays.
    echo mine >a.st.zst.partial
    for resume in '' --resume; do
        check 1 "$@" $resume -o a.st.zst
        stderr_is 'wdist: a.st.zst.partial: no journal of this program'
    done
    [ "$(cat a.st.zst.partial)" = mine ]
}

@test "a limit on files keeps what is finished" {
    need python3
    "${RUN[@]}" -o whole.st.zst
    start
    end KILL 137
    n=$(size out.st.zst.partial)
    # shellcheck disable=SC2016
    check 1 bash -c 'ulimit -f "$1"; shift; exec "$@" --resume -o out.st.zst' \
        limit $((n / 1024 + 1)) "${RUN[@]}"
    stderr_has 'File too large'
    [ ! -e out.st.zst ]
    [ "$(size out.st.zst.partial)" -ge "$n" ]
    check 0 "${RUN[@]}" --resume -o out.st.zst
    same out.st.zst whole.st.zst
}

@test "a full disk keeps what is finished" {
    need python3
    [ "$(id -u)" -eq 0 ] || skip "needs root"
    mkdir disk
    mount -t tmpfs -o size=256k none disk 2>/dev/null ||
        skip "needs leave to mount"
    : >disk/mounted
    "${RUN[@]}" -o whole.st.zst
    OUT=disk/out.st.zst
    start
    end KILL 137
    n=$(size "$OUT.partial")
    head -c 256K /dev/zero >disk/fill || :
    check 1 "${RUN[@]}" --resume -o "$OUT"
    stderr_has 'No space left on device'
    [ ! -e "$OUT" ]
    [ "$(size "$OUT.partial")" -ge "$n" ]
    rm disk/fill
    check 0 "${RUN[@]}" --resume -o "$OUT"
    same "$OUT" whole.st.zst
    # Nor is there a half file where not even the first result fits.
    rm "$OUT"
    head -c 256K /dev/zero >disk/fill || :
    check 1 "${RUN[@]}" -o "$OUT"
    stderr_has 'No space left on device'
    check 0 ls disk
    stdout_is $'fill\nmounted'
}
