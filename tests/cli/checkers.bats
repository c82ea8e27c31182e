#!/usr/bin/env bats
# checkers.bats - the scripts that check the tree do find what they look for.

load harness

tests=$BARROW_SOURCE/tests

# script NAME STATUS [TEXT]: makes an executable script.
script() {
    printf '#!/bin/sh\n%s\nexit %s\n' "${3-}" "$2" >"$1"
    chmod +x "$1"
}

last_line() {
    tail -n 1 <<<"$output"
}

# a_tree: the least tree that layers and listed accept.
a_tree() {
    mkdir -p include/barrow src/base src/store man tests bench datasets \
        pipelines completions
    printf 'base:\nstore: base\n' >src/LAYERS
    echo '#include "barrow/status.h"' >src/base/error.c
    echo '#include "base/error.h"' >src/store/reader.c
    echo '#include <stdarg.h>' >include/barrow/status.h
    printf '\t%s \\\n' include/barrow/status.h src/LAYERS src/base/error.c \
        src/store/reader.c >Makefile.am
}

@test "summary counts passed, failed and skipped tests" {
    script good 0
    script skipped 77
    script bad 1 'echo this is why'
    check 0 "$tests/summary" -r results ./good ./skipped
    [ "$(last_line)" = '1 passed, 0 failed, 1 skipped' ]
    check 1 "$tests/summary" -r results ./good ./bad ./skipped
    [ "$(last_line)" = '1 passed, 1 failed, 1 skipped' ]
    stdout_has 'this is why'
}

@test "summary counts the tests of bats files and Criterion programs" {
    printf '@test "%s" { %s; }\n' a true b false c skip >some.bats
    mkdir -p tests/unit
    # As a Criterion program writes it.
    script tests/unit/test_x 1 'cat >"${1#--tap=}" <<END
TAP version 13
1..4
ok - x::a  (0.00s)
ok - x::b  # SKIP test was skipped
not ok - x::c  (0.00s)
ok - x::d  (0.00s)
END'
    # A bats of its own, that knows nothing of this one.
    check 1 env -i PATH="${PATH//"$BATS_LIBEXEC":/}" "$tests/summary" \
        -r results some.bats tests/unit/test_x
    [ "$(last_line)" = '3 passed, 2 failed, 2 skipped' ]
}

@test "summary counts what broke off, and a file without tests, as failed" {
    mkdir -p tests/unit
    script tests/unit/test_cut 139 'echo 1..3 >"${1#--tap=}"
echo "ok - x::a" >>"${1#--tap=}"'
    script tests/unit/test_empty 0
    script tests/unit/test_late 1 'printf "ok - x\n1..1\n" >"${1#--tap=}"'
    check 1 "$tests/summary" -r results tests/unit/test_cut
    [ "$(last_line)" = '1 passed, 2 failed, 0 skipped' ]
    check 1 "$tests/summary" -r results tests/unit/test_empty ./absent
    [ "$(last_line)" = '0 passed, 2 failed, 0 skipped' ]
    check 1 "$tests/summary" -r results tests/unit/test_late
    [ "$(last_line)" = '1 passed, 1 failed, 0 skipped' ]
    # One of which nothing can be noted down.
    script first 0 'mkdir -p results/second.tap/x'
    script second 0
    check 1 "$tests/summary" -j 1 -r results ./first ./second
    [ "$(last_line)" = '1 passed, 1 failed, 0 skipped' ]
}

@test "summary takes a sanitizer's report for a failure" {
    mkdir -p tests/unit
    script tests/unit/test_leak 0 'printf "ok - x\n1..1\n" >"${1#--tap=}"
echo "==7==ERROR: LeakSanitizer: detected memory leaks" >&2'
    check 1 "$tests/summary" -r results tests/unit/test_leak
    [ "$(last_line)" = '1 passed, 1 failed, 0 skipped' ]
}

@test "analyze tells what is found, and what failed without a word" {
    export BARROW_BUILD=$PWD PATH=$PWD:$PATH
    script gcc 0 'echo "a.c:1: note: no finding" >&2'
    script clang-tidy 0
    check 0 "$tests/analyze" a.c b.c
    [ -z "$output" ]
    script clang-tidy 0 'echo "$2:1:1: warning: this is why"'
    check 1 "$tests/analyze" a.c b.c
    stdout_has 'a.c:1:1: warning: this is why'
    stdout_has 'b.c:1:1: warning: this is why'
    script clang-tidy 139
    check 1 "$tests/analyze" a.c
    stdout_has 'a.c: error: clang-tidy failed with status 139'
    script clang-tidy 0
    script gcc 4
    check 1 "$tests/analyze" a.c
    stdout_has 'a.c: error: gcc failed with status 4'
}

@test "layers accepts what src/LAYERS allows" {
    a_tree
    check 0 "$tests/layers" .
    stdout_is ''
}

@test "layers finds an include that goes up, or of no folder" {
    a_tree
    echo '#include "store/spool.h"' >>src/base/error.c
    check 1 "$tests/layers" .
    stdout_has 'src/base/error.c: base may not include store/spool.h, which'
    a_tree
    echo '#include "barrow/container.h"' >>src/base/error.c
    touch include/barrow/container.h
    check 1 "$tests/layers" .
    stdout_has 'base may not include barrow/container.h, which is of store'
    a_tree
    echo '#include "spool.h"' >>src/store/reader.c
    check 1 "$tests/layers" .
    stdout_is 'src/store/reader.c: include "spool.h" with its folder'
}

@test "layers finds private headers in public ones, and unowned headers" {
    a_tree
    echo '#include "base/error.h"' >>include/barrow/status.h
    check 1 "$tests/layers" .
    stdout_has 'a public header includes base/error.h'
    a_tree
    touch include/barrow/lonely.h
    check 1 "$tests/layers" .
    stdout_is 'include/barrow/lonely.h: no .c in src/ has its name'
}

@test "listed finds a source that Makefile.am forgets" {
    a_tree
    check 0 "$tests/listed" .
    touch src/base/output.c
    check 1 "$tests/listed" .
    stdout_is 'src/base/output.c: not in Makefile.am'
}

# guarded FILE GUARD: makes a header.
guarded() {
    mkdir -p "$(dirname "$1")"
    printf '/* A header. */\n#ifndef %s\n#define %s\n\n#endif\n' "$2" "$2" >"$1"
}

# headers: one of each folder, guarded as form wants it.
headers() {
    guarded include/barrow/cart.h BARROW_CART_H
    guarded src/base/cart.h BW_CART_H
    guarded src/tools/cart.h BW_TOOLS_CART_H
    guarded tests/plain/cart.h PLAIN_CART_H
    guarded tests/unit/two_carts.h TWO_CARTS_H
    guarded bench/cart.h BENCH_CART_H
}

@test "form accepts guards that are called as their headers" {
    headers
    check 0 "$tests/form" .
    stdout_is ''
}

@test "form finds guards of other names, twice, or none" {
    headers
    guarded src/tools/cart.h BW_CART_H
    check 1 "$tests/form" .
    stdout_is 'src/tools/cart.h: begin with #ifndef BW_TOOLS_CART_H'
    headers
    guarded src/store/cart.h BW_CART_H
    check 1 "$tests/form" .
    stdout_is 'src/store/cart.h: BW_CART_H is the guard of src/base/cart.h, too'
    rm src/store/cart.h
    printf '#ifndef BW_CART_H\n#define BW_CARD_H\n#endif\n' >src/base/cart.h
    check 1 "$tests/form" .
    stdout_is 'src/base/cart.h: define BW_CART_H at once'
    echo '/* Nothing. */' >src/base/cart.h
    check 1 "$tests/form" .
    stdout_is 'src/base/cart.h: no include guard'
}

@test "form finds long lines of sources and scripts, counted in characters" {
    local wide
    wide=$(printf '%080d' 0)
    mkdir -p src pipelines tests
    echo "$wide" | tee src/a.c >src/data
    printf '#!/bin/sh\n# ∑%s\n' "${wide:3}" >pipelines/study
    check 0 "$tests/form" .
    echo "${wide}0" | tee src/a.c src/data >tests/x.bats
    printf '#!/bin/sh\n# ∑%s\n' "${wide:2}" >pipelines/study
    check 1 "$tests/form" .
    stdout_is $'pipelines/study:2: 81 columns\nsrc/a.c:1: 81 columns'
}

# lines N: so many statements.
lines() {
    awk -v n="$1" 'BEGIN { while (n--) print "    true;" }'
}

@test "form finds long functions, of C and of scripts" {
    mkdir -p src pipelines
    { echo 'int f(void)'; echo '{'; lines 80; echo '}'; } >src/a.c
    { printf '#!/bin/sh\nf() {\n'; lines 80; echo '}'; lines 99; } >pipelines/b
    check 0 "$tests/form" .
    { echo 'int f(void)'; echo '{'; lines 81; echo '}'; } >>src/a.c
    { echo 'g_2() {'; lines 81; echo '}'; } >>pipelines/b
    check 1 "$tests/form" .
    stdout_is 'pipelines/b:183: a function of 81 lines
src/a.c:85: a function of 81 lines'
}

# page LINE...: a page whose examples are these lines.
page() {
    {
        printf '.Sh EXAMPLES\n.Bd -literal -offset indent\n'
        printf '%s\n' "$@"
        printf '.Ed\n'
    } >page.1
}

@test "examples pass that print what is shown" {
    page '$ printf '\''a\enb\enc\en'\''' a ... c '$ echo one \e' '> two' \
        'one two' '$ seq 3' '...' '$ seq 4' '$ false' '(exit 1)'
    check 0 "$tests/man_examples" page.1
    [ "$(last_line)" = '5 commands, 0 not as shown' ]
}

@test "examples fail that print something else, or fail" {
    page '$ echo one' two '$ seq 3' ... 4 '$ true' x '$ false' '$ seq 2' 1
    check 1 "$tests/man_examples" page.1
    [ "$(last_line)" = '5 commands, 5 not as shown' ]
}

@test "examples see the tools and the digits, and leave a marked block" {
    printf '%s\n' '.Sh EXAMPLES' '.\" not run: it takes hours' '.Bd -literal' \
        '$ false' .Ed '.Bd -literal' '$ ls t10k-labels-idx1-ubyte.gz' \
        't10k-labels-idx1-ubyte.gz' .Ed '.Sh FILES' '.Bd -literal' '$ false' \
        .Ed >page.1
    check 0 "$tests/man_examples" page.1
    [ "$(last_line)" = '1 commands, 0 not as shown' ]
}

@test "examples find what a comment made before, and its failure tells" {
    printf '%s\n' '.\" $ false' '.Sh EXAMPLES' '.\" $ echo one >made' \
        '.Bd -literal' '$ cat made' one .Ed >page.1
    check 0 "$tests/man_examples" page.1
    [ "$(last_line)" = '2 commands, 0 not as shown' ]
    echo '.\" $ false' >>page.1
    check 1 "$tests/man_examples" page.1
    stdout_has 'page.1:8: not as shown:'
}
