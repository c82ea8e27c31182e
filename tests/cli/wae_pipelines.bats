#!/usr/bin/env bats
# wae_pipelines.bats - the studies of auto-encoders run to their pages, skip
# what is there, and say what they lack.

load harness

# mnist SCRIPT-STATUS ARGUMENT...: networks a quarter as wide as the small ones.
mnist() {
    local status=$1
    shift
    EPOCHS=1 WIDTH=0.25 PAIRS=40 check "$status" \
        sh "$BARROW_SOURCE/pipelines/wae-mnist" "$@"
}

@test "wae-mnist makes a page whose pictures are there, and skips its steps" {
    mnist 0 --small out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    [ "$(grep -c 'panel-' out/index.html)" -ge 3 ]
    grep -q '<th>MMD² of codes to the prior</th><td>-*[0-9]' out/index.html
    [ -z "$(find out -name '*.part' -o -name '*.partial')" ]

    rm out/index.html out/gan-samples.png
    touch -d '2001-02-03' out/gan.st.zst
    mnist 0 --small out
    [ "$(grep -c '^wae-mnist: ' <<<"$stderr")" -eq 2 ]
    [ "$(date -r out/gan.st.zst +%Y)" -eq 2001 ]
}

@test "wae-mnist refuses what it cannot do" {
    mnist 1 out
    stderr_has 'no train-images-idx3-ubyte in datasets/mnist'
    mnist 2 --large
    mnist 2 one two
    mkdir other
    echo size=full >other/parameters.txt
    mnist 1 --small other
    stderr_has 'other holds a run with size=full, not size=small'
}

@test "wae-color makes a page of a folder of pictures" {
    wpack --limit 24 "$MNIST_IMAGES" -o digits.st.zst
    # Names that shells trip over, and entries that wpack does not take.
    folder="some 'pictures'"
    mkdir "$folder" "$folder/more.png"
    for k in {0..23}; do
        wunpack --index "$k" digits.st.zst images -o "$folder/$k.png"
    done
    mv "$folder/3.png" "$folder/-x.PNG"
    mv "$folder/4.png" "$folder/more.png/"$'of two\nlines "&<b>.png'
    cp "$folder/5.png" "$folder/.hidden.png"
    out="it's \"50% out\""
    EPOCHS=1 IMAGES=$folder check 0 \
        sh "$BARROW_SOURCE/pipelines/wae-color" --small "$out"
    stdout_is "$PWD/$out/index.html"
    pictures_of "$out/index.html"
    grep -q '<th>sharpness of samples</th><td>[0-9]' "$out/index.html"
    check 0 winfo "$out/test.st.zst"
    stdout_has '3x64x64x3'
}

@test "wae-color refuses what it cannot do" {
    check 1 sh "$BARROW_SOURCE/pipelines/wae-color" out
    stderr_has 'set IMAGES to a folder of PNG files'
    mkdir empty
    IMAGES=empty check 1 sh "$BARROW_SOURCE/pipelines/wae-color" out
    stderr_has 'empty: 0 PNG files, fewer than 20'
}
