#!/usr/bin/env bats
# datasets.bats - the scripts of data sets pack what they are given, hold it to
# its digest, and leave nothing half made. Small files stand for the sets.

load harness

# get STATUS NAME ARGUMENT...
get() {
    check "$1" sh "$BARROW_SOURCE/datasets/$2/get" "${@:3}"
}

# tensor FILE NAME: its values as bytes.
tensor() {
    wunpack "$1" "$2" --to raw
}

# clothes FOLDER: a set in the form of MNIST's files, 20 images and 10.
clothes() {
    mkdir -p "$1"
    wpack --labels "$MNIST_LABELS" --split train=20,t10k=10 "$MNIST_IMAGES" \
        -o %s.st.zst
    local part
    for part in train t10k; do
        wunpack $part.st.zst images -o "$1/$part-images-idx3-ubyte" --to idx
        wunpack $part.st.zst labels -o "$1/$part-labels-idx1-ubyte" --to idx
    done
    gzip "$1"/train-*
}

# is_clothes OUT
is_clothes() {
    local name
    for name in images labels; do
        cmp <(tensor "$1/train.st.zst" $name) <(tensor train.st.zst $name)
        cmp <(tensor "$1/test.st.zst" $name) <(tensor t10k.st.zst $name)
    done
}

# none OUT: neither container nor part of one, nor anything that was got.
none() {
    local found
    found=$(find "$1" -name '*.st.zst' -o -name '*.part' -o -name .get -o \
        -path '*/files/?*' ! -name '*.from')
    [ -z "$found" ] || show files none "$found"
}

@test "mnist packs what lies here, and holds it to its digests" {
    get 0 mnist out
    stdout_is "$PWD/out/test.st.zst"
    stderr_is ''
    wpack --labels "$MNIST_LABELS" "$MNIST_IMAGES" -o test.st.zst
    same out/test.st.zst test.st.zst

    mkdir old
    gzip -cd "$MNIST_IMAGES" >old/t10k-images-idx3-ubyte
    cp "$MNIST_LABELS" old
    get 0 mnist --from old other
    cmp <(tensor other/test.st.zst images) <(tensor test.st.zst images)

    printf x | dd of=old/t10k-images-idx3-ubyte bs=1 seek=5000 conv=notrunc \
        2>dd.txt
    get 1 mnist --from old bad
    stderr_has 'mnist: t10k-images-idx3-ubyte: SHA-256 '
    stderr_has 'uncompressed, wanted 0fa7898d509279e4'
    none bad
    head -c 1000000 "$MNIST_IMAGES" >old/t10k-images-idx3-ubyte.gz
    rm old/t10k-images-idx3-ubyte
    get 1 mnist --from old bad
    stderr_has 't10k-images-idx3-ubyte.gz: truncated or no gzip file'
    none bad
}

@test "a folder, an archive and a URL give the same containers" {
    need curl unzip zip
    clothes data
    get 0 fashion-mnist --from data a
    stdout_is "$PWD/a/train.st.zst
$PWD/a/test.st.zst"
    stderr_has "train-images-idx3-ubyte.gz: SHA-256 $(sha256sum \
        <data/train-images-idx3-ubyte.gz | cut -d ' ' -f 1), not checked"
    is_clothes a
    tar -czf set.tar.gz data
    zip -qr set.zip data
    get 0 fashion-mnist --from set.tar.gz b
    get 0 fashion-mnist --from=set.zip c
    get 0 fashion-mnist --from "file://$PWD/set.zip" d
    gzip data/t10k-*
    get 0 fashion-mnist --from "file://$PWD/data/" e
    local out
    for out in b c d e; do is_clothes $out; done

    # What is there is not made again; a folder is for one source.
    rm set.zip
    touch -d 2001-02-03 d/test.st.zst
    get 0 fashion-mnist --from "file://$PWD/set.zip" d
    [ "$(date -r d/test.st.zst +%Y)" -eq 2001 ]
    get 1 fashion-mnist --from data d
    stderr_has 'd holds a run with from=file://'
}

@test "a digest is held to, and what has another one goes" {
    need curl
    clothes data
    tar -cf set.tar data
    good=$(sha256sum <set.tar | cut -d ' ' -f 1)
    bad=${good//[0-7]/8}
    get 1 fashion-mnist --from set.tar --digest "$bad" out
    stderr_has "fashion-mnist: set.tar: SHA-256 $good, wanted $bad"
    none out
    [ -e set.tar ]
    get 1 fashion-mnist --from "file://$PWD/set.tar" --digest "$bad" out
    stderr_has "set.tar: SHA-256 $good, wanted $bad"
    none out
    get 0 fashion-mnist --from "file://$PWD/set.tar" --digest "${good^^}" out
    is_clothes out

    # A table of digests, a file each.
    (cd data && sha256sum -b ./*) >sums.txt
    get 0 fashion-mnist --from data --digest sums.txt two
    [[ $stderr != *'not checked'* ]] || show stderr 'all checked' "$stderr"
    sed -i "/t10k-labels/s/^[0-9a-f]*/$bad/" sums.txt
    get 1 fashion-mnist --from data --digest=sums.txt three
    stderr_has 't10k-labels-idx1-ubyte: SHA-256 '
    [ ! -e three/test.st.zst ]
    get 1 fashion-mnist --from set.tar --digest no-such-file four
    stderr_has 'no-such-file: neither a SHA-256 nor a file'
}

@test "what broke off leaves a message and no file" {
    need curl
    clothes data
    tar -czf set.tar.gz data
    head -c 3000 set.tar.gz >cut.tar.gz
    get 1 fashion-mnist --from cut.tar.gz out
    stderr_has 'fashion-mnist: cut.tar.gz: cannot be unpacked'
    none out

    # A download that ends early, as curl tells of it; the next one is whole.
    mkdir bin
    printf '%s\n' '#!/bin/sh' \
        'while [ "$1" != -o ]; do shift; done; printf half >"$2"; exit 18' \
        >bin/curl
    chmod +x bin/curl
    PATH=$PWD/bin:$PATH get 1 fashion-mnist --from "file://$PWD/set.tar.gz" out
    stderr_has "set.tar.gz: download failed, curl's exit status 18"
    none out
    get 1 fashion-mnist --from "file://$PWD/none.tar" out
    stderr_has "none.tar: download failed, curl's exit status 37"
    none out

    # A server's truncated file is told by gzip or wpack.
    truncate -s -4 data/train-images-idx3-ubyte.gz
    get 1 fashion-mnist --from data out
    stderr_has 'train-images-idx3-ubyte.gz: '
    none out
}

@test "without curl the message says what to do" {
    mkdir bin
    cp -s /usr/bin/* bin 2>skipped.txt || true
    rm -f bin/curl
    [ -e bin/sh ] || ln -s /bin/sh bin
    PATH=$PWD/bin get 1 fashion-mnist --from https://example.org/set.tar out
    stderr_has 'curl is missing; run: apt-get install curl, or get https://example.org/set.tar by other means'
    none out
}

@test "a full disk leaves no container" {
    clothes data
    check 1 bash -c 'trap "" XFSZ; ulimit -f 1; exec "$@"' full \
        sh "$BARROW_SOURCE/datasets/fashion-mnist/get" --from data out
    stderr_has 'train.st.zst: not packed'
    stderr_has 'File too large'
    none out
}

@test "celeba crops faces, and names one of another size" {
    need djpeg cjpeg parallel unzip zip
    mkdir -p img_align_celeba
    local k
    for k in 1 2 3; do
        # Colour within the crop, black around it.
        awk -v k=$k 'BEGIN {
            printf "P3\n178 218\n255\n"
            for (y = 0; y < 218; y++)
                for (x = 0; x < 178; x++) {
                    out = x < 10 || x > 166 || y < 30 || y > 187
                    print out ? "0 0 0" : 60 * k " 100 20"
                }
        }' | cjpeg -quality 95 -sample 1x1 >img_align_celeba/00000$k.jpg
    done
    zip -qr set.zip img_align_celeba
    get 0 celeba --from set.zip out
    stdout_is "$PWD/out/images.st.zst"
    check 0 winfo out/images.st.zst
    stdout_has '3x64x64x3'
    for k in 1 2 3; do
        wunpack out/images.st.zst images --rows $((k - 1)) --to tsv |
            tr '\t' '\n' | awk -v k=$k '
                NR % 3 == 1 && ($1 < 60 * k - 3 || $1 > 60 * k + 3) { n++ }
                NR % 3 == 2 && ($1 < 97 || $1 > 103) { n++ }
                END { exit n > 0 || NR != 64 * 64 * 3 }'
    done
    CROP=178x178 SIZE=32 get 0 celeba --from img_align_celeba other
    check 0 winfo other/images.st.zst
    stdout_has '3x32x32x3'

    printf 'P6\n2 1\n255\nabcdef' | cjpeg >img_align_celeba/000002.jpg
    get 1 celeba --from img_align_celeba bad
    stderr_has '/000002.jpg: not 178x218 pixels in colour'
    none bad
    rm img_align_celeba/*
    get 1 celeba --from img_align_celeba bad
    stderr_has 'img_align_celeba: no JPEG files'
}

# drawings FIRST NUMBER FILE: digits as NumPy keeps rows of 784 bytes.
drawings() {
    wpack --skip "$1" --limit "$2" "$MNIST_IMAGES" -o d.st.zst
    {
        printf '\223NUMPY\1\0v\0%-117s\n' \
            "{'descr': '|u1', 'fortran_order': False, 'shape': ($2, 784), }"
        tensor d.st.zst images
    } >"$3"
}

@test "quickdraw labels pictures by category" {
    need curl
    mkdir data
    drawings 0 5 data/cat.npy
    drawings 5 3 'data/ice cream.npy'
    get 0 quickdraw --from data out
    [ "$(cat out/categories.tsv)" = $'0\tcat\t5\n1\tice cream\t3' ]
    wpack --limit 8 "$MNIST_IMAGES" -o eight.st.zst
    cmp <(tensor out/images.st.zst images) <(tensor eight.st.zst images)
    [ "$(wunpack out/images.st.zst labels | paste -s -d ' ')" = \
        '0 0 0 0 0 1 1 1' ]

    CATEGORIES='ice_cream cat' LIMIT=2 get 0 quickdraw \
        --from "file://$PWD/data/" two
    [ "$(cat two/categories.tsv)" = $'0\tice cream\t2\n1\tcat\t2' ]
    cmp <(tensor two/images.st.zst images) \
        <(wunpack eight.st.zst images --rows 5,6,0,1 --to raw)
    get 0 quickdraw --from data/cat.npy --digest \
        "$(sha256sum <data/cat.npy | cut -d ' ' -f 1)" one
    [ "$(cat one/categories.tsv)" = $'0\tcat\t5' ]

    get 1 quickdraw --from https://example.org/npy/ bad
    stderr_has 'set CATEGORIES to what to get'
    CATEGORIES=dog get 1 quickdraw --from data bad
    stderr_has 'data: no dog.npy'
    truncate -s -1 data/cat.npy
    get 1 quickdraw --from data bad
    stderr_has 'cat.npy: 4047 bytes, not those of 5 pictures'
    echo text >data/cat.npy
    get 1 quickdraw --from data bad
    stderr_has 'cat.npy: no NPY file'
    none bad
}

@test "dotmark takes tables by class, or pictures of known digest" {
    local k class
    mkdir -p DOTmark_1.0/Data/{Shapes,GRFrough}
    wpack --size 32 --limit 4 "$MNIST_IMAGES" -o four.st.zst
    for k in 0 1 2 3; do
        class=$([ $k -lt 2 ] && echo GRFrough || echo Shapes)
        wunpack four.st.zst images --rows $k --to csv | tr , '\n' |
            awk '{ printf "%s%s", $1 + 0.5, NR % 32 ? "," : "\r\n" }' \
                >DOTmark_1.0/Data/"$class"/data32_100$((k % 2 + 1)).csv
    done
    echo 1,2 >DOTmark_1.0/Data/Shapes/data64_1001.csv
    tar -czf set.tgz DOTmark_1.0
    get 0 dotmark --from set.tgz out
    [ "$(cat out/classes.tsv)" = $'0\tGRFrough\t2\n1\tShapes\t2' ]
    check 0 winfo out/dotmark-32.st.zst
    stdout_has 'mass    F64   4x32x32'
    cmp <(wunpack out/dotmark-32.st.zst mass --to tsv) <(
        wunpack four.st.zst images --to tsv |
            awk -v OFS='\t' '{ for (k = 1; k <= NF; k++) $k += 0.5; print }')
    [ "$(wunpack out/dotmark-32.st.zst labels | paste -s -d ' ')" = '0 0 1 1' ]
    RESOLUTION=64 get 1 dotmark --from DOTmark_1.0 bad
    stderr_has 'data64_1001.csv: no table of 64 by 64'
    none bad

    wpack --size 512 --limit 2 "$MNIST_IMAGES" -o two.st.zst
    mkdir pictures
    for k in 0 1; do
        wunpack two.st.zst images --index $k \
            -o pictures/micro512_100$((k + 1)).png
    done
    get 1 dotmark --from pictures bad
    stderr_has 'micro512_1001.png: SHA-256 '
    none bad
    sha256sum pictures/* >sums.txt
    RESOLUTION=16 get 0 dotmark --from pictures --digest sums.txt small
    stderr_is ''
    check 0 winfo small/dotmark-16.st.zst
    stdout_has '2x16x16x1'
    [ "$(cat small/classes.tsv)" = $'0\tmicro\t2' ]
    get 1 dotmark --from "$BARROW_SOURCE/datasets/toy" bad
    stderr_has 'neither data32_10NN.csv nor CLASS512_10NN.png'
}

@test "pictures packs any folder" {
    wpack --limit 6 "$MNIST_IMAGES" -o six.st.zst
    mkdir -p set/png/64
    wunpack six.st.zst images --rows 0:4 --to png -o set/png/64/a/
    wunpack six.st.zst images --rows 4:6 --to png -o set/png/64/b/
    wunpack six.st.zst images --rows 0:4 --to png -o set/png/32/
    tar -cf - set | zstd -q >set.tar.zst
    PACK='--labels folder' FOLDER=png/64 get 0 pictures --from set.tar.zst out
    cmp <(tensor out/images.st.zst images) <(tensor six.st.zst images)
    [ "$(wunpack out/images.st.zst labels | paste -s -d ' ')" = '0 0 0 0 1 1' ]
    get 0 pictures --from set/png/32 two
    check 0 winfo two/images.st.zst
    stdout_has '4x64x64x3'
    FOLDER=none get 1 pictures --from set three
    stderr_has 'set: no folder none'
    head -c 60 set/png/32/000000.png >set/png/32/cut.png
    get 1 pictures --from set/png/32 three
    stderr_has 'cut.png: corrupt PNG: file ends early'
    none three
}

@test "a wrong command line is exit 2, and no such source exit 1" {
    local name
    for name in fashion-mnist celeba quickdraw dotmark pictures; do
        get 2 $name out
        stderr_is "usage: sh datasets/$name/get --from SOURCE [--digest DIGEST] [OUT]"
        get 2 $name --from
        get 2 $name --from ''
        get 2 $name --from a --fetch b
        get 2 $name --from a one two
    done
    get 1 fashion-mnist --from nowhere out
    stderr_has 'nowhere: no such file or folder'
    mkdir empty
    get 1 fashion-mnist --from empty --digest 00ff other
    stderr_has "empty: --digest is that of a file; of a folder's files name a table"
    get 1 fashion-mnist --from empty other
    stderr_has 'empty: neither train- nor t10k-images-idx3-ubyte'
}

@test "every data set tells of its source and licence" {
    local file
    for file in "$BARROW_SOURCE"/datasets/*/get; do
        grep -qi '^Licence' "${file%get}README" || {
            [ "${file%/get}" = "$BARROW_SOURCE/datasets/pictures" ] ||
                show "${file%get}README" 'its licence' none
        }
    done
}
