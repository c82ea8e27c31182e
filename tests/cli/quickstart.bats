#!/usr/bin/env bats
# quickstart.bats - the pipeline runs to its page, continues, and repeats.

load harness

# quickstart FOLDER PAIRS [STATUS]
quickstart() {
    PAIRS=$2 EPOCHS=1 WIDTH=0.25 check "${3-0}" \
        sh "$BARROW_SOURCE/pipelines/quickstart" "$1"
}

@test "quickstart makes a page, skips what is there, and repeats its bytes" {
    need gnuplot parallel
    quickstart out 300
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    [ "$(grep -c '<figure>' out/index.html)" -eq 24 ]
    [ "$(wc -l <out/pairs.tsv)" -eq 300 ]
    [ -z "$(find out -name '*.part')" ]

    rm out/index.html out/nearest-03.png
    touch -d '2001-02-03' out/distances.st.zst
    quickstart out 300
    [ "$(grep -c '^quickstart: ' <<<"$stderr")" -eq 2 ]
    [ "$(date -r out/distances.st.zst +%Y)" -eq 2001 ]

    quickstart again 300
    cmp out/distances.st.zst again/distances.st.zst
    cmp out/histogram.png again/histogram.png
}

@test "quickstart refuses a folder of another run, and says what is missing" {
    mkdir out
    echo PAIRS=300 >out/parameters.txt
    need gnuplot parallel
    quickstart out 20 1
    stderr_has 'out holds a run with PAIRS=300, not PAIRS=20'
    BARROW_BUILD=$PWD quickstart other 20 1
    stderr_is "quickstart: wpack is not built in $PWD"
}
