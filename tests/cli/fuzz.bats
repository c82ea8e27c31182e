#!/usr/bin/env bats
# fuzz.bats - what libFuzzer fed the parsers (make fuzz), and what once broke
# them: no file of a corpus breaks its target.

load harness

# replay TARGET: all files of its corpus.
replay() {
    check 0 "$BARROW_BUILD/tests/fuzz/$1" \
        "$BARROW_SOURCE/tests/fuzz/corpus/$1"/*
    [ "${#lines[@]}" -ge 4 ]
}

@test "hostile input: files of options" {
    replay config_file
}

@test "hostile input: containers" {
    replay container
}

@test "hostile input: headers of containers" {
    replay header
}

@test "hostile input: IDX" {
    replay idx
}

@test "hostile input: texts of networks" {
    replay network
}

@test "hostile input: NPY" {
    replay npy
}

@test "hostile input: lists of pairs" {
    replay pairs
}

@test "hostile input: PNG" {
    replay png
}

@test "hostile input: tables" {
    replay table
}

@test "each target is replayed" {
    local target
    for target in "$BARROW_SOURCE"/tests/fuzz/corpus/*; do
        grep -q "replay ${target##*/}\$" "$BATS_TEST_FILENAME"
    done
}
