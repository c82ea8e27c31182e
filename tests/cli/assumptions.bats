#!/usr/bin/env bats
# assumptions.bats - where what src/base/assumptions.c takes for granted does not
# hold, nothing compiles, and the reason is told.

load harness

# compile STATUS COMPILER...: that source alone.
compile() {
    touch config.h
    check "$@" -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. \
        -fsyntax-only "$BARROW_SOURCE/src/base/assumptions.c"
}

# compile_for STATUS TARGET: by clang, which compiles for any machine. Its C
# library need not be here: types are the compiler's own, and what glibc asks for
# besides is empty.
compile_for() {
    local headers
    need clang gcc
    headers=/usr/include/$(gcc -print-multiarch)
    [ -d "$headers" ] || skip "no $headers"
    mkdir -p gnu
    touch gnu/stubs-32.h gnu/stubs-x32.h gnu/stubs-64.h
    compile "$1" clang --target="$2" -isystem "$headers"
}

@test "big-endian machines are refused" {
    for machine in s390x powerpc64; do
        compile_for 1 "$machine-linux-gnu"
        stderr_has 'little-endian only'
    done
}

@test "32-bit addresses are refused, also of 64-bit processors" {
    compile_for 1 x86_64-linux-gnux32
    stderr_has '64-bit addresses'
    compile_for 1 i686-linux-gnu
    stderr_has '64-bit addresses'
    stderr_has 'no __int128'
    stderr_has 'floats are wider'
}

@test "numbers that the compiler may change are refused" {
    need gcc
    for option in -ffast-math -Ofast; do
        compile 1 gcc "$option"
        stderr_has '-ffast-math: NaN and the order of sums'
    done
}

@test "other 64-bit machines are not refused" {
    for machine in x86_64 aarch64 riscv64 powerpc64le; do
        compile_for 0 "$machine-linux-gnu"
        stderr_is ''
    done
}
