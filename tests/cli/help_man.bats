#!/usr/bin/env bats
# help_man.bats - every tool's --help and its manual page tell of the same
# options, with the same short letters.

load harness

# verbs TOOL: prints the verbs that --help of a tool lists, one a line.
verbs() {
    "$1" --help=all | awk '/^$/ { at = 0 } at { print $1 } /^Verbs:$/ { at = 1 }'
}

# Both print one line an option: "name letter", "-" where there is no letter.
# Options of several verbs count once.
help_options() {
    {
        "$1" --help=all
        for verb in $(verbs "$1"); do "$1" "$verb" --help=all; done
    } >all.txt
    options_of all.txt
}
options_of() {
    sed -nE 's/^ {1,8}(-([A-Za-z0-9]), )?--([a-z0-9][a-z0-9-]*).*/\3 \2/p' "$1" |
        awk '{ print $1, (NF > 1 ? $2 : "-") }' | sort -u
}
page_options() {
    awk '
        $1 != ".It" { next }
        {
            letter = "-"
            for (k = 2; k <= NF; k++) {
                if ($k != "Fl") continue
                if ($(k + 1) == "Fl") { print $(k + 2), letter; next }
                letter = $(k + 1)
            }
        }' "$1" | sort -u
}

compare_options() {
    local page=$BARROW_SOURCE/man/$1.1
    [ -e "$page" ] || show "page" "man/$1.1" "none"
    help_options "$(tool "$1")" >help.txt
    page_options "$page" >page.txt
    [ -s help.txt ] || show "--help of $1" "options" "none"
    diff -u --label "$1 --help" --label "man/$1.1" help.txt page.txt
}

@test "help and page of wpack agree" {
    compare_options wpack
}

@test "help and page of wunpack agree" {
    compare_options wunpack
}

@test "help and page of winfo agree" {
    compare_options winfo
}

@test "help and page of wcat agree" {
    compare_options wcat
}

@test "help and page of wdist agree" {
    compare_options wdist
}

@test "help and page of dwe agree" {
    compare_options dwe
}

@test "help and page of wae agree" {
    compare_options wae
}

@test "help and page of weval agree" {
    compare_options weval
}

@test "help and page of wgan agree" {
    compare_options wgan
}

@test "help and page of wplot agree" {
    compare_options wplot
}

@test "a page tells of every verb, with the options that it has" {
    # What all verbs of wplot share is told once.
    for name in $(tools); do
        for verb in $(verbs "$name"); do
            page=$BARROW_SOURCE/man/$name.1
            grep -q "^\.Ss $verb\$" "$page" || show "page" ".Ss $verb" "none"
            awk -v want="$verb" '/^\.S[sh] / { at = $2 == want } at' "$page" |
                page_options /dev/stdin >page.txt
            "$name" "$verb" --help=all |
                sed -E '/^(Figure|Common options):/,$d' >own.txt
            options_of own.txt >help.txt
            diff -u --label "$name $verb --help" --label "man/$name.1" \
                help.txt page.txt
        done
    done
}

# help_defaults PROGRAM...: "option default", a line each, where that is a number
# or one of the words to choose from. How many processors there are is no
# page's business.
help_defaults() {
    "$@" --help=all | awk '
        function finish(name) {
            if (match(text, /--[a-z0-9-]+/)) {
                name = substr(text, RSTART + 2, RLENGTH - 2)
                if (match(text, /\(default: [^ )]+\)/) && name != "threads")
                    print name, substr(text, RSTART + 10, RLENGTH - 11)
            }
            text = ""
        }
        /^  (-[A-Za-z0-9],|   ) --/ || /^[^ ]/ { finish() }
        { sub(/^ +/, " "); text = text $0 }
        END { finish() }'
}

# page_says PAGE: "section option text", an option a line.
page_says() {
    mandoc -T ascii -O width=999 "$1" | sed 's/.\x08//g' | awk '
        /^ ? ? ?[^ ]/ { section = $1 }
        /^     (-[A-Za-z0-9], )?--[a-z0-9]/ {
            match($0, /--[a-z0-9-]+/)
            printf "\n%s %s %s", section,
                substr($0, RSTART + 2, RLENGTH - 2), substr($0, RSTART + RLENGTH)
            next
        }
        { printf " %s", $0 }
        END { print "" }'
}

@test "a page tells of the defaults that help tells of" {
    need mandoc
    while read -ra words; do
        page_says "$BARROW_SOURCE/man/${words[0]}.1" >page.txt
        help_defaults "${words[@]}" | tee -a all.txt >defaults.txt
        while read -r name value; do
            awk -v verb="${words[1]-}" -v name="$name" '
                $2 == name && $1 == verb { own = own $0 }
                $2 == name { any = any $0 }
                END { print own ? own : any }' page.txt >said.txt
            grep -qE -- "[^A-Za-z0-9.]${value//./\\.}([^A-Za-z0-9.]|\.( |\$)|\$)" \
                said.txt ||
                show "${words[*]}: default of --$name in the page" "$value" \
                    "$(cat said.txt)"
        done <defaults.txt
    done < <(programs)
    [ "$(wc -l <all.txt)" -gt 100 ]
}

@test "every tool is built, and compared" {
    sed -n '/^bin_PROGRAMS = /,/[^\\]$/s/^\t\([a-z]*\).*/\1/p' \
        "$BARROW_SOURCE/Makefile.am" | diff -u --label Makefile.am \
        --label tools - <(tools | sort)
    for name in $(tools); do
        grep -q "compare_options $name\$" "$BATS_TEST_FILENAME" ||
            show "a test for" "$name" "none"
    done
}

@test "--help and --version go to standard output, also of a full disk" {
    for name in $(tools); do
        check 0 "$name" --help
        stderr_is ''
        stdout_has "$name"
        check 0 "$name" --version
        stderr_is ''
        [[ $output == "$name (barrow) "* ]]
        check_full "$name" --help
        check_full "$name" --version
        check_closed_pipe "$name" --help
    done
}

# programs: prints tools and their verbs, "wgan" and "wgan train", a line each.
programs() {
    for name in $(tools); do
        echo "$name"
        verbs "$name" | sed "s/^/$name /"
    done
}

@test "help fits a screen, and all of it 80 columns" {
    while read -ra words; do
        check 0 "${words[@]}" --help
        [ "$(awk 'length > 80 || NR > 24' <<<"$output")" = '' ]
        check 0 "${words[@]}" --help=all
        [ "$(awk 'length > 80' <<<"$output")" = '' ]
    done < <(programs)
}

@test "a screen names what all of the help names" {
    while read -ra words; do
        "${words[@]}" --help=all >all.txt
        "${words[@]}" --help >screen.txt
        while read -r name letter; do
            grep -qE -- "(^| )(--$name|-$letter)([[ ]|\$)" screen.txt ||
                show "${words[*]} --help" "$name" "none"
        done < <(options_of all.txt)
    done < <(programs)
}

@test "help of one option, by name or letter; of none it is exit 2" {
    check 0 wdist --help=ground
    stdout_is '      --ground l1|l2|linf   distance between bins, in pixels (default: l2)'
    for name in j -j threads --threads; do
        check 0 wdist --help="$name"
        [[ $output == '  -j, --threads N '* ]]
    done
    check 2 wdist --help=grund
    stderr_has "unknown option 'grund'; did you mean 'ground'?"
    check 2 wdist --help=
    stderr_has "unknown option ''"
}

@test "an unknown option is exit 2, named, and nothing is written" {
    for name in $(tools); do
        check 2 "$name" --no-such-option
        stdout_is ''
        stderr_has "$name: "
        stderr_has "--no-such-option"
        files_are
    done
}

@test "an instruction set that is none is exit 2" {
    for name in 'winfo' 'wpack' 'wdist' 'dwe embed'; do
        # A tool and its verb are words.
        # shellcheck disable=SC2086
        BARROW_ISA=sse check 2 $name nowhere
        stderr_has "$name: BARROW_ISA is 'sse', not plain, avx2 or avx512"
    done
    BARROW_ISA='' check 1 winfo nowhere
    BARROW_ISA=sse check 0 winfo --help
}

@test "the metrics that weval tells of are those of its page" {
    check 0 weval --help=all
    awk '/^$/ { at = 0 } at { print $1 } /^Metrics:$/ { at = 1 }' \
        <<<"$output" | sort >help.txt
    [ -s help.txt ]
    awk '$1 == ".It" && $2 == "Cm" { print $3 }' \
        "$BARROW_SOURCE/man/weval.1" | sort >page.txt
    diff -u --label 'weval --help' --label man/weval.1 help.txt page.txt
}

@test "the pipelines that barrow(7) lists are those that there are" {
    find "$BARROW_SOURCE/pipelines" -type f -perm -u+x |
        sed 's,.*/,,' | sort >want.txt
    [ "$(wc -l <want.txt)" -gt 10 ]
    awk '/^\.Sh / { at = $2 == "FILES" }
        at && /^\.El/ { at = 0 }
        at && $1 == ".It" && inner { print $3 }
        at && /^\.Bl.*compact/ { inner = 1 }' "$BARROW_SOURCE/man/barrow.7" |
        sort | diff -u --label pipelines --label man/barrow.7 want.txt -
}
