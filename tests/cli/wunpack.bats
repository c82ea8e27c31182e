#!/usr/bin/env bats
# wunpack.bats - tensors of containers as NPY, IDX, text, PNG and bytes.

load harness

digits() {
    wpack --labels "$MNIST_LABELS" --limit 50 "$MNIST_IMAGES" -o d.st.zst
}

# decimals: six F64 numbers in two rows, some of which take every digit.
decimals() {
    printf '0.1\t1e-300\t-3.3333333333333335\n1e22\t5e-324\t0\n'
}

@test "text keeps every digit of F64" {
    decimals | wpack - -o a.st.zst
    check 0 wunpack a.st.zst mass
    stdout_is $'0.10000000000000001\t1e-300\t-3.3333333333333335\n1e+22\t4.9406564584124654e-324\t0'
    wunpack a.st.zst mass | wpack - -o b.st.zst
    wunpack a.st.zst mass --to raw >a
    wunpack b.st.zst mass --to raw | same - a
}

@test "text keeps every digit of F32" {
    decimals | head -n 1 | cut -f 1,3 | wpack --kind codes - -o a.st.zst
    check 0 wunpack a.st.zst codes --to csv
    stdout_is '0.100000001,-3.33333325'
}

@test "rows come in the order that is asked for" {
    digits
    check 0 wunpack d.st.zst labels --rows 2:5
    stdout_is $'1\n0\n4'
    check 0 wunpack d.st.zst labels --rows 7-9,0,:2,0,49:
    stdout_is $'9\n5\n9\n7\n7\n2\n7\n4'
    check 0 wunpack d.st.zst labels --rows 3:3
    stdout_is ''
    check 1 wunpack d.st.zst labels --rows 0:51
    stderr_is 'wunpack: d.st.zst: row 50 is asked for, tensor labels has 50'
    check 1 wunpack d.st.zst labels --rows 60:
    stderr_is 'wunpack: d.st.zst: row 60 is asked for, tensor labels has 50'
    for list in '' a '1,' 1-0 5:2 1:2:3 -1 1--2; do
        check 2 wunpack d.st.zst labels "--rows=$list"
    done
}

@test "rows far apart come in any order" {
    wpack "$MNIST_IMAGES" -o d.st.zst
    gzip -dc "$MNIST_IMAGES" | tail -c +17 >all
    for row in 9000 5 4700 9999; do
        tail -c +$((row * 784 + 1)) all | head -c 784
    done >want
    wunpack d.st.zst images --rows 9000,5,4700,9999 --to raw | same - want
    wunpack d.st.zst images --rows 5,4700,9000 --to raw >rising
    for row in 5 4700 9000; do
        tail -c +$((row * 784 + 1)) all | head -c 784
    done | same - rising
}

@test "several tensors stand side by side, from a pipe too" {
    printf '1\t2\t7\n3\t4\t8\n' | wpack --table-label 3 - -o t.st.zst
    want=$'1\t2\t7\t1\t2\n3\t4\t8\t3\t4'
    check 0 wunpack t.st.zst mass labels mass
    stdout_is "$want"
    check 0 bash -c 'wunpack - mass labels mass <t.st.zst'
    stdout_is "$want"
    check 0 wunpack t.st.zst labels mass --header --to csv --rows 1
    stdout_is $'labels,mass.0,mass.1\n8,3,4'
    printf '0\n1\n' >s
    printf '1\t2\n1\t2\n1\t2\n' | wpack --support s - -o u.st.zst
    check 1 wunpack u.st.zst mass support
    stderr_is 'wunpack: u.st.zst: tensor support has 2 rows, mass has 3'
}

@test "NumPy reads what it gets" {
    need_numpy
    digits
    wunpack d.st.zst images -o i.npy
    wunpack d.st.zst labels --rows 1:4 -o l.npy
    decimals | wpack - | wunpack - mass --to npy >m.npy
    python3 - <<'EOF'
import gzip, os
import numpy as np
source = os.environ["MNIST_IMAGES"]
images = np.frombuffer(gzip.open(source).read(), "u1", 50 * 784, 16)
have = np.load("i.npy")
assert have.shape == (50, 28, 28, 1) and have.dtype == np.uint8
assert (have.ravel() == images).all()
labels = np.load("l.npy")
assert labels.dtype == np.dtype("<i4") and labels.tolist() == [2, 1, 0]
mass = np.load("m.npy")
assert mass.tolist() == [[0.1, 1e-300, -10 / 3], [1e22, 5e-324, 0]]
EOF
}

@test "wide items of IDX are big-endian" {
    printf '1\n-2\n' >labels
    printf '5\n6\n' | wpack --labels labels - -o a.st.zst
    wunpack a.st.zst labels -o l.idx
    check 0 od -An -v -tx1 l.idx
    stdout_is ' 00 00 0c 01 00 00 00 02 00 00 00 01 ff ff ff fe'
    printf '5\n6\n' | wpack --labels l.idx - | wunpack - labels >back
    same back labels
}

@test "the name after -o chooses the format" {
    digits
    for ending in npy idx tsv csv raw; do
        wunpack d.st.zst labels -o l.$ending
        wunpack d.st.zst labels --to $ending | same - l.$ending
    done
    wunpack d.st.zst labels -o labels-idx1-ubyte
    same labels-idx1-ubyte l.idx
    check 2 wunpack d.st.zst labels -o l.xyz
    stderr_has 'the ending of l.xyz tells no format: give --to'
    [ ! -e l.xyz ]
}

@test "pictures come back from PNG as they were" {
    digits
    wunpack d.st.zst images --rows 3:6 -o p/
    files_are d.st.zst p p/000003.png p/000004.png p/000005.png
    wunpack d.st.zst images --rows 3:6 >want
    wpack p | wunpack - images | same - want
    wunpack d.st.zst images --index 4 -o one.png
    same one.png p/000004.png
    wunpack d.st.zst images --index 4 --depth 16 -o deep.png
    wpack --depth 8 deep.png | wunpack - images >deep
    sed -n 2p want | same - deep
}

@test "a sheet has its cells, padding and scale where they belong" {
    printf '\0\0\10\3\0\0\0\3\0\0\0\1\0\0\0\1\12\24\36' >three
    wpack three -o t.st.zst
    wunpack t.st.zst images --grid 2x2 --pad 1 --scale 2 -o s.png
    check 0 bash -c 'wpack s.png | wunpack - images --to raw |
        od -An -v -w5 -tu1 | tr -s " "'
    stdout_is " 10 10 255 20 20
 10 10 255 20 20
 255 255 255 255 255
 30 30 255 255 255
 30 30 255 255 255"
}

@test "grey levels span the range" {
    need_numpy
    python3 -c '
import numpy as np
np.save("m.npy", np.array([[[1., 2.], [3., 5.]], [[-4., -4.], [-4., -4.]]]))
np.save("f.npy", np.array([[[0, .5], [1, 2]]], "f4"))'
    wpack m.npy -o m.st.zst
    pixels() {
        wunpack "$@" -o p.png
        wpack p.png | wunpack - images
    }
    check 0 pixels m.st.zst mass --index 0
    stdout_is $'0\t64\t128\t255'
    check 0 pixels m.st.zst mass --index 1
    stdout_is $'0\t0\t0\t0'
    check 0 pixels m.st.zst mass --index 0 --range 2:3
    stdout_is $'0\t0\t255\t255'
    wpack --kind images f.npy -o f.st.zst
    check 0 pixels f.st.zst images
    stdout_is $'0\t128\t255\t255'
}

@test "what cannot be said is exit 2" {
    digits
    check 2 wunpack d.st.zst
    stderr_has "wunpack: a file and a tensor's name are wanted"
    check 2 wunpack d.st.zst mass
    stderr_has 'd.st.zst: no tensor mass (it has: labels images)'
    check 2 wunpack d.st.zst images labels -o o.npy
    check 2 wunpack d.st.zst labels -o o.png
    check 2 wunpack d.st.zst images -o o.png
    stderr_has '50 pictures: give --index, --grid, or -o FOLDER/'
    for options in '--grid 2' '--grid 0x1' '--range 1:1' '--range 2:1' \
        '--range a:b' '--index 1.5' '--index 1 --rows 1' '--header'; do
        # shellcheck disable=SC2086
        check 2 wunpack d.st.zst images --to png $options -o o.png
    done
    check 2 wunpack d.st.zst images --index 1
    files_are d.st.zst
}

@test "a broken file fails also where the rows asked for are whole" {
    wpack "$MNIST_IMAGES" -o d.st.zst
    head -c -3 d.st.zst >cut.st.zst
    check 1 wunpack cut.st.zst images --rows 0:2 -o o.npy
    check 1 wunpack cut.st.zst images --index 0 -o o.png
    check 1 wunpack cut.st.zst images --rows 0:2 -o p/
    check 1 bash -c 'wunpack cut.st.zst images --rows 5,1 >/dev/null'
    stderr_has 'wunpack: cut.st.zst: '
    files_are cut.st.zst d.st.zst
}

@test "full disk and closed pipe" {
    digits
    for format in tsv npy raw idx; do
        check_full wunpack d.st.zst images --to $format
        check_closed_pipe wunpack d.st.zst images --to $format
    done
    check_full wunpack d.st.zst images --to png --index 0
    check 1 wunpack d.st.zst images -o absent/o.npy
    : >file
    check 1 wunpack d.st.zst images -o file/
    stderr_has 'wunpack: file/'
}
