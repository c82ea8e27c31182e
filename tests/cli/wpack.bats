#!/usr/bin/env bats
# wpack.bats - files of images, histograms and codes into containers.

load harness

# idx TYPE SIZE...: an IDX header; TYPE in two hexadecimal digits.
# shellcheck disable=SC2059
idx() {
    local type=$1 size
    shift
    printf "\\0\\0\\x$type\\x$(printf %02x $#)"
    for size; do
        printf "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $((size >> 24 & 255)) \
            $((size >> 16 & 255)) $((size >> 8 & 255)) $((size & 255)))"
    done
}

# Two images of 2x3: 0 to 5 and 10 to 15.
two_images() {
    idx 08 2 2 3
    printf '\0\1\2\3\4\5\12\13\14\15\16\17'
}

# gray_png VALUE FILE: a PNG of 2x2 pixels of one grey.
gray_png() {
    { idx 08 1 2 2; printf "\\x$(printf %02x "$1")%.0s" 1 2 3 4; } |
        wpack - | wunpack - images --to png >"$2"
}

values() {
    wunpack "$@"
}

@test "IDX becomes images, and comes back byte by byte" {
    check 0 wpack "$MNIST_IMAGES" -o all.st.zst
    stderr_is ''
    wunpack all.st.zst images -o all.idx
    gzip -dc "$MNIST_IMAGES" | same - all.idx
    files_are all.idx all.st.zst
}

@test "compression of the input does not change the output" {
    two_images >two
    gzip -c two >two.gz
    zstd -q two -o two.zst
    wpack - <two -o a.safetensors
    for name in two.gz two.zst; do
        mkdir one
        cp "$name" one/-
        (cd one && wpack ./- -o ../b.safetensors)
        same a.safetensors b.safetensors
        rm -r one
    done
}

@test "labels stand beside the images" {
    wpack --labels "$MNIST_LABELS" "$MNIST_IMAGES" -o d.st.zst
    check 0 values d.st.zst labels --rows 0:5
    stdout_is $'7\n2\n1\n0\n4'
}

@test "labels must be as many as the items" {
    two_images >two
    printf '1\n' >few
    printf '1\n2\n3\n' >many
    printf '1\n2.5\n' >broken
    check 1 wpack --labels few two -o o.st.zst
    stderr_is 'wpack: few: 1 labels, but there are more items'
    check 1 wpack --labels many two -o o.st.zst
    stderr_is 'wpack: many: more labels than the 2 items'
    check 1 wpack --labels broken two -o o.st.zst
    stderr_is 'wpack: broken: label 1: 2.5 is no 32-bit integer'
    files_are broken few many two
}

@test "--skip and --limit choose, the shuffle permutes, --split deals" {
    seq 0 9 >t.tsv
    check 0 bash -c 'wpack --skip 2 --limit 3 t.tsv | wunpack - mass'
    stdout_is $'2\n3\n4'
    wpack --shuffle --seed 7 --split a=6,b=3 t.tsv -o %s.st.zst
    { values a.st.zst mass; values b.st.zst mass; } >dealt
    [ "$(wc -l <dealt)" -eq 9 ]
    [ "$(sort -u dealt | wc -l)" -eq 9 ]
    check 1 sort -n -c dealt
    wpack --shuffle --seed 7 t.tsv -o whole.st.zst
    values whole.st.zst mass | head -n 9 | same - dealt
    wpack --shuffle --seed 8 t.tsv -o other.st.zst
    values other.st.zst mass | head -n 9 >other
    check 1 cmp other dealt
}

@test "labels follow their items through a shuffle" {
    seq 0 99 | awk '{ print $1 * 3, $1 }' >t
    wpack --table-label 2 --shuffle t -o o.st.zst
    values o.st.zst mass labels | awk '$1 != 3 * $2 { exit 1 }'
}

@test "parts that want more than there is leave nothing" {
    seq 0 9 >t.tsv
    check 1 wpack --split a=6,b=5 t.tsv -o %s.st.zst
    stderr_is 'wpack: --split wants 11 items, there are 10'
    files_are t.tsv
}

@test "crop, size, invert work in this order" {
    two_images >two
    check 0 bash -c 'wpack --crop 2x2+0+1 --size 1 --invert two |
        wunpack - images'
    # Means 3 and 13 of {1,2,4,5} and {11,12,14,15}.
    stdout_is $'252\n242'
    check 0 bash -c 'wpack --crop 2x1 two | wunpack - images'
    stdout_is $'1\t4\n11\t14'
}

@test "a mean of a half rounds to even" {
    { idx 08 2 1 2; printf '\0\1\1\2'; } >halves
    check 0 bash -c 'wpack --size 1 halves | wunpack - images'
    stdout_is $'0\n2'
}

@test "the size that is there changes nothing" {
    two_images >two
    wpack --size 2x3 two -o a.st.zst
    wpack two -o b.st.zst
    values a.st.zst images >a
    values b.st.zst images | same - a
}

@test "images of unequal size are named with both sizes" {
    two_images >two
    { idx 08 1 3 3; printf '123456789'; } >other
    check 1 wpack two other -o o.st.zst
    stderr_is 'wpack: other: item 0: 3x3 pixels, but two: item 0 has 2x3 (see --size)'
    check 0 wpack --size 2 two other -o o.st.zst
}

@test "a folder's pictures come in the order of their names" {
    mkdir -p d/b d/a.d
    gray_png 1 d/a.png
    gray_png 2 d/a.d/z.PNG
    gray_png 3 d/b/c.png
    gray_png 4 d/B.png
    echo text >d/notes.txt
    check 0 bash -c 'wpack d --crop 1 | wunpack - images'
    stdout_is $'4\n2\n1\n3'
}

@test "subfolders give labels" {
    mkdir -p d/two d/one/deep e/three e/one
    gray_png 1 d/one/deep/a.png
    gray_png 2 d/two/a.png
    gray_png 3 e/three/a.png
    gray_png 4 e/one/a.png
    wpack --labels folder --crop 1 d e -o o.st.zst
    check 0 values o.st.zst images labels
    stdout_is $'1\t0\n2\t2\n4\t0\n3\t1'
    zstd -dc o.st.zst | grep -aq 'label_names.*one.*three.*two'
    gray_png 5 d/loose.png
    check 2 wpack --labels folder d -o p.st.zst
    stderr_has 'd/loose.png: lies in no subfolder'
}

@test "a table's header, comments and blank lines are passed over" {
    printf '# made by hand\n\na,b,kind\r\n1,2,5\r\n"3", 4 ,6\n' >t.csv
    wpack --table-label kind t.csv -o o.st.zst
    check 0 values o.st.zst mass labels
    stdout_is $'1\t2\t5\n3\t4\t6'
    check 2 wpack --table-label size t.csv -o p.st.zst
    stderr_has 't.csv:3: no column is called size'
}

@test "what is wrong in a table is named by line and column" {
    printf '1\t2\n3\tx\n' >word
    printf '1\t2\n3\n' >short
    printf '1\t2\n3\t4\t5\n' >long
    printf '1,2\n,4\n' >gap
    printf '1\t2\n3\tnan\n' >nan
    check 1 wpack word -o o.st.zst
    stderr_is 'wpack: word:2:3: "x" is no number'
    check 1 wpack short -o o.st.zst
    stderr_is 'wpack: short:2:2: only 1 of 2 fields'
    check 1 wpack long -o o.st.zst
    stderr_is 'wpack: long:2:6: more than 2 fields'
    check 1 wpack gap -o o.st.zst
    stderr_is 'wpack: gap:2:1: empty field'
    check 1 wpack nan -o o.st.zst
    stderr_is 'wpack: nan: item 1: not a number at bin 1'
    files_are gap long nan short word
}

@test "NPY comes in every type and order" {
    need_numpy
    python3 - <<'EOF'
import numpy as np
for t in "u1 i1 u2 i2 u4 i4 u8 i8 f4 f8".split():
    for e in "<>":
        for o in "CF":
            a = (np.arange(15).reshape(3, 5) * 3).astype(e + t)
            np.save(f"{t}{'lb'[e == '>']}{o}.npy", np.asarray(a, order=o))
EOF
    want=$'0\t3\t6\t9\t12\n15\t18\t21\t24\t27\n30\t33\t36\t39\t42'
    for name in *.npy; do
        check 0 bash -c "wpack $name | wunpack - mass"
        stdout_is "$want"
    done
}

@test "truncated, longer and over-declared files fail" {
    two_images >two
    head -c 27 two >short
    { cat two; printf x; } >long
    { idx 08 1000000000 1000 1; printf x; } >over
    gzip -c over >over.gz
    gzip -c two | head -c 30 >cut.gz
    { gzip -c two | head -c -8; printf '\1\2\3\4\34\0\0\0'; } >crc.gz
    : >empty
    for name in short long over over.gz cut.gz crc.gz empty; do
        check 1 wpack "$name" -o o.st.zst
        stderr_has "wpack: $name: "
    done
    check 1 wpack over -o o.st.zst
    stderr_is 'wpack: over: declares 1000000000000 bytes of data from byte 16 on, 1 are there'
    # Sanitizers reserve more than any limit.
    if (ulimit -v 200000 && wpack --version) >/dev/null 2>&1; then
        check 1 bash -c 'ulimit -v 200000; wpack over.gz -o o.st.zst'
        stderr_has 'wpack: over.gz: declares'
    fi
    check 1 bash -c 'cat short | wpack - -o o.st.zst'
    stderr_is 'wpack: standard input: declares 12 bytes of data from byte 16 on, 11 are there'
    files_are crc.gz cut.gz empty long over over.gz short two
}

@test "a broken PNG fails, and names the file" {
    gray_png 9 good.png
    head -c -6 good.png >cut.png
    { cat good.png; echo; } >more.png
    { head -c 44 good.png; printf '\377\377'; tail -c +47 good.png; } >bits.png
    for name in cut more bits; do
        check 1 wpack $name.png -o o.st.zst
        stderr_has "wpack: $name.png: "
    done
    files_are bits.png cut.png good.png more.png
}

@test "wide samples ask for --depth" {
    { idx 0b 1 1 2; printf '\0\0\0\377'; } >wide
    check 2 wpack wide -o o.st.zst
    stderr_has 'wide: item 0: samples of type I16: give --depth 8 or --depth float'
    check 0 bash -c 'wpack --depth float wide | wunpack - images'
    stdout_is $'0\t1'
}

@test "--support comes along, and must fit" {
    printf '1\t2\n3\t4\n' >t
    printf '0\t0\n0\t1\n' >points
    printf '0\t0\n' >few
    wpack --support points t -o o.st.zst
    check 0 values o.st.zst support
    stdout_is $'0\t0\n0\t1'
    check 1 wpack --support few t -o p.st.zst
    stderr_is 'wpack: few: 1 points for 2 bins'
}

@test "inputs come from a list, too" {
    seq 1 2 >'a b'
    seq 3 4 >c
    printf 'a b\n\nc' >list
    check 0 bash -c 'wpack --from-list list | wunpack - mass'
    stdout_is $'1\n2\n3\n4'
}

@test "options that make no sense are exit 2" {
    seq 0 9 >t
    for options in '--size 0' '--size 3x' '--crop 2x2+1' '--background pink' \
        '--split a' '--split a=0' '--split a/b=1' '--split a=1,a=2' \
        '--gray --rgb' '--split a=1' '--size 3' '--depth 8' \
        '--labels t --table-label 1'; do
        # shellcheck disable=SC2086
        check 2 wpack $options t -o o.st.zst
    done
    check 2 wpack -o o.st.zst
    stderr_has 'wpack: no input'
    files_are t
}

@test "full disk, closed pipe, absent files, a file in the way of a folder" {
    check_full wpack "$MNIST_IMAGES"
    check_closed_pipe wpack "$MNIST_IMAGES"
    check 1 wpack absent -o o.st.zst
    stderr_is 'wpack: absent: No such file or directory'
    mkdir empty
    check 1 wpack empty -o o.st.zst
    stderr_is 'wpack: empty: no PNG file in this folder'
    files_are empty
}

@test "a signal leaves nothing" {
    mkfifo slow
    wpack slow -o o.st.zst 2>err &
    pid=$!
    exec 9>slow
    idx 08 1000 1 1 >&9
    printf 'abc' >&9
    kill -TERM $pid
    exec 9>&-
    rc=0
    wait $pid || rc=$?
    [ "$rc" -eq 143 ] || show 'exit status' 143 "$rc"
    files_are err slow
}

@test "equal runs give equal bytes" {
    wpack --shuffle --seed 3 --size 14 --limit 500 "$MNIST_IMAGES" -o a.st.zst
    wpack --shuffle --seed 3 --size 14 --limit 500 "$MNIST_IMAGES" -o b.st.zst
    same a.st.zst b.st.zst
}
