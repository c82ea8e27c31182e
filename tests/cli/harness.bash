# harness.bash - what the command-line tests share. A test file starts with
#
#     load harness
#
# and gets: an empty working folder for each test, the tools that were built at
# the head of PATH, and the checks below. Tests run by `make check', out of tree
# and by hand (bats tests/cli/NAME.bats, tools from ./build or the tree's root);
# BARROW_BUILD names another build folder, BARROW_SOURCE the sources.
# shellcheck shell=bash disable=SC2154

bats_require_minimum_version 1.5.0

: "${BARROW_SOURCE:=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}"
if [ -z "${BARROW_BUILD-}" ]; then
    BARROW_BUILD=$BARROW_SOURCE
    [ ! -e "$BARROW_SOURCE/build/config.h" ] ||
        BARROW_BUILD=$BARROW_SOURCE/build
fi
export BARROW_SOURCE BARROW_BUILD
export PATH="$BARROW_BUILD:$PATH" LC_ALL=C

MNIST_IMAGES=$BARROW_SOURCE/datasets/mnist/t10k-images-idx3-ubyte.gz
MNIST_LABELS=$BARROW_SOURCE/datasets/mnist/t10k-labels-idx1-ubyte.gz
export MNIST_IMAGES MNIST_LABELS

# A file with a setup of its own calls harness_setup first.
harness_setup() {
    mkdir "$BATS_TEST_TMPDIR/work"
    cd "$BATS_TEST_TMPDIR/work" || return 1
}
setup() {
    harness_setup
}

# tool NAME: prints the path of a tool of this build; fails when it is not
# built, so that one that is installed is never tested by mistake.
tool() {
    if [ ! -x "$BARROW_BUILD/$1" ]; then
        echo "$1 is not built in $BARROW_BUILD" >&2
        return 1
    fi
    echo "$BARROW_BUILD/$1"
}

# tools: prints the names of the tools of this build, one a line.
tools() {
    local name
    for name in wpack wunpack winfo wcat wdist wae dwe wgan weval wplot; do
        [ ! -x "$BARROW_BUILD/$name" ] || echo "$name"
    done
}

# need COMMAND...: skips the test where a helper program is absent.
need() {
    local name
    for name in "$@"; do
        command -v "$name" >/dev/null || skip "$name is not installed"
    done
}

# need_numpy: makes python3 one that has NumPy, which need not be the first in
# PATH; skips the test where there is none.
need_numpy() {
    local python
    for python in $(type -ap python3); do
        "$python" -c 'import numpy' 2>/dev/null || continue
        mkdir -p "$BATS_TEST_TMPDIR/bin"
        ln -sf "$python" "$BATS_TEST_TMPDIR/bin/python3"
        PATH=$BATS_TEST_TMPDIR/bin:$PATH
        return
    done
    skip "python3-numpy is absent"
}

# check STATUS COMMAND...: runs COMMAND; its standard output is then in
# $output, its standard error in $stderr; fails unless it exits with STATUS.
check() {
    local want=$1
    shift
    run --separate-stderr -- "$@"
    [ "$status" -eq "$want" ] || {
        show "exit status" "$want" "$status"
        return 1
    }
}

# check_full COMMAND...: runs COMMAND with standard output on a full disk. It
# has to exit with 1 and a message.
check_full() {
    # shellcheck disable=SC2016
    check 1 bash -c 'exec "$@" >/dev/full' full "$@"
    [ -n "$stderr" ] || show "standard error" "a message" ""
}

# check_closed_pipe COMMAND...: runs COMMAND with standard output on a pipe
# that nobody reads. It has to exit with 1 and a message, not by a signal.
check_closed_pipe() {
    # The inner shell closes the only reading end before COMMAND starts.
    # shellcheck disable=SC2016
    check 1 bash -c '
        mkfifo closed.pipe || exit 99
        exec 3<>closed.pipe 4>closed.pipe 3<&-
        rm closed.pipe
        exec "$@" >&4 4>&-' closed "$@"
    [ -n "$stderr" ] || show "standard error" "a message" ""
}

# stdout_is TEXT, stderr_is TEXT: the whole stream of the last check, without
# trailing newlines.
stdout_is() {
    [ "$output" = "$1" ] || show "standard output" "$1" "$output"
}
stderr_is() {
    [ "$stderr" = "$1" ] || show "standard error" "$1" "$stderr"
}

# stdout_has TEXT, stderr_has TEXT: the stream contains TEXT.
stdout_has() {
    [[ $output == *"$1"* ]] || show "standard output with" "$1" "$output"
}
stderr_has() {
    [[ $stderr == *"$1"* ]] || show "standard error with" "$1" "$stderr"
}

# files_are NAME...: the working folder holds these files, hidden ones
# included, and no others: nothing half written was left behind.
files_are() {
    local have want
    have=$(find . -mindepth 1 | sed 's,^\./,,' | LC_ALL=C sort)
    want=$([ $# -eq 0 ] || printf '%s\n' "$@" | LC_ALL=C sort)
    [ "$have" = "$want" ] || show "files" "$want" "$have"
}

# pictures_of PAGE: each that it names is a PNG file.
pictures_of() {
    local link folder=${1%/*}
    # shellcheck disable=SC2013
    for link in $(grep -o 'src="[^"]*"' "$1" | cut -d '"' -f 2); do
        [ "$(head -c 4 "$folder/$link" | tail -c 3)" = PNG ] ||
            show "$link" "a PNG file" "something else"
    done
}

# same FILE FILE: equal bytes.
same() {
    cmp "$1" "$2"
}

# show WHAT WANTED FOUND: says how a check failed, and fails.
show() {
    printf '%s\n  wanted: %s\n  found:  %s\n' "$1" "$2" "$3"
    [ -z "${stderr-}" ] || printf '  stderr: %s\n' "$stderr"
    return 1
}
