#!/usr/bin/env bats
# steps.bats - what pipelines share: steps that were cut off, and steps that run
# side by side.

load harness

# pipeline LINE...: a script of these lines, that works in the folder out.
pipeline() {
    {
        cat <<END
set -eu
here=$PWD
. "$BARROW_SOURCE/pipelines/common.sh"
OUT="$PWD/out" THREADS=\${THREADS-2}
belongs_to nothing
END
        printf '%s\n' "$@"
    } >pipeline
}

# seconds NAME: that the page has for a file.
seconds() {
    pipeline "html_times"
    check 0 sh pipeline
    grep "<th>$1</th><td>" <<<"$output" | sed 's/.*<td>//; s,<.*,,'
}

@test "a step that was cut off has the seconds of all its parts" {
    # Its log is from a hundred seconds after it began.
    cat >work <<'END'
[ -e out/log ] || {
    touch -d '+100 seconds' out/log
    kill -9 "$PPID"
    exit
}
[ -e out/again ] || {
    touch -d '+1000 seconds' out/again
    exit 3
}
echo done >out/made
END
    pipeline "step $PWD/out/made sh work"
    check 137 sh pipeline
    check 3 sh pipeline
    check 0 sh pipeline
    [ "$(grep -c 'cut off' out/steps.tsv)" -eq 2 ]
    seconds made | awk '$1 < 1000 || $1 > 1200 { exit 1 }'
    # Done anew, it has the time of that.
    rm out/made
    check 0 sh pipeline
    pipeline "step $PWD/out/made sh work"
    check 0 sh pipeline
    seconds made | awk '$1 > 100 { exit 1 }'
    [ ! -e out/steps.begun ]
}

@test "steps side by side share the threads" {
    need parallel
    cat >work <<'END'
echo "$@" >"out/$4"
END
    # shellcheck disable=SC2016
    pipeline 'for k in a b c; do
        later "$OUT/$k" sh work with -j "$THREADS" "$k" "it'\''s; $k"
    done
    together'
    check 0 sh pipeline
    [ "$(cat out/a)" = "with -j 1 a it's; a" ]
    [ "$(cat out/b)" = "with -j 1 b it's; b" ]
    [ "$(cat out/c)" = "with -j 2 c it's; c" ]
    [ "$(cut -f 1 out/steps.tsv | sort | tr -d '\n')" = abc ]
    grep -Fqx "sh work with -j 2 a 'it'\\''s; a'" out/commands.txt
    files_are out out/a out/b out/c out/commands.txt out/lock \
        out/parameters.txt out/steps.tsv pipeline work

    # What is there stays.
    rm out/b
    echo old >out/a
    THREADS=4 check 0 sh pipeline
    [ "$(cat out/a out/b)" = $'old\nwith -j 4 b it\'s; b' ]
}

@test "a count that no shell holds is too large" {
    # shellcheck disable=SC2016
    pipeline 'check_count STEPS "$n"'
    n=999999999 check 0 sh pipeline
    n=1234567890 check 1 sh pipeline
    stderr_is "pipeline: STEPS='1234567890' is too large a number"
}

@test "a second run at once is told so, also by what the first left behind" {
    echo 'echo "$$" >out/pid; mv out/pid out/started; exec sleep 60' >work
    # shellcheck disable=SC2016
    pipeline 'step "$OUT/made" sh work'
    sh pipeline 2>/dev/null 3>&- &
    until [ -e out/started ]; do sleep 0.1; done
    kill -9 $!
    echo 'echo >out/made' >work
    check 1 sh pipeline
    stderr_is "pipeline: $PWD/out: another run is at work on it"
    [ ! -e out/made ]
    kill "$(cat out/started)"
    flock out/lock true
    check 0 sh pipeline
    [ -e out/made ]
}

@test "of steps side by side those that had begun have what they took before" {
    need parallel
    cat >work <<'END'
if [ "$2" = 1% ] && [ ! -e out/log ]; then
    touch -d '+100 seconds' out/log
    kill -9 "$PIPELINE"
    exit 1
fi
echo done >"out/$2"
[ "$2" != 0 ] || touch -d '+50 seconds' out/0
END
    # shellcheck disable=SC2016
    pipeline 'export PIPELINE=$$
    for k in 0 1% 2; do later "$OUT/$k" sh work -j "$k"; done
    together'
    THREADS=1 check 137 sh pipeline
    flock out/lock true
    THREADS=1 check 0 sh pipeline
    [ "$(grep 'cut off' out/steps.tsv | cut -f 1)" = 1% ]
    seconds 0 | awk '$1 < 40 || $1 > 90 { exit 1 }'
    seconds 1% | awk '$1 < 90 { exit 1 }'
    seconds 2 | awk '$1 > 40 { exit 1 }'
}

@test "a step that fails ends those beside it, and the run" {
    need parallel
    cat >work <<'END'
[ "$2" = good ] || { echo 'work: bad' >&2; exit 1; }
echo >"out/$2"
END
    # shellcheck disable=SC2016
    pipeline 'for k in bad good; do later "$OUT/$k" sh work -j "$k"; done
        together
        echo after'
    THREADS=1 check 1 sh pipeline
    stderr_has 'work: bad'
    stdout_is ''
    [ ! -e out/good ]
    # The queue is not that of the next run.
    # shellcheck disable=SC2016
    pipeline 'later "$OUT/good" sh work -j good' together
    check 0 sh pipeline
    # A command that says it is done has to have made its file.
    # shellcheck disable=SC2016
    pipeline 'later "$OUT/none" true' together
    check 1 sh pipeline
    stderr_has 'no '
    stderr_has '/out/none came of its command'
}
