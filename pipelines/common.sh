# common.sh - what the pipelines share; read by them with `.'. A pipeline runs
# from the root of the tree, has its OUT folder set before the first step, and
# is written so that every step makes one file: a step whose file is there is
# skipped, so a pipeline that was stopped continues where it was.
# shellcheck shell=sh disable=SC2034,SC2154

# say TEXT...: talk, on standard error.
say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# from_here PATH: one that the caller gave, who was in the folder $here.
from_here() {
    case $1 in
    /*) echo "$1" ;;
    *) echo "$here/$1" ;;
    esac
}

# arguments [--small] [OUT]: sets `size' to full or small, and OUT, which by
# default is out/NAME or out/NAME-small after the pipeline's name.
arguments() {
    size=full OUT=out/${0##*/}
    if [ "${1-}" = --small ]; then
        size=small OUT=$OUT-small
        shift
    fi
    out_argument '[--small] [OUT]' "$@"
}

# out_argument FORM [OUT]: sets OUT, which has its default, from what is left of
# the arguments; FORM is what they may be.
out_argument() {
    form=$1
    shift
    case $#${1-} in
    0 | 1[!-]*) ;;
    *)
        echo "usage: ${0##*/} $form" >&2
        exit 2
        ;;
    esac
    [ $# -eq 0 ] || OUT=$(from_here "$1")
}

# prepare TOOL...: puts the tree's own tools at the head of PATH, after setting
# up and building what is not there yet. BARROW_BUILD names another build.
prepare() {
    build=${BARROW_BUILD-}
    if [ -z "$build" ]; then
        build=$PWD/build
        if needs_setup "$@"; then set_up; fi
    fi
    PATH=$build:$PATH
    LC_ALL=C
    export PATH LC_ALL
    for tool; do
        [ -x "$build/$tool" ] || fail "$tool is not built in $build"
    done
    command -v gnuplot >/dev/null || fail 'gnuplot is missing; run ./bootstrap'
}

needs_setup() {
    command -v gnuplot >/dev/null || return 0
    for tool; do
        [ -x "$build/$tool" ] || return 0
    done
    return 1
}

set_up() {
    say "setting up and building in $build"
    ./bootstrap >&2
    mkdir -p "$build"
    (
        cd "$build" || exit
        [ -e config.status ] || ../configure -q
        make --no-print-directory -j"$(nproc)"
    ) >&2
}

# check_count NAME VALUE: fails unless it is a whole number above 0. To a tool
# 0 may mean no limit.
check_count() {
    case $2 in
    '' | 0* | *[!0-9]*) fail "$1='$2' is no whole number above 0" ;;
    esac
}

# belongs_to TEXT: OUT is for one set of parameters; a run with others is
# refused rather than mixed with what is there.
belongs_to() {
    mkdir -p "$OUT"
    if [ -e "$OUT/parameters.txt" ]; then
        [ "$(cat "$OUT/parameters.txt")" = "$1" ] ||
            fail "$OUT holds a run with $(cat "$OUT/parameters.txt"), not $1;" \
                'name another folder'
    else
        printf '%s\n' "$1" >"$OUT/parameters.txt"
    fi
}

# step FILE COMMAND...: runs COMMAND, which itself makes FILE whole or not at
# all, unless FILE is there.
step() {
    target=$1
    shift
    note "$*"
    [ ! -e "$target" ] || return 0
    say "$*"
    "$@"
    [ -e "$target" ] || fail "no $target came of: $*"
}

# step_to FILE COMMAND...: the same for a COMMAND that writes to its standard
# output; FILE gets its name when all is written.
step_to() {
    target=$1
    shift
    note "$* >$target"
    [ ! -e "$target" ] || return 0
    say "$* >$target"
    "$@" >"$target.part"
    mv "$target.part" "$target"
}

# make_to FILE FUNCTION...: step_to for a shell function of the pipeline, which
# is no command to be shown.
make_to() {
    target=$1
    shift
    [ ! -e "$target" ] || return 0
    say "making $target"
    "$@" >"$target.part"
    mv "$target.part" "$target"
}

# plot: gnuplot, in OUT, whose name so needs no quotes in the script.
plot() {
    (cd "$OUT" && gnuplot)
}

# value FILE NAME: a figure of a table of names and values.
value() {
    awk -F '\t' -v name="$2" '$1 == name { print $2 }' "$1"
}

# rounded FORM NUMBER: as printf writes it.
rounded() {
    awk -v x="$2" -v form="$1" 'BEGIN { printf form, x }'
}

# column LOG NAME: its number in a log of training.
column() {
    awk -F '\t' -v name="$2" '
        $1 == "set" {
            for (k = 1; k <= NF; k++) if ($k == name) print k
            exit
        }' "$1"
}

# last_step LOG: the step of the last row of a log of training.
last_step() {
    awk -F '\t' '$2 + 0 > most { most = $2 } END { print most + 0 }' "$1"
}

# steps_axis N: for gnuplot, an axis of steps from 0 to N, whose ticks are whole
# and told apart by their labels.
steps_axis() {
    awk -v most="$1" 'BEGIN {
        tick = 1
        while (5 * tick < most) tick *= ++n % 3 == 2 ? 2.5 : 2
        form = most < 10000 ? "%g" : most < 1000000 ? "%.0s%c" : "%.1s%c"
        printf "set xrange [0:%d]\nset xtics %d\nset format x \"%s\"\n",
            most < 1 ? 1 : most, tick, form
    }'
}

# counted N WORD: "1 epoch", "8 epochs".
counted() {
    printf '%s %s' "$1" "$2"
    [ "$1" = 1 ] || printf s
}

# to_idx N H W: N pictures of H rows and W columns in IDX, from lines of W
# letters each: `.' is 0, the digits 1 to 9 are 28, 56, .. 252, `#' is 255.
to_idx() {
    # shellcheck disable=SC2059
    printf "\\0\\0\\10\\3$(printf '\\0\\0\\%o\\%o' \
        $(($1 / 256)) $(($1 % 256)) $(($2 / 256)) $(($2 % 256)) \
        $(($3 / 256)) $(($3 % 256)))"
    tr -d '\n' | tr '.123456789#' \
        '\000\034\070\124\160\214\250\304\340\374\377'
}

# row CELL...: of a table, the first a heading.
row() {
    printf '<tr><th>%s</th>' "$1"
    shift
    printf '<td>%s</td>' "$@"
    printf '</tr>\n'
}

# sheet TITLE FILE
sheet() {
    printf '<h3>%s</h3>\n<p><img class="sheet" src="%s" alt="%s"></p>\n' \
        "$1" "$2" "$1"
}

# note COMMAND: keeps the commands, each once, for the page of results.
note() {
    grep -Fqx -e "$1" "$OUT/commands.txt" 2>/dev/null ||
        printf '%s\n' "$1" >>"$OUT/commands.txt"
}

# html_text: standard input as text of an HTML page.
html_text() {
    sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g'
}

# html_head TITLE, html_tail: begin and end of a page that needs no network.
html_head() {
    cat <<END
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$1</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto;
       padding: 0 1em; color: #222; background: #fff; }
h1, h2 { line-height: 1.2; }
img { max-width: 100%; }
pre { background: #f4f4f4; padding: 0.8em; overflow-x: auto; font-size: 13px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td, th { padding: 0.2em 0.5em; text-align: right; }
figure { display: inline-block; margin: 0 1em 1em 0; text-align: center; }
figure img { image-rendering: pixelated; border: 1px solid #ccc; }
figcaption { font-size: 13px; }
</style>
</head>
<body>
<h1>$1</h1>
END
}

html_tail() {
    printf '</body>\n</html>\n'
}

# html_commands: the commands so far, and how the file named was made.
html_commands() {
    printf '<h2>Commands</h2>\n<pre>'
    html_text <"$OUT/commands.txt"
    printf '</pre>\n<h2>Provenance of %s</h2>\n<pre>' "${1##*/}"
    winfo --provenance "$1" | html_text
    printf '</pre>\n'
}
