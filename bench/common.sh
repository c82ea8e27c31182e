# shellcheck shell=bash
# common.sh - what the scripts of bench/ that print tables share. Sourced after
# `set -euo pipefail'.
#
# BARROW_BUILD holds the tools and programs (`make bench' sets it),
# BARROW_PYTHON a Python that has the peers.
export LC_ALL=C

source_dir=${BARROW_SOURCE:-$(cd "$(dirname "$0")/.." && pwd)}
build_dir=${BARROW_BUILD:-$source_dir/build}
python=${BARROW_PYTHON:-/usr/bin/python3}
# shellcheck disable=SC2034
mnist=$source_dir/datasets/mnist/t10k-images-idx3-ubyte.gz

say() {
    echo "bench: $*" >&2
}
fail() {
    say "$@"
    exit 1
}

# need PROGRAM...: each is built.
need() {
    local program
    for program; do
        [ -x "$build_dir/$program" ] ||
            fail "$program is not built in $build_dir"
    done
}

# has MODULES WHAT: whether the Python can import MODULES; says so where not.
has() {
    "$python" -c "import $1" 2>import.txt ||
        { say "$2 ($(tail -n 1 import.txt))" && return 1; }
}

# A folder for what a run leaves, gone with it.
enter_work() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/barrow-bench.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    cd "$work" || exit
}

processor() {
    sed -n 's/^model name[^:]*: //p;T;q' /proc/cpuinfo
}

# median: of the numbers on standard input, with least and greatest.
median() {
    sort -g | awk '{x[NR] = $1} END {
        low = int((NR + 1) / 2); high = int(NR / 2) + 1
        printf "%.4g\t%.4g\t%.4g\n", (x[low] + x[high]) / 2, x[1], x[NR]
    }'
}

# ratios: three columns of a table, of the first number of each line of
# rounds.txt by the second: of seconds the peer's by ours, of rates the other
# way round.
ratios() {
    awk '{print $1 / $2}' rounds.txt | median
}
