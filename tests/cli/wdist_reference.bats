#!/usr/bin/env bats
# wdist_reference.bats - wdist against values that are not its own: the proven
# costs in tests/fixtures, and the closed form on a line.

load harness

# agree FILE FILE [TOLERANCE]: as many numbers, equal to a relative tolerance.
agree() {
    [ "$(wc -l <"$1")" -eq "$(wc -l <"$2")" ]
    paste "$1" "$2" | awk -v tolerance="${3-1e-12}" '
        function number(s) { return s ~ /^[0-9.]+(e[-+]?[0-9]+)?$/ }
        !number($1) || !number($2) { print "line " NR ": " $0; exit 1 }
        {
            d = $1 > $2 ? $1 - $2 : $2 - $1
            if (d > tolerance * $2) {
                printf "line %d: %s, not %s\n", NR, $1, $2
                exit 1
            }
        }
        END { if (!NR) exit 1 }'
}

# reference NAME GROUND P
reference() {
    local fixture=$BARROW_SOURCE/tests/fixtures/pot_mnist_$1.tsv
    grep -v '^#' "$fixture" >rows.tsv
    cut -f 1,2 rows.tsv >pairs.tsv
    cut -f 3 rows.tsv >want.txt
    [ "$(wc -l <want.txt)" -eq 200 ]
    wpack "$MNIST_IMAGES" -o mnist.st.zst
    check 0 wdist mnist.st.zst --pairs pairs.tsv --ground "$2" --p "$3" \
        --quantity cost -o out.st.zst
    wunpack out.st.zst cost >have.txt
    agree have.txt want.txt
    check 0 wdist mnist.st.zst --pairs pairs.tsv --ground "$2" --p "$3" \
        -o out.st.zst
    wunpack out.st.zst distance >have.txt
    awk -v p="$3" '{printf "%.17g\n", $1 ^ (1 / p)}' want.txt >root.txt
    agree have.txt root.txt
}

@test "MNIST: l2, p 2" {
    reference l2p2 l2 2
}

@test "MNIST: l2, p 1" {
    reference l2p1 l2 1
}

@test "MNIST: l1, p 1" {
    reference l1p1 l1 1
}

@test "MNIST: l2, p 1.5" {
    reference l2p15 l2 1.5
}

# line BINS METHOD: three histograms of small integers, p 1: the sum of
# |difference of the cumulated masses|.
line() {
    awk -v n="$1" 'BEGIN {
        x = 12345
        for (k = 0; k < 3; k++) {
            for (i = 0; i < n; i++) {
                x = (x * 16807) % 2147483647
                printf "%d ", x % 10
            }
            print ""
        }
    }' >rows.txt
    awk '
        {
            sum = 0
            for (i = 1; i <= NF; i++) sum += $i
            c = 0
            for (i = 1; i <= NF; i++) { c += $i; cdf[NR, i] = c / sum }
        }
        END {
            for (a = 1; a < 3; a++)
                for (b = a + 1; b <= 3; b++) {
                    s = 0
                    for (i = 1; i <= NF; i++) {
                        d = cdf[a, i] - cdf[b, i]
                        s += d < 0 ? -d : d
                    }
                    printf "%.17g\n", s
                }
        }' rows.txt >want.txt
    wpack rows.txt -o rows.st.zst
    check 0 wdist rows.st.zst --p 1 --quantity cost --method "$2" -o out.st.zst
    wunpack out.st.zst cost >have.txt
    agree have.txt want.txt 1e-9
}

@test "a line: every method gives the closed form" {
    for method in auto line bitmask simplex; do
        line 5 $method
        line 300 $method
    done
}

@test "a line: long ones" {
    line 20000 auto
    line 70000 auto
}
