# common.sh - what the pipelines share; read by them with `.'. A pipeline runs
# from the root of the tree, has its OUT folder set before the first step, and
# is written so that every step makes one file: a step whose file is there is
# skipped, so a pipeline that was stopped continues where it was.
# shellcheck shell=sh disable=SC2034,SC2154

program=${0##*/}

# say TEXT...: talk, on standard error.
say() {
    printf '%s: %s\n' "$program" "$*" >&2
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

# arguments [--small] [-j N] [OUT]: sets `size' to full or small, THREADS, which
# by default is what the environment has or else all processors, and OUT, by
# default out/NAME or out/NAME-small after the pipeline's name. A pipeline of
# one size sets `form' to what it takes.
arguments() {
    form=${form-'[--small] [-j N] [OUT]'}
    size=full
    read_arguments "$@"
    if [ -z "$OUT" ]; then
        OUT=$(out_folder)/$program
        [ "$size" = full ] || OUT=$OUT-small
    fi
    THREADS=${THREADS-$(nproc)}
    check_count THREADS "$THREADS"
    export THREADS
}

# read_arguments ARGUMENT...: the options that `form' shows, and OUT, which is
# empty where it was not given.
read_arguments() {
    OUT=
    while [ $# -gt 0 ]; do
        case $1 in
        --*=?*)
            set_option "${1%%=*}" "${1#*=}"
            ;;
        -j?*) set_option -j "${1#-j}" ;;
        -j | --?*)
            case $form in
            *"[$1]"*) size=${1#--} ;;
            *)
                [ $# -gt 1 ] || usage
                set_option "$1" "$2"
                shift
                ;;
            esac
            ;;
        '' | -*) usage ;;
        *)
            [ -z "$OUT" ] || usage
            OUT=$(from_here "$1")
            ;;
        esac
        shift
    done
}

# set_option OPTION VALUE: of those that `form' shows.
set_option() {
    case $form in *"$1 "[A-Z]*) ;; *) usage ;; esac
    case $1,$2 in
    -j,*) THREADS=$2 ;;
    --from,?*) from=$2 ;;
    --digest,?*) digest=$2 ;;
    *) usage ;;
    esac
}

usage() {
    echo "usage: ${called_as-$program} $form" >&2
    exit 2
}

# is_installed: whether the scripts are those of `make install', beside which
# there is nothing to build.
is_installed() {
    [ ! -e bootstrap ]
}

# out_folder: prints where results go that were given no place: `out' in the
# tree, or, where that is no tree of the caller's, in the caller's folder.
out_folder() {
    if is_installed; then echo "$here/out"; else echo out; fi
}

# installed_tools: prints the folder of those installed with the scripts, or
# else of those in PATH.
installed_tools() {
    if [ -x ../../bin/wpack ]; then
        (cd ../../bin && pwd)
    else
        dirname "$(command -v wpack || echo /usr/bin/wpack)"
    fi
}

# prepare NAME...: puts the tree's own tools at the head of PATH, after setting
# up and building what is not there yet, or those that are installed.
# BARROW_BUILD names another build. Of other programs gnuplot and parallel may
# be among the names.
prepare() {
    build=${BARROW_BUILD-}
    if [ -z "$build" ] && is_installed; then
        build=$(installed_tools)
    elif [ -z "$build" ]; then
        build=$PWD/build
        if needs_setup "$@"; then set_up; fi
    fi
    PATH=$build:$PATH
    LC_ALL=C
    export PATH LC_ALL
    remedy='run ./bootstrap'
    ! is_installed || remedy='please install it'
    for tool; do
        is_there "$tool" || case $tool in
        gnuplot | parallel) fail "$tool is missing; $remedy" ;;
        *) fail "$tool is not built in $build" ;;
        esac
    done
}

is_there() {
    case $1 in
    gnuplot | parallel) command -v "$1" >/dev/null ;;
    *) [ -x "$build/$1" ] ;;
    esac
}

needs_setup() {
    for tool; do
        is_there "$tool" || return 0
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
    ??????????*) fail "$1='$2' is too large a number" ;;
    esac
}

# belongs_to TEXT: OUT is for one set of parameters; a run with others is
# refused rather than mixed with what is there. One run at a time works there:
# the lock is held as long as a process of it lives. Called before the first
# step.
belongs_to() {
    mkdir -p "$OUT"
    if [ "${locked-}" != "$OUT" ]; then
        exec 9>"$OUT/lock"
        flock -n 9 || fail "$OUT: another run is at work on it"
        locked=$OUT
    fi
    count_killed
    rm -f "$OUT"/queue.*
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
    command=$(as_typed "$@")
    note "$command"
    [ ! -e "$target" ] || return 0
    say "$command"
    timed "$target" "$@"
    [ -e "$target" ] || fail "no $target came of: $command"
}

# step_to FILE COMMAND...: the same for a COMMAND that writes to its standard
# output.
step_to() {
    target=$1
    shift
    command="$(as_typed "$@") >$(as_typed "$target")"
    note "$command"
    output_to "$target" "$command" "$@"
}

# make_to FILE FUNCTION...: step_to for a shell function of the pipeline, which
# is no command to be shown.
make_to() {
    target=$1
    shift
    output_to "$target" "making $target" "$@"
}

# output_to FILE TEXT COMMAND...: unless FILE is there, says TEXT, and runs
# COMMAND, whose output gets the name when all is written.
output_to() {
    target=$1
    [ ! -e "$target" ] || return 0
    say "$2"
    shift 2
    timed "$target" "$@" >"$target.part"
    mv "$target.part" "$target"
}

# later FILE COMMAND...: a step that needs none of its kind; `together' runs all
# that were put off so. `-j $THREADS' in COMMAND becomes the threads that it
# gets.
later() {
    target=$1
    shift
    command=$(as_typed "$@")
    note "$command"
    [ ! -e "$target" ] || return 0
    say "$command"
    printf '%s\n' "$target" >>"$OUT/queue.files"
    # As begun does, when its turn comes.
    mark=$(printf '%s' "${target#"$OUT"/}" | sed 's/%/%%/g')
    printf '%s >>%s && %s\n' "$(as_typed date "+$mark%t%s.%N")" \
        "$(as_typed "$OUT/steps.begun")" "$command" >>"$OUT/queue.commands"
}

# together: as many at a time as there are threads, by GNU parallel; those that
# are left over when threads outnumber them share all.
together() {
    while [ -s "$OUT/queue.files" ]; do
        n_run=$(wc -l <"$OUT/queue.files")
        each=$((n_run < THREADS ? THREADS / n_run : 1))
        n_run=$((n_run < THREADS ? n_run : n_run - n_run % THREADS))
        run_queue
        for list in files commands; do
            tail -n +$((n_run + 1)) "$OUT/queue.$list" >"$OUT/queue.rest"
            mv "$OUT/queue.rest" "$OUT/queue.$list"
        done
    done
    rm -f "$OUT"/queue.*
}

# run_queue: the first n_run of the queue, of each threads.
run_queue() {
    head -n "$n_run" "$OUT/queue.commands" |
        sed "s/ -j $THREADS / -j $each /" |
        PARALLEL_SHELL=/bin/sh parallel --will-cite --halt now,fail=1 \
            -j "$THREADS" --joblog "$OUT/queue.log"
    tail -n +2 "$OUT/queue.log" | sort -n | cut -f 4 |
        paste "$OUT/queue.files" - | head -n "$n_run" |
        while IFS="$(printf '\t')" read -r target seconds; do
            [ -e "$target" ] || fail "no $target came of its command"
            took "$target" "$seconds" 'side by side'
        done
    rm -f "$OUT/steps.begun"
}

# timed FILE COMMAND...: runs COMMAND, and keeps for the page the seconds that
# FILE took.
timed() {
    timed_file=$1
    shift
    begun "$timed_file"
    timed_from=$(date +%s.%N)
    "$@"
    took "$timed_file" "$(awk -v a="$timed_from" -v b="$(date +%s.%N)" \
        'BEGIN { print b - a }')"
    rm -f "$OUT/steps.begun"
}

# begun FILE, took FILE SECONDS [HOW]
begun() {
    printf '%s\t%s\n' "${1#"$OUT"/}" "$(date +%s.%N)" >>"$OUT/steps.begun"
}

took() {
    printf '%s\t%.2f%s\n' "${1#"$OUT"/}" "$2" "${3+	$3}" >>"$OUT/steps.tsv"
}

# count_killed: a run that was killed left steps that had begun. Where its file
# is there a step came to its end; else it was cut off, and how far it had come
# the latest file of OUT tells, such as a log or a checkpoint.
count_killed() {
    [ -e "$OUT/steps.begun" ] || return 0
    last_sign=$(find "$OUT" -type f ! -name lock -printf '%T@\n' | sort -g |
        tail -n 1)
    while IFS="$(printf '\t')" read -r cut_file cut_from; do
        if [ -e "$OUT/$cut_file" ]; then
            set -- "$(find "$OUT/$cut_file" -maxdepth 0 -printf '%T@')"
        else
            set -- "$last_sign" 'cut off'
        fi
        cut_after=$(awk -v a="$cut_from" -v b="$1" \
            'BEGIN { print (b > a) * (b - a) }')
        shift
        took "$OUT/$cut_file" "$cut_after" "$@"
    done <"$OUT/steps.begun"
    rm "$OUT/steps.begun"
}

# as_typed WORD...: as a shell would read them back.
as_typed() {
    typed=
    for word; do
        case $word in
        '' | *[!A-Za-z0-9_./:,=@%+-]*)
            word="'$(printf '%s' "$word" | sed "s/'/'\\\\''/g")'"
            ;;
        esac
        typed="$typed $word"
    done
    printf '%s' "${typed# }"
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

# picture KIND FILE CAPTION: KIND is single or double, as wplot's --size has it,
# or sheet, of images as they are.
picture() {
    printf '<figure class="%s"><img src="%s" alt="%s">' "$1" "$2" "$3"
    printf '<figcaption>%s</figcaption></figure>\n' "$3"
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
h1, h2, h3 { line-height: 1.2; }
img { max-width: 100%; vertical-align: bottom; }
pre { background: #f4f4f4; padding: 0.8em; overflow-x: auto; font-size: 13px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums;
        display: block; overflow-x: auto; margin: 1em 0; }
td, th { padding: 0.2em 0.5em; text-align: right; }
tr th:first-child { text-align: left; }
figure { display: inline-block; margin: 0 1em 1em 0; text-align: center;
         vertical-align: top; }
figure img { image-rendering: pixelated; border: 1px solid #ccc; }
figure.single { width: 27.5em; max-width: 100%; }
figure.double { display: block; margin-right: 0; overflow-x: auto; }
figure.double img { min-width: 36em; }
figure.single img, figure.double img { width: 100%; border: 0;
                                       image-rendering: auto; }
.sheet { image-rendering: pixelated; }
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

# step_seconds: of each file, in the order of steps, the time of its latest run
# and of what was cut off before that.
step_seconds() {
    awk -F '\t' -v OFS='\t' '
        {
            if (!($1 in took)) name[++n] = $1
            took[$1] = $2 + before[$1]
            before[$1] = $3 == "cut off" ? took[$1] : 0
        }
        END { for (k = 1; k <= n; k++) print name[k], took[name[k]] }' \
        "$OUT/steps.tsv"
}

# html_times: the steps that took a hundredth of all time or more, in their
# order.
html_times() {
    [ -e "$OUT/steps.tsv" ] || return 0
    printf '<h2>Run times</h2>\n<p>Seconds on the clock, on %s' \
        "$(counted "$THREADS" thread)"
    sed -n 's/^model name[^:]*: */ of /p' /proc/cpuinfo 2>/dev/null |
        sed -n '1s/ *$//p' | html_text | tr -d '\n'
    if grep -q 'side by side' "$OUT/steps.tsv"; then
        printf '; steps that ran side by side count each'
    fi
    echo '.</p>'
    step_seconds | html_text | awk -F '\t' '
        $1 != "index.html" { name[++n] = $1; took[$1] = $2; all += $2 }
        function line(what, s) {
            printf "<tr><th>%s</th><td>%.*f</td></tr>\n", what,
                s < 100 ? 2 : 0, s
        }
        END {
            print "<table><tr><th>made</th><th>seconds</th></tr>"
            for (k = 1; k <= n; k++) {
                if (100 * took[name[k]] >= all) line(name[k], took[name[k]])
                else { rest++; short += took[name[k]] }
            }
            if (rest) line(rest " shorter step" (rest > 1 ? "s" : ""), short)
            line("all", all)
            print "</table>"
        }'
}

# html_commands FILE: the commands so far, how long they took, and how FILE was
# made.
html_commands() {
    printf '<h2>Commands</h2>\n<pre>'
    html_text <"$OUT/commands.txt"
    printf '</pre>\n'
    html_times
    printf '<h2>Provenance of %s</h2>\n<pre>' "${1##*/}"
    winfo --provenance "$1" | html_text
    printf '</pre>\n'
}
