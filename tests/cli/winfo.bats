#!/usr/bin/env bats
# winfo.bats - what winfo tells, and what it finds wrong.

# shellcheck disable=SC2154
load harness

# container HEADER [DATA]: the bytes of an uncompressed container; DATA is a
# format of printf.
container() {
    # shellcheck disable=SC2059
    printf "$(printf '\\x%02x\\x%02x\\0\\0\\0\\0\\0\\0' \
        $((${#1} % 256)) $((${#1} / 256)))"
    printf '%s' "$1"
    # shellcheck disable=SC2059
    printf "${2-}"
}

# Three bytes under the name x, as a container and in a frame.
setup() {
    harness_setup
    container '{"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}}' \
        '\001\002\003' >x.safetensors
    zstd -q x.safetensors -o x.st.zst
}

@test "a container is listed" {
    check 0 winfo x.safetensors
    stdout_is 'x.safetensors
  kind      -
  format    -
  bytes     64 uncompressed
  tensors
    x  U8    3'
    stderr_is ''
}

@test "several, compressed and on standard input" {
    check 0 bash -c 'winfo x.st.zst - <x.st.zst | grep -v "^  "'
    stdout_is 'x.st.zst
standard input'
    check 0 bash -c 'cat x.st.zst | winfo -'
    stdout_has "bytes     $(stat -c %s x.st.zst) compressed, 64 uncompressed"
}

@test "metadata, with control characters spelt out" {
    container '{"__metadata__":{"barrow.kind":"zoo","barrow.format":"1",
"net":"conv\nrelu","esc":"a\u001b[31m"}}' >m
    check 0 winfo m
    stdout_is 'm
  kind      zoo
  format    1
  bytes     106 uncompressed
  metadata
    net  conv
         relu
    esc  a\x1b[31m'
}

@test "statistics" {
    check 0 winfo --stats x.st.zst
    stdout_has '    x  U8    3
       min 1  max 3  mean 2  sd 0.816496581  zeros 0  nans 0'
}

@test "statistics of floats leave NaNs out, and of nothing are nan" {
    container '{"f":{"dtype":"F32","shape":[3],"data_offsets":[0,12]},
"e":{"dtype":"I8","shape":[0,7],"data_offsets":[12,12]}}' \
        '\0\0\300\177\0\0\0\0\315\314\314\075' >f
    check 0 winfo --stats f
    stdout_has 'min 0  max 0.1  mean 0.0500000007  sd 0.0500000007  zeros 1  nans 1'
    stdout_has '    e  I8    0x7
       min nan  max nan  mean nan  sd nan  zeros 0  nans 0'
}

@test "bounds of 64-bit integers are exact" {
    container '{"u":{"dtype":"U64","shape":[2],"data_offsets":[0,16]}}' \
        '\377\377\377\377\377\377\377\377\376\377\377\377\377\377\377\377' >u
    check 0 winfo --stats u
    stdout_has 'min 18446744073709551614  max 18446744073709551615'
    check 0 winfo --stats --json u
    stdout_has '"min":"18446744073709551614","max":"18446744073709551615"'
}

@test "provenance, step by step" {
    container '{"__metadata__":{"barrow.provenance":"[{\"tool\":\"wpack\",\"version\":\"9\",\"argv\":[\"--a=b c\",\"it'"'"'s\"],\"seed\":5,\"inputs\":[{\"name\":\"n\",\"xxh64\":\"0123456789abcdef\"}]},{\"tool\":\"t\"}]"}}' >p
    check 0 winfo --provenance p
    stdout_has "  provenance
    1  wpack 9
       argv     '--a=b c' 'it'\\''s'
       seed     5
       input    0123456789abcdef  n
    2  t"
    check 0 winfo p
    [[ $output != *wpack* ]]
}

@test "provenance that is none" {
    container '{"__metadata__":{"barrow.provenance":"[1]"}}' >p
    check 0 winfo p
    check 1 winfo --provenance p
    stderr_is 'winfo: p: barrow.provenance: item 1 of the list is no step'
    stdout_is ''
}

@test "JSON is JSON, one line a file" {
    check 0 winfo --json x.safetensors x.st.zst
    [ "${#lines[@]}" -eq 2 ]
    [ "${lines[0]}" = '{"file":"x.safetensors","kind":null,"format":null,"compressed":false,"file_bytes":64,"bytes":64,"tensors":[{"name":"x","dtype":"U8","shape":[3]}],"metadata":{},"provenance":null}' ]
    need python3
    winfo --json --stats --verify x.st.zst | python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["tensors"][0]["mean"] == 2 and d["unchecked_frames"] == 0
assert len(d["xxh64"]) == 16'
}

@test "--verify tells the digest and what nothing guards" {
    check 0 winfo --verify x.st.zst x.safetensors
    digest=${lines[0]##* }
    [[ $digest =~ ^[0-9a-f]{16}$ ]]
    stdout_is "x.st.zst: ok, xxh64 $digest
x.safetensors: ok, xxh64 $digest, uncompressed, without checksums"
    zstd -q --no-check x.safetensors -o bare
    check 0 winfo --verify bare
    stdout_is "bare: ok, xxh64 $digest, 1 of 1 frames without checksum"
    check 0 winfo --verify --stats x.st.zst
    stdout_has 'tensors'
    stdout_has 'ok, xxh64'
}

@test "damage is found, and does not hide the other files" {
    head -c 60 x.st.zst >short
    { head -c 40 x.st.zst; printf '~'; tail -c +42 x.st.zst; } >flip
    check 1 winfo --verify short x.st.zst flip x.safetensors
    [ "${#lines[@]}" -eq 2 ]
    stderr_has 'winfo: short: truncated'
    stderr_has 'winfo: flip: '
    [ "$(wc -l <<<"$stderr")" -eq 2 ]
}

@test "a lost checksum at the end is found" {
    head -c -1 x.st.zst >short
    check 0 winfo short
    check 1 winfo --verify short
    stderr_is 'winfo: short: truncated: the last zstd frame lacks its end'
    check 1 bash -c 'cat short | winfo -'
}

@test "the plain file's size is looked at without --verify" {
    head -c 63 x.safetensors >short
    check 1 winfo short
    stderr_is "winfo: short: truncated: tensor 'x' ends after 2 of 3 bytes"
    stdout_is ''
}

@test "what is no container" {
    : >empty
    check 1 winfo empty absent . "$BATS_TEST_FILENAME"
    stderr_has 'winfo: empty: empty: no container'
    stderr_has 'winfo: absent: cannot open: No such file or directory'
    stderr_has 'winfo: .: cannot read: Is a directory'
    stderr_has 'no container: its first 8 bytes'
    check 1 winfo - </dev/null
    stderr_is 'winfo: standard input: empty: no container'
}

@test "usage" {
    check 2 winfo
    stderr_has 'winfo: no file is named'
    check 2 winfo --stats=1 x.st.zst
    stderr_has '--stats'
}

@test "lost output is a failure" {
    check_full winfo x.st.zst
    check_full winfo --json x.st.zst
    check_closed_pipe winfo --verify x.st.zst
}

# little COMMAND...: in half a GB of address space. The address sanitizer reserves
# more than any limit by itself.
little() {
    if ldd "$(tool winfo)" | grep -q libasan; then
        "$@"
    else
        (ulimit -v 500000 && "$@")
    fi
}

@test "over-declared sizes take no memory" {
    container '{"x":{"dtype":"U8","shape":[99999999999],"data_offsets":[0,99999999999]}}' \
        'abc' | zstd -q >big
    check 1 little winfo --stats big
    stderr_is "winfo: big: truncated: tensor 'x' ends after 3 of 99999999999 bytes"
    head -c 90000000 /dev/zero | tr '\0' '[' >brackets
    { printf '\x80\x4a\x5d\x05\0\0\0\0'; cat brackets; } | zstd -q >deep
    check 1 little winfo deep
    stderr_has "header: '{' expected"
    { printf '\x80\x4a\x5d\x05\0\0\0\0{"a":{"b":'; cat brackets; } |
        head -c 90000008 | zstd -q >deep
    check 1 little winfo deep
    stderr_has 'winfo: deep: header: '
}

@test "a signal that cuts off the input ends in its own status" {
    mkfifo pipe
    winfo --verify - <pipe 2>message.txt 3>&- &
    pid=$!
    exec 9>pipe
    # Until it is winfo, and takes SIGTERM, bit 14 of the mask.
    until awk '/^Name/ { ours = $2 == "winfo" }
        /^SigCgt/ { exit !ours || $2 !~ /[4-7c-f]...$/ }' \
        "/proc/$pid/status"; do
        sleep 0.05
    done
    kill "$pid"
    exec 9>&-
    status=0
    wait "$pid" || status=$?
    [ "$status" -eq 143 ]
    grep -q '^winfo: ' message.txt
}
