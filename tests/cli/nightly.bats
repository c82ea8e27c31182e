#!/usr/bin/env bats
# nightly.bats - the store of a growing set of images grows by what is new, holds
# what one run over all would give, and survives what happens at night.

load harness

setup() {
    harness_setup
    need flock
    wpack --limit 60 "$MNIST_IMAGES" -o digits.st.zst
    mkdir images
}

# arrive FROM TO NAME: digits FROM to TO - 1, as a file of many, or as pictures
# where NAME ends in a slash.
arrive() {
    local to=()
    [[ $3 != */ ]] || to=(--to png)
    wunpack --rows "$1:$2" "${to[@]}" digits.st.zst images -o "images/$3"
}

# nightly STATUS [NAME=VALUE...] OUT
nightly() {
    local status=$1
    shift
    check "$status" env IMAGES=images THREADS=2 "${@:1:$#-1}" \
        sh "$BARROW_SOURCE/pipelines/nightly" "${@: -1}"
}

# table STORE: all pairs with cost and gap, sorted by pair.
table() {
    local file
    for file in "$1"/pairs-*.st.zst; do
        wunpack "$file" pairs cost gap --to tsv
    done | sort -n -k 1,1 -k 2,2
}

# once STORE [OPTION...]: the same from one run over all its images.
once() {
    wdist "${@:2}" --quantity cost --certify "$1"/images-*.st.zst -o once.st.zst
    wunpack once.st.zst pairs cost gap --to tsv
}

# sums STORE: the digests of what a store keeps.
sums() {
    (cd "$1" && sha256sum batch-* pairs-* images-*)
}

@test "a store grows by what is new, and equals one run over all" {
    arrive 0 12 pictures/
    nightly 0 store
    stdout_is "$PWD/store/index.html"
    sums store >first.txt
    arrive 12 24 more.npy
    arrive 24 30 b/
    arrive 30 40 c-idx3-ubyte
    gzip images/c-idx3-ubyte
    nightly 0 store
    (cd store && grep -v images- ../first.txt | sha256sum --quiet -c)
    # Nothing is new.
    sums store >second.txt
    nightly 0 store
    stderr_is 'nightly: 40 images, 780 pairs'
    sums store | cmp - second.txt
    arrive 40 41 d.idx
    nightly 0 store
    stderr_has 'nightly: 41 images, 820 pairs'

    # Numbers go by night, then pictures before others, then by name.
    cut -f 2,3,4 store/batch-0002.tsv >rows.txt
    {
        for k in 0 1 2 3 4 5; do
            printf '%d\t1\tb/%06d.png\n' $((12 + k)) $((24 + k))
        done
        printf '18\t10\tc-idx3-ubyte.gz\n28\t12\tmore.npy\n'
    } | diff - rows.txt
    wunpack digits.st.zst images --to raw --rows 0:12,24:30,30:40,12:24,40 \
        -o want.raw
    wunpack store/images-0003.st.zst images --to raw | cmp - want.raw

    table store >table.txt
    once store | cmp - table.txt
    pictures_of store/index.html
    grep -q '^<p>41 images, 820 pairs solved, in 3 batches' store/index.html
    grep -q '<td>28</td><td>40</td><td>714</td><td>780</td>' store/index.html
    [ -z "$(find store -name '*.part*' -o -name work)" ]

    # The commands of the page train on the store.
    sed -n '/^<h2>To train/,/<\/pre>/ { /^<h2>/d; s/<[^>]*>//g; /^$/!p; }' \
        store/index.html | sed "s,/tmp/\([ad]\),$PWD/\1,g" >commands.txt
    [ "$(wc -l <commands.txt)" -eq 3 ]
    sed 's/dwe train/& --preset dwe-small --steps 2/' commands.txt >commands.sh
    check 0 sh -eu commands.sh
    wunpack all.st.zst pairs cost gap --to tsv | sort -n -k 1,1 -k 2,2 |
        cmp - table.txt
    check 0 winfo --provenance dwe.st.zst
    stdout_has '--distances=all.st.zst'
}

@test "killed at random moments, the store ends in the same bytes" {
    arrive 0 20 a/
    nightly 0 SHARD=50 whole
    nightly 0 SHARD=50 store
    arrive 20 60 b.npy
    nightly 0 SHARD=50 whole
    local k
    for k in {1..12}; do
        # A session of its own, so that all of its processes can be killed.
        IMAGES=images THREADS=1 SHARD=50 setsid \
            sh "$BARROW_SOURCE/pipelines/nightly" store >log 2>&1 3>&- &
        sleep "0.$((RANDOM % 9))$((RANDOM % 10))"
        kill -9 -- -$! 2>/dev/null || true
        wait $! || true
        flock store/lock true
    done
    nightly 0 SHARD=50 store
    sums whole >whole.txt
    sums store | diff whole.txt -
    [ "$(grep -c pairs-0002 whole.txt)" -eq 64 ]
    table store >table.txt
    once store | cmp - table.txt
}

@test "whatever a kill left behind, the store ends in the same bytes" {
    arrive 0 8 a/
    nightly 0 SHARD=10 store
    arrive 8 20 b.npy
    nightly 0 SHARD=10 store
    sums store >sums.txt
    # A batch that has no table yet, with other images.
    rm store/batch-0002.tsv store/pairs-0002-* store/images-*
    cp store/batch-0001.st.zst store/batch-0002.st.zst
    nightly 0 SHARD=10 store
    sums store | cmp - sums.txt
    # Results that are written whole, but not yet thrown away or counted; work
    # half done.
    echo results >store/pairs-0002-0007.st.zst.partial
    rm store/pairs-0002-0009.* store/pairs-0001-0002.tsv store/index.html
    cp store/batch-0001.st.zst store/images-0001.st.zst
    mkdir -p store/work/files/x
    nightly 0 SHARD=10 store
    sums store | cmp - sums.txt
    [ "$(grep -c '^nightly: wdist ' <<<"$stderr")" -eq 1 ]
}

@test "a second run at once is told so" {
    arrive 0 5 a.npy
    mkdir store
    (
        flock 9
        nightly 1 store
        stderr_is "nightly: $PWD/store: another run is at work on it"
    ) 9>store/lock
    [ ! -e store/batch-0001.tsv ]
    nightly 0 store
}

@test "a packed file that changed or vanished ends the run by name" {
    arrive 0 5 a.npy
    arrive 5 8 b/
    nightly 0 store
    sums store >sums.txt
    arrive 8 9 new.idx
    cp images/b/000005.png kept.png
    cp images/b/000006.png images/b/000005.png
    rm images/a.npy
    nightly 1 store
    stderr_has 'nightly: a.npy: vanished after it was packed'
    stderr_has 'nightly: b/000005.png: changed after it was packed'
    stderr_has 'images: 2 files not as packed'
    sums store | cmp - sums.txt
    mv kept.png images/b/000005.png
    arrive 0 5 a.npy
    nightly 0 store
    stderr_has '9 images, 36 pairs'
}

@test "what cannot be packed is named, left out, and tried again" {
    arrive 0 5 a/
    head -c 100 images/a/000001.png >images/half.png
    wpack --size 14 --limit 3 "$MNIST_IMAGES" -o s.st.zst
    wunpack --index 0 s.st.zst images -o images/small.png
    wunpack s.st.zst images -o images/small.npy
    printf '\0\0\10\3\0\0\0\1\0\0\0\34\0\0\0\34%784s' '' |
        tr ' ' '\0' >images/black.idx
    arrive 5 9 whole.npy
    head -c 400 images/whole.npy >images/cut.npy
    cp images/a/000002.png images/$'two\nlines.png'
    cp images/a/000003.png images/.hidden.png
    cp images/a/000003.png images/'-x "&<b> 50%.PNG'
    echo talk >images/README
    nightly 0 store
    stderr_has 'half.png: left out: corrupt PNG: file ends early'
    stderr_has 'small.png: left out: images are U8 14x14x1, those of the store U8 28x28x1'
    stderr_has 'small.npy: left out: images are U8 14x14x1'
    stderr_has 'black.idx: left out: histogram 0: all mass is zero'
    stderr_has 'cut.npy: left out: '
    stderr_has 'images: 1 name with control characters or backslashes'
    stderr_has '10 images, 45 pairs'
    cut -f 4 store/batch-0001.tsv >names.txt
    printf '%s\n' '-x "&<b> 50%.PNG' a/00000{0,1,2,3,4}.png whole.npy |
        diff - names.txt
    grep -q '50%.PNG' store/index.html

    # The upload came to its end.
    cp images/a/000004.png images/half.png
    rm images/small.* images/cut.npy images/black.idx
    nightly 0 store
    stderr_has '11 images, 55 pairs'
    # Two equal images.
    table store | awk '$3 == 0 { print $1, $2 }' >zeros.txt
    grep -q '^5 10$' zeros.txt
}

@test "a full disk ends the run, and blames no image" {
    # Of small files one of many kB is made.
    arrive 0 3 a/
    arrive 3 4 b.npy
    # Files of at most 2 kB.
    PACK='--size 100' check 1 bash -c 'trap "" XFSZ; ulimit -f 2; exec "$@"' \
        full env IMAGES=images THREADS=2 \
        sh "$BARROW_SOURCE/pipelines/nightly" store
    stderr_has 'File too large'
    [[ $stderr != *'left out'* ]] || show stderr 'no image' "$stderr"
    [ ! -e store/batch-0001.tsv ]
    nightly 0 PACK='--size 100' store
    stderr_has '4 images, 6 pairs'
    arrive 4 60 c.idx
    check 1 bash -c 'trap "" XFSZ; ulimit -f 8; exec "$@"' full \
        env IMAGES=images THREADS=2 PACK='--size 100' \
        sh "$BARROW_SOURCE/pipelines/nightly" store
    stderr_has 'images: not copied'
}

@test "settings reach the tools, and belong to a store" {
    arrive 0 9 a/
    arrive 9 30 b.npy
    nightly 0 PACK='--size 14' SOLVE='--ground l1 --p 1' store
    table store >table.txt
    once store --ground l1 --p 1 | cmp - table.txt
    check 0 winfo store/images-0001.st.zst
    stdout_has '30x14x14x1'
    nightly 1 PACK='--size 14' store
    stderr_has "store holds a run with PACK=--size 14 SOLVE=--ground l1 --p 1"

    # Partners: 5 each, all different, whichever night an image came in.
    nightly 0 PARTNERS=5 SHARD=17 few
    table few >few.txt
    [ "$(wc -l <few.txt)" -eq $((10 + 25 * 5)) ]
    [ "$(cut -f 1,2 few.txt | sort -u | wc -l)" -eq $((10 + 25 * 5)) ]
    once few | grep -Fxc -f few.txt | grep -qx 135
    mv images/b.npy .
    nightly 0 PARTNERS=5 SHARD=17 two
    mv b.npy images
    nightly 0 PARTNERS=5 SHARD=17 two
    table two | cmp - few.txt
}

@test "what a run needs is asked for" {
    check 1 sh "$BARROW_SOURCE/pipelines/nightly" store
    stderr_has 'set IMAGES to the folder in which images arrive'
    nightly 1 store
    stderr_has "$PWD/images: no images yet"
    nightly 1 images/store
    stderr_has "$PWD/images/store is in the folder of images"
    nightly 1 SHARD=0 store
    stderr_has "SHARD='0' is no whole number above 0"
    check 2 sh "$BARROW_SOURCE/pipelines/nightly" one two
    arrive 0 1 one.idx
    nightly 0 store
    stderr_has '1 images, 0 pairs'
}

@test "nightly --small shows three nights" {
    check 0 sh "$BARROW_SOURCE/pipelines/nightly" --small out
    stdout_is "$PWD/out/index.html"
    stderr_has '100 images, 4950 pairs'
    grep -q '^<p>2535 pairs: mean 11.2780, ' out/index.html
    grep -q 'greatest duality gap of a pair: 0\.' out/index.html
    # The nearest image of each new one, once more.
    table out | awk -v OFS='\t' '
        function near(i, j) {
            if (i < 70 || (i in low && low[i] <= $3)) return
            low[i] = $3; other[i] = j
        }
        { near($1, $2); near($2, $1) }
        END { for (i in low) printf "%d\t%d\t%.17g\n", i, other[i], low[i] }' |
        sort -k 3,3g >near.txt
    head -n 10 near.txt | cmp - out/nearest.tsv
    tail -n 10 near.txt | cmp - out/remote.tsv
    line='<td>74</td><td>70.npy</td><td>37</td><td>000037.png</td><td>0.6693'
    grep -q "^<tr>$line</td></tr>" out/index.html
    pictures_of out/index.html
}
