#!/usr/bin/env bats
# wdist.bats - what wdist computes: pairs, costs, masses, plans, potentials.
# Runs that are cut, killed and resumed are in wdist_resume.bats.

load harness

# images NAME H W CHANNELS VALUE...: packs images of bytes.
# shellcheck disable=SC2059
images() {
    local name=$1 h=$2 w=$3 c=$4 value
    shift 4
    {
        printf '\0\0\10\4'
        for value in $(($# / (h * w * c))) "$h" "$w" "$c"; do
            printf "\\0\\0\\x$(printf %02x $((value >> 8)))"
            printf "\\x$(printf %02x $((value & 255)))"
        done
        for value; do
            printf "\\x$(printf %02x "$value")"
        done
    } | wpack - -o "$name.st.zst"
}

# table NAME: packs a table on standard input.
table() {
    wpack - -o "$1.st.zst"
}

# digits N [OPTION...]: the first N of MNIST's test images.
digits() {
    local n=$1
    shift
    wpack --limit "$n" "$@" "$MNIST_IMAGES" -o digits.st.zst
}

# numbers FILE TENSOR...: tensors as text.
numbers() {
    wunpack "$@"
}

# same_numbers FILE FILE TENSOR...: the same bytes in these tensors.
same_numbers() {
    local a=$1 b=$2 name
    shift 2
    for name; do
        cmp <(wunpack "$a" "$name" --to raw) <(wunpack "$b" "$name" --to raw)
    done
}

# metadata FILE: kind, shapes and metadata; neither size nor provenance.
metadata() {
    winfo "$1" | sed '1d; /^  bytes /d'
}

# is_close WANTED TOLERANCE: the last output, one number, within a relative
# tolerance.
is_close() {
    awk -v x="$output" -v y="$1" -v t="$2" 'BEGIN {
        d = x - y; if (d < 0) d = -d
        exit !(x != "" && d <= t * (y < 0 ? -y : y))
    }' || show value "$1" "$output"
}

@test "all pairs of one file, every pair of two" {
    digits 4
    check 0 wdist digits.st.zst -o all.st.zst
    stdout_is ''
    stderr_is ''
    check 0 numbers all.st.zst pairs
    stdout_is $'0\t1\n0\t2\n0\t3\n1\t2\n1\t3\n2\t3'
    wpack --skip 4 --limit 2 "$MNIST_IMAGES" -o two.st.zst
    wdist digits.st.zst two.st.zst -o cross.st.zst
    check 0 numbers cross.st.zst pairs
    stdout_is $'0\t0\n0\t1\n1\t0\n1\t1\n2\t0\n2\t1\n3\t0\n3\t1'
    wdist --pairs cross digits.st.zst -o square.st.zst
    check 0 bash -c 'wunpack square.st.zst pairs | wc -l'
    stdout_is 16
    check 0 bash -c "wunpack square.st.zst pairs distance |
        awk '\$1 < \$2 { print \$3 }' |
        cmp - <(wunpack all.st.zst distance)"
    check 2 wdist --pairs all digits.st.zst two.st.zst -o no.st.zst
    stderr_has 'wdist: --pairs all takes one file, not two'
}

@test "random pairs follow from the seed and their number" {
    digits 50
    wdist --pairs random:20 --seed 7 digits.st.zst -o a.st.zst
    wdist --pairs random:20 --seed 7 digits.st.zst -o b.st.zst
    same a.st.zst b.st.zst
    wdist --pairs random:5 --seed 7 digits.st.zst -o few.st.zst
    wdist --pairs random:20 --seed 8 digits.st.zst -o other.st.zst
    cmp <(wunpack few.st.zst pairs distance) \
        <(wunpack a.st.zst pairs distance | head -n 5)
    run ! cmp -s <(wunpack other.st.zst pairs) <(wunpack a.st.zst pairs)
    check 0 bash -c "wunpack a.st.zst pairs |
        awk '\$1 > 49 || \$2 > 49' | wc -l"
    stdout_is 0
}

@test "listed pairs: a table, a pipe, NPY, a container" {
    digits 6
    printf '# by hand\n5\t0\n2\t2\n0\t5\n2\t2\n' >list
    wdist --pairs list digits.st.zst -o a.st.zst
    check 0 numbers a.st.zst pairs
    stdout_is $'5\t0\n2\t2\n0\t5\n2\t2'
    check 0 numbers a.st.zst distance --rows 1,3
    stdout_is $'0\n0'
    wdist --pairs - digits.st.zst -o b.st.zst <list
    same_numbers a.st.zst b.st.zst pairs distance
    wunpack a.st.zst pairs -o list.npy
    wdist --pairs list.npy digits.st.zst -o b.st.zst
    same_numbers a.st.zst b.st.zst pairs distance
    # The tensor is found by its name, whatever stands before it.
    wdist --pairs list --potentials --plans digits.st.zst -o c.st.zst
    wdist --pairs c.st.zst digits.st.zst -o b.st.zst
    same_numbers a.st.zst b.st.zst pairs distance
    check 1 wdist --pairs - digits.st.zst -o no.st.zst < <(cat c.st.zst)
    stderr_has 'wdist: standard input: a container, which has to be a regular'
    check 2 wdist --pairs - - -o no.st.zst <list
    stderr_has 'wdist: standard input can be read once, not 2 times'
}

# pairs_npy N: N times the pair (0,0).
pairs_npy() {
    printf '\223NUMPY\1\0\166\0%-117s\n' \
        "{'descr': '<u4', 'fortran_order': False, 'shape': ($1, 2), }"
    head -c $(($1 * 8)) /dev/zero
}

@test "a long list takes no memory" {
    wpack --limit 1 "$MNIST_IMAGES" -o one.st.zst
    pairs_npy 5000000 >long.npy
    (ulimit -d 60000 && wdist --version) >/dev/null 2>&1 ||
        skip 'this build takes more by itself'
    check 0 bash -c 'ulimit -d 60000
        wdist -j 1 --metric tv --shard 9/5000 --pairs long.npy one.st.zst \
            -o d.st.zst'
    [ "$(wunpack d.st.zst pairs distance | sort -u)" = "0	0	0" ]
    check 0 winfo d.st.zst
    stdout_has '1000x2'
}

@test "pairs and shards that make no sense are named" {
    digits 3
    for pairs in random:0 random: random:-1 random:1x \
        random:99999999999999999999; do
        check 2 wdist --pairs "$pairs" digits.st.zst -o no.st.zst
        stderr_has "wdist: --pairs $pairs: "
    done
    for shard in 0/3 4/3 1 1/ /3 1/0 a/b 1/3x 1.5/3; do
        check 2 wdist --shard "$shard" digits.st.zst -o no.st.zst
        stderr_has "wdist: --shard $shard: not K/N with 1 <= K <= N"
    done
    printf '0\t1\n1\t3\n' >list
    check 1 wdist --pairs list digits.st.zst -o no.st.zst
    stderr_is 'wdist: list: pair 1 is (1, 3): indices run from 0 to 2 and from 0 to 2'
    printf '0\t0.5\n' >list
    check 1 wdist --pairs list digits.st.zst -o no.st.zst
    stderr_is 'wdist: list: pair 0: 0.5 is no index'
    files_are digits.st.zst list
}

@test "no pairs, no shard's worth, one bin, one pixel" {
    digits 1
    wdist --certify --plans --potentials digits.st.zst -o none.st.zst
    check 0 metadata none.st.zst
    stdout_has 'distance          F64   0'
    stdout_has 'plan_offset       U64   1'
    stdout_has 'pairs             U32   0x2'
    winfo --verify none.st.zst
    digits 2
    wdist --shard 1/2 digits.st.zst -o none.st.zst
    check 0 numbers none.st.zst distance
    stdout_is ''
    images pixel 1 1 1 3 200
    check 0 bash -c 'wdist --certify --plans pixel.st.zst |
        wunpack - distance gap plan_bins plan_mass'
    stdout_is $'0\t0\t0\t0\t1'
}

@test "shards joined are the whole" {
    digits 26 --size 14
    for pairs in all random:200; do
        set -- --pairs $pairs --seed 3 --certify --plans --potentials
        wdist "$@" digits.st.zst -o whole.st.zst
        for k in 1 2 3; do
            wdist "$@" --shard $k/3 digits.st.zst -o part$k.st.zst
        done
        check 0 winfo part2.st.zst
        stdout_has 'shard             2/3'
        wcat part1.st.zst part2.st.zst part3.st.zst -o joined.st.zst
        same_numbers whole.st.zst joined.st.zst pairs distance gap \
            plan_offset plan_bins plan_mass potential_source potential_target
        diff <(metadata whole.st.zst) <(metadata joined.st.zst)
        check 1 wcat part1.st.zst part3.st.zst -o no.st.zst
    done
}

@test "the number of threads is not to be seen" {
    digits 60 --size 20
    for extra in '' '--p 1 --certify --plans --potentials'; do
        # shellcheck disable=SC2086
        for j in 1 2 4; do
            wdist -j $j --pairs random:200 $extra digits.st.zst -o $j.st.zst
        done
        same 1.st.zst 2.st.zst
        same 1.st.zst 4.st.zst
    done
    check 0 wdist -j 300 --pairs random:40 digits.st.zst -o 300.st.zst
    wdist -j 1 --pairs random:40 digits.st.zst -o 1.st.zst
    same 1.st.zst 300.st.zst
}

@test "ground distances and powers, by hand" {
    # All mass in pixel (0,0), all in (3,4), and a quarter and three of them.
    images far 4 5 1 \
        9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 \
        0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 7 \
        1 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 3
    for ground in 'l1 7' 'l2 5' 'linf 4'; do
        read -r norm d <<<"$ground"
        for p in 1 1.5 2 3; do
            for method in auto bitmask simplex; do
                set -- --ground "$norm" --p $p --method $method --certify=1
                check 0 bash -c "wdist $* far.st.zst | wunpack - distance"
                output=${output%%$'\n'*}
                is_close "$d" 1e-15
                check 0 bash -c "wdist $* --quantity cost far.st.zst |
                    wunpack - cost"
                readarray -t cost <<<"$output"
                for part in '0 1' '1 0.75' '2 0.25'; do
                    read -r k share <<<"$part"
                    output=${cost[k]}
                    is_close "$(awk -v d="$d" -v p=$p -v s="$share" \
                        'BEGIN { printf "%.17g", s * d ^ p }')" 1e-15
                done
            done
        done
    done
    # Integers come out to the last digit, decimals where they are exact.
    check 0 bash -c 'wdist --quantity cost far.st.zst | wunpack - cost'
    stdout_is $'25\n18.75\n6.25'
    check 0 bash -c 'wdist --ground l1 --p 3 --quantity cost far.st.zst |
        wunpack - cost'
    stdout_is $'343\n257.25\n85.75'
}

@test "distance is the p-th root of cost" {
    digits 12
    for p in 1 1.5 2 3; do
        wdist --p $p digits.st.zst -o d.st.zst
        wdist --p $p --quantity cost digits.st.zst -o c.st.zst
        paste <(wunpack d.st.zst distance) <(wunpack c.st.zst cost) |
            awk -v p=$p '{
                x = $2 ^ (1 / p) - $1; if (x < 0) x = -x
                if (!($1 > 0) || x > 1e-14 * $1) exit 1
            }'
    done
}

@test "identical images are 0 apart, also when scaled" {
    digits 3
    wunpack digits.st.zst images --rows 0,0,1 -o same.npy
    wpack same.npy -o same.st.zst
    for options in '' '--p 1' '--ground l1 --p 1.5' '--method simplex' \
        '--metric js' '--metric kl' '--metric tv'; do
        # shellcheck disable=SC2086
        wdist $options same.st.zst -o d.st.zst
        check 0 numbers d.st.zst distance --rows 0
        stdout_is 0
    done
    printf '1 2 0 3\n2 4 0 6\n0.1 0.2 0 0.3\n' | table scaled
    wdist --certify --quantity cost scaled.st.zst -o d.st.zst
    wunpack d.st.zst cost | awk '!($1 >= 0 && $1 <= 1e-15) { exit 1 }'
}

@test "histograms on a line, against the closed form" {
    # With cumulated shares F and G, W1 is the sum of |F - G|; W2^2 by walking
    # both in order.
    awk 'BEGIN {
        srand(5)
        for (i = 0; i < 12; i++) {
            for (j = 0; j < 30; j++)
                printf "%d%s", rand() < 0.4 ? 0 : 1 + 99 * rand(),
                       j < 29 ? "\t" : "\n"
        }
    }' >t.tsv
    table t <t.tsv
    awk '
        { for (j = 1; j <= NF; j++) { x[NR, j] = $j; sum[NR] += $j } }
        function walk(a, b,    i, j, m, u, v, cost) {
            i = j = 1; u = x[a, 1] * sum[b]; v = x[b, 1] * sum[a]
            while (i <= NF && j <= NF) {
                m = u < v ? u : v
                cost += m * (i - j) ^ 2
                u -= m; v -= m
                if (u == 0) u = x[a, ++i] * sum[b]
                if (v == 0) v = x[b, ++j] * sum[a]
            }
            return cost / sum[a] / sum[b]
        }
        function cumulated(a, b,    j, f, cost) {
            for (j = 1; j <= NF; j++) {
                f += x[a, j] * sum[b] - x[b, j] * sum[a]
                cost += f < 0 ? -f : f
            }
            return cost / sum[a] / sum[b]
        }
        END {
            for (a = 1; a <= NR; a++)
                for (b = a + 1; b <= NR; b++)
                    printf "%.15g\t%.15g\n", cumulated(a, b), walk(a, b)
        }' t.tsv >want.tsv
    seq 0 29 >points
    for options in '' '--method line' '--method bitmask' '--method simplex' \
        '--support points' '--support points --method simplex'; do
        # shellcheck disable=SC2086
        wdist $options --p 1 --certify=0 t.st.zst -o w1.st.zst
        # shellcheck disable=SC2086
        wdist $options --quantity cost --certify=0 t.st.zst -o w2.st.zst
        paste want.tsv <(wunpack w1.st.zst distance) \
            <(wunpack w2.st.zst cost) |
            awk '{
                x = $1 - $3; y = $2 - $4
                if (x * x > 1e-26 * $1 ^ 2 || y * y > 1e-26 * $2 ^ 2) exit 1
            } END { if (NR != 66) exit 1 }' || show "$options" equal different
    done
    digits 2
    check 2 wdist --method line digits.st.zst -o no.st.zst
    stderr_has 'wdist: method line: the bins are not on a line'
}

@test "flows on the edges of a grid give what the simplex gives" {
    digits 8
    for norm in l1 linf; do
        for method in flow simplex auto; do
            wdist --ground $norm --p 1 --quantity cost --method $method \
                --certify=0 --plans --potentials digits.st.zst -o $method.st.zst
            wunpack $method.st.zst cost gap >$method.tsv
        done
        cmp simplex.tsv flow.tsv
        cmp simplex.tsv auto.tsv
        # Each of the 28 plans moves a mass of 1, from which the cost follows.
        wunpack flow.st.zst plan_mass |
            awk '{ s += $1 } END { exit (s - 28) ^ 2 > 1e-20 }'
        paste <(wunpack flow.st.zst plan_bins) \
            <(wunpack flow.st.zst plan_mass) |
            awk -v norm=$norm '{
                y = int($1 / 28) - int($2 / 28); x = $1 % 28 - $2 % 28
                if (y < 0) y = -y
                if (x < 0) x = -x
                sum += $3 * (norm == "l1" ? x + y : x > y ? x : y)
            } END { printf "%.10f\n", sum }' >plan
        awk '{ s += $1 } END { printf "%.10f\n", s }' flow.tsv | cmp - plan
    done
    for options in '--p 2 --ground l1' '--p 1 --ground l2'; do
        # shellcheck disable=SC2086
        check 2 wdist $options --method flow digits.st.zst -o no.st.zst
        stderr_has 'wdist: method flow takes p = 1 under l1 or linf on a grid'
    done
}

@test "two-dimensional and one-dimensional support agree with the grid" {
    digits 5 --size 7
    awk 'BEGIN { for (k = 0; k < 49; k++) print int(k / 7), k % 7 }' >points
    for options in '' '--ground l1 --p 1' '--ground linf --p 2'; do
        # shellcheck disable=SC2086
        wdist $options digits.st.zst -o grid.st.zst
        # shellcheck disable=SC2086
        wdist $options --support points digits.st.zst -o points.st.zst
        same_numbers grid.st.zst points.st.zst distance
    done
    check 1 wdist --support <(head -n 48 points) digits.st.zst -o no.st.zst
    stderr_has ': 48 points for 49 bins'
    # A container's own coordinates are used unless others are given.
    printf '0\n10\n' >ten
    printf '1 0\n0 1\n' | wpack --support ten - -o two.st.zst
    check 0 bash -c 'wdist two.st.zst | wunpack - distance'
    stdout_is 10
    printf '0 0\n3 4\n' >five
    check 0 bash -c 'wdist --support five two.st.zst | wunpack - distance'
    stdout_is 5
}

@test "a cloud of points is as far from itself, shifted, as the shift" {
    local n=400
    awk -v n=$n 'BEGIN {
        srand(1)
        for (k = 0; k < n; k++)
            print x[k] = int(1000 * rand()), y[k] = int(1000 * rand())
        for (k = 0; k < n; k++)
            print x[k] + 3, y[k] + 4
    }' >points
    awk -v n=$n 'BEGIN {
        for (i = 0; i < 2; i++)
            for (k = 0; k < 2 * n; k++)
                printf "%d%c", int(k / n) == i, k + 1 < 2 * n ? 9 : 10
    }' >rows
    wpack --support points rows -o cloud.st.zst
    for method in auto bitmask large simplex; do
        check 0 bash -c "wdist --certify=0 --method $method cloud.st.zst |
            wunpack - distance"
        stdout_is 5
    done
    # The same without vectors.
    check 0 bash -c 'BARROW_ISA=plain wdist --p 1 --ground linf --certify=0 \
        cloud.st.zst | wunpack - distance'
    stdout_is 4
}

@test "cost matrices from text, NPY and a container; asymmetric, not square" {
    # Quarters: two leave bin 0, two more have to be in bin 2. One goes there
    # (5), one to bin 1 (1), whose own goes on (1). Back two go straight (9).
    printf '2 1 1\n0 1 3\n' | table h
    printf '0 1 5\n2 0 1\n9 9 0\n' >c.txt
    printf '0\t2\t9\n1\t0\t9\n5\t1\t0\n' >transposed.txt
    printf '0\t1\n1\t0\n' >both
    check 0 bash -c 'wdist --cost c.txt --pairs both --certify=0 h.st.zst |
        wunpack - cost'
    stdout_is $'1.75\n4.5'
    check 0 bash -c 'wdist --cost transposed.txt --pairs both h.st.zst |
        wunpack - cost --rows 0'
    stdout_is 4.5
    wpack c.txt -o c.st.zst
    wunpack c.st.zst mass -o c.npy
    wdist --cost c.txt h.st.zst -o a.st.zst
    for file in c.st.zst c.npy; do
        wdist --cost $file h.st.zst -o b.st.zst
        same_numbers a.st.zst b.st.zst cost
    done
    wdist --cost - h.st.zst -o b.st.zst <c.txt
    same_numbers a.st.zst b.st.zst cost
    # Two bins to three.
    printf '1 1\n' | table two
    printf '1 2 1\n' | table three
    printf '1 2 4\n4 2 1\n' >wide
    check 0 bash -c 'wdist --cost wide two.st.zst three.st.zst |
        wunpack - cost'
    stdout_is 1.5
    check 1 wdist --cost wide h.st.zst -o no.st.zst
    stderr_is 'wdist: wide: the cost matrix is 2 x 3, the histograms have 3 and 3 bins'
    # What root to take must be said.
    check 2 wdist --cost c.txt --quantity distance h.st.zst -o no.st.zst
    check 0 bash -c 'wdist --cost wide --p 2 two.st.zst three.st.zst |
        wunpack - distance'
    is_close 1.2247448713915890 1e-15
}

@test "masses: shares, softmax, as given" {
    printf '1 2 3\n30 10 20\n3 2 1\n' | table h
    check 0 bash -c 'wdist --p 1 h.st.zst | wunpack - distance'
    stdout_is $'0.5\n0.66666666666666663\n0.16666666666666666'
    printf '0 2\n' >list
    check 0 bash -c 'wdist --p 1 --normalize none --pairs list h.st.zst |
        wunpack - distance'
    stdout_is 4
    check 1 wdist --normalize none --pairs cross h.st.zst -o no.st.zst
    stderr_is 'wdist: h.st.zst: pair 1 (0, 1): masses differ: their sums are 6 and 60'
    files_are h.st.zst list
    check 0 bash -c 'wdist --p 1 --normalize softmax --pairs list h.st.zst |
        wunpack - distance'
    # e^-2, e^-1 and 1, and the same backwards.
    is_close "$(awk 'BEGIN {
        s = 1 + exp(-1) + exp(-2)
        printf "%.17g", 2 * (1 - exp(-2)) / s
    }')" 1e-14
}

@test "channels: luma as wpack has it, or the mean over all" {
    images colour 2 3 3 \
        10 200 3 90 4 77 5 6 7 100 100 9 0 0 80 1 2 250 \
        255 0 9 30 40 5 66 66 1 9 90 30 17 0 4 200 100 80 \
        1 1 1 7 9 250 80 0 20 70 60 5 90 9 1 2 30 140
    wunpack colour.st.zst images -o colour.npy
    wpack --gray colour.npy -o gray.st.zst
    wdist --certify colour.st.zst -o a.st.zst
    wdist --certify gray.st.zst -o b.st.zst
    same_numbers a.st.zst b.st.zst distance gap
    for c in 0 1 2; do
        zstd -dc colour.st.zst | tail -c 54 | od -An -v -tu1 -w1 |
            awk -v c=$c 'NR % 3 == (c + 1) % 3 { printf "%d%s", $1,
                ++n % 6 ? "\t" : "\n" }' | wpack - -o $c.st.zst
        printf '0 0\n0 1\n0 2\n1 0\n1 1\n1 2\n' >points
        wdist --support points $c.st.zst | wunpack - distance >$c.txt
    done
    wdist --channels each colour.st.zst | wunpack - distance >each.txt
    paste 0.txt 1.txt 2.txt each.txt | awk '{
        x = ($1 + $2 + $3) / 3 - $4
        if (!($4 > 0) || x * x > 1e-28) exit 1
    } END { if (NR != 3) exit 1 }'
    check 2 wdist --channels each --plans colour.st.zst -o no.st.zst
    stderr_has 'wdist: --channels each gives one plan a channel'
}

@test "kl, js and tv of two parallel lines" {
    # A column of light each, 0, 1 and 3 pixels apart.
    images lines 2 4 1 1 0 0 0 1 0 0 0 0 1 0 0 0 1 0 0 0 0 0 1 0 0 0 1 \
        1 0 0 0 1 0 0 0
    printf '0\t3\n0\t1\n0\t2\n' >list
    for row in 'wasserstein 0 1 3' 'kl 0 inf inf' \
        'js 0 0.69314718055994529 0.69314718055994529' 'tv 0 1 1'; do
        read -r metric a b c <<<"$row"
        check 0 bash -c "wdist --metric $metric --p 1 --pairs list \
            lines.st.zst | wunpack - distance"
        stdout_is "$a"$'\n'"$b"$'\n'"$c"
    done
    printf '1 1 2\n2 1 1\n' | table h
    check 0 bash -c 'wdist --metric kl h.st.zst | wunpack - distance'
    is_close 0.17328679513998633 1e-15
    check 0 bash -c 'wdist --metric tv h.st.zst | wunpack - distance'
    stdout_is 0.25
    check 2 wdist --metric tv --plans h.st.zst -o no.st.zst
    stderr_has 'wdist: --metric tv has no certificate, plans or potentials'
}

@test "plans have the marginals and the cost" {
    digits 8
    wunpack digits.st.zst images | awk '{ for (k = 1; k <= NF; k++)
        print NR - 1, k - 1, $k }' >masses
    for options in '' '--p 1' '--ground linf --p 1.5' '--method simplex'; do
        # shellcheck disable=SC2086
        wdist --plans --quantity cost $options digits.st.zst -o d.st.zst
        p=$(winfo d.st.zst | awk '$1 == "p" { print $2 }')
        ground=$(winfo d.st.zst | awk '$1 == "ground" { print $2 }')
        wunpack d.st.zst pairs cost >values
        wunpack d.st.zst plan_offset >offsets
        wunpack d.st.zst plan_bins plan_mass >plan
        awk -v p="$p" -v ground="$ground" '
            function abs(x) { return x < 0 ? -x : x }
            function cost(i, j,    x, y) {
                y = abs(int(i / 28) - int(j / 28)); x = abs(i % 28 - j % 28)
                if (ground == "linf") return (x > y ? x : y) ^ p
                return (x * x + y * y) ^ (p / 2)
            }
            BEGIN { n = m = line = k = 0 }
            FILENAME == "masses" { mass[$1, $2] = $3; sum[$1] += $3; next }
            FILENAME == "values" { a[n] = $1; b[n] = $2; want[n++] = $3; next }
            FILENAME == "offsets" { offset[m++] = $1; next }
            {
                if (!($3 > 0)) bad = "mass"
                while (line >= offset[k + 1]) k++
                got[k] += $3 * cost($1, $2)
                out[k, $1] += $3; in_[k, $2] += $3
                line++
            }
            END {
                if (m != n + 1 || offset[n] != line || n != 28) bad = "count"
                for (k = 0; k < n; k++) {
                    if (abs(got[k] - want[k]) > 1e-13 * want[k]) bad = "cost"
                    for (i = 0; i < 784; i++) {
                        if (abs(out[k, i] - mass[a[k], i] / sum[a[k]]) > 1e-15)
                            bad = "source " i
                        if (abs(in_[k, i] - mass[b[k], i] / sum[b[k]]) > 1e-15)
                            bad = "target " i
                    }
                }
                if (bad) { print bad; exit 1 }
            }' masses values offsets plan
    done
}

@test "potentials are feasible for all bins, and as good as the plan" {
    printf '5 0 1 0 0 2\n0 0 3 0 1 0\n1 1 0 0 0 9\n' | table h
    for options in '' '--p 1' '--p 1.5' '--p 1 --method simplex'; do
        # shellcheck disable=SC2086
        wdist --potentials --quantity cost $options h.st.zst -o d.st.zst
        p=$(winfo d.st.zst | awk '$1 == "p" { print $2 }')
        paste <(wunpack d.st.zst pairs cost) \
            <(wunpack d.st.zst potential_source) \
            <(wunpack d.st.zst potential_target) |
            awk -v p="$p" '
                function abs(x) { return x < 0 ? -x : x }
                BEGIN {
                    split("5 0 1 0 0 2 0 0 3 0 1 0 1 1 0 0 0 9", x, " ")
                    sum[0] = 8; sum[1] = 4; sum[2] = 11
                }
                {
                    dual = 0
                    for (i = 0; i < 6; i++) {
                        u = $(4 + i); v = $(10 + i)
                        dual += u * x[6 * $1 + i + 1] / sum[$1]
                        dual += v * x[6 * $2 + i + 1] / sum[$2]
                        for (j = 0; j < 6; j++)
                            if (u + $(10 + j) > abs(i - j) ^ p + 1e-12)
                                bad = "feasible"
                    }
                    if (NF != 15 || abs(dual - $3) > 1e-12) bad = "value"
                }
                END {
                    if (bad || NR != 3) { print bad, p; exit 1 }
                }'
    done
}

@test "certificates: nothing left in integers, next to nothing else" {
    digits 20
    for options in '' '--ground l1 --p 1' '--ground linf --p 3' \
        '--method simplex'; do
        # shellcheck disable=SC2086
        check 0 wdist --certify=0 $options digits.st.zst -o d.st.zst
        check 0 bash -c 'wunpack d.st.zst gap | sort -u'
        stdout_is 0
    done
    check 0 wdist --certify --p 1 digits.st.zst -o d.st.zst
    wunpack d.st.zst gap distance | awk '
        { if ($1 * $1 > 1e-24 * $2 * $2) exit 1 } END { exit NR != 190 }'
    awk 'BEGIN {
        srand(2)
        for (i = 0; i < 9; i++)
            for (j = 0; j < 40; j++)
                printf "%.17g%s", rand(), j < 39 ? "\t" : "\n"
    }' >real.tsv
    awk 'BEGIN { srand(3); for (j = 0; j < 40; j++) print rand(), rand() }' \
        >points
    table real <real.tsv
    check 0 wdist --certify --support points real.st.zst -o d.st.zst
    # Rounding shows: a tolerance of 0 is refused, and leaves nothing.
    check 1 wdist --certify=0 --p 1 --support points real.st.zst -o no.st.zst
    stderr_has 'between primal and dual value passes 0 times'
    [ ! -e no.st.zst ] && [ ! -e no.st.zst.partial ]
}

@test "provenance tells what shaped the result, and no more" {
    mkdir sub
    digits 5
    mv digits.st.zst sub
    wdist -j 2 -q --pairs random:3 -s 5 --certify sub/digits.st.zst \
        -o a.st.zst --resume
    wdist -j 1 --certify --seed=5 --pairs=random:3 sub/digits.st.zst \
        -o b.st.zst
    same a.st.zst b.st.zst
    check 0 winfo --provenance a.st.zst
    stdout_has 'wpack'
    stdout_has 'wdist'
    stdout_has '--pairs=random:3'
    stdout_has 'seed     5'
    stdout_has 'digits.st.zst'
    for word in '-j' '--threads' '--resume' '--output' '-o' 'a.st.zst' 'sub/' \
        '--quiet'; do
        [[ ${output#*$'\n'} != *"$word"* ]] ||
            show provenance "no $word" "$output"
    done
    echo 0 1 >sub/list.txt
    wdist --pairs sub/list.txt sub/digits.st.zst -o d.st.zst
    check 0 winfo --provenance d.st.zst
    stdout_has 'argv     --pairs=list.txt digits.st.zst'
    wdist --metric tv --seed 3 sub/digits.st.zst -o c.st.zst
    check 0 bash -c 'winfo --provenance c.st.zst | grep -c "  seed " || :'
    stdout_is 0
}

@test "a run is repeated from the options that it dumps" {
    digits 10
    set -- --pairs random:30 --seed 4 --ground l1 --p 1.5 --certify
    wdist "$@" digits.st.zst -o a.st.zst
    wdist "$@" --dump-config >config
    wdist --config config digits.st.zst -o b.st.zst
    same a.st.zst b.st.zst
    wdist --config config --dump-config >again
    same config again
    wdist --config again digits.st.zst -o c.st.zst
    same b.st.zst c.st.zst
    wdist --config config --p 1 digits.st.zst -o d.st.zst
    check 0 winfo d.st.zst
    stdout_has 'p                 1'
}

@test "names with blanks and line ends, pipes at both ends" {
    digits 4
    wdist digits.st.zst -o plain.st.zst
    mv digits.st.zst $'a b\nc'
    check 0 wdist $'a b\nc' -o $'d e\nf'
    check 0 winfo --verify $'d e\nf'
    check 1 wdist $'no\nfile' -o no.st.zst
    stderr_is 'wdist: no?file: cannot open: No such file or directory'
    wdist - <$'a b\nc' | winfo --verify -
    same_numbers <(wdist - <$'a b\nc') plain.st.zst distance
}

@test "a lost output is a failure" {
    digits 5
    check_full wdist digits.st.zst
    check_closed_pipe wdist digits.st.zst
    check 1 wdist digits.st.zst -o /dev/full
    stderr_is 'wdist: /dev/full: No space left on device'
    check 1 wdist digits.st.zst -o no/d.st.zst
    stderr_is 'wdist: no/d.st.zst: No such file or directory'
    check 1 wdist digits.st.zst -o .
    stderr_is 'wdist: .: Is a directory'
    check 2 wdist --resume digits.st.zst -o /dev/null
    stderr_has 'wdist: --resume needs a file to write to'
    check 2 bash -c 'set -o pipefail; wdist --resume digits.st.zst | cat'
    check 2 wdist -o no.st.zst
    check 2 wdist digits.st.zst digits.st.zst digits.st.zst -o no.st.zst
    files_are digits.st.zst
}

# A quarter each from bin 0 to 1 at 7 and to 2 at 3, from 1 to 2, from 2 to 0:
# nothing else is allowed.
@test "forbidden moves: no plan takes one, and potentials are finite" {
    printf '2 1 1\n1 1 2\n' | wpack - -o two.st.zst
    printf 'inf\t7\t3\nInf\tINFINITY\t1\n5\t+inf\tinf\n' >cost.tsv
    check 0 wdist --cost cost.tsv --certify --plans --potentials two.st.zst \
        -o d.st.zst
    check 0 wunpack d.st.zst pairs cost gap
    stdout_is $'0\t1\t4\t0'
    check 0 wunpack d.st.zst plan_bins plan_mass
    stdout_is $'0\t1\t0.25\n0\t2\t0.25\n1\t2\t0.25\n2\t0\t0.25'
    check 0 wunpack d.st.zst potential_source potential_target
    [[ $output != *inf* && $output != *nan* ]]
}

@test "forbidden moves: NPY and containers" {
    need_numpy
    python3 -c "
import json, struct, numpy as np
x = np.inf
cost = np.array([[x, 7, 3], [x, x, 1], [5, x, x]])
np.save('cost.npy', cost)
np.save('cost32.npy', cost.astype('f4'))
head = json.dumps({'cost': {'dtype': 'F64', 'shape': [3, 3],
                            'data_offsets': [0, 72]}}).encode()
open('cost.safetensors', 'wb').write(
    struct.pack('<Q', len(head)) + head + cost.tobytes())"
    printf '2 1 1\n1 1 2\n' | wpack - -o two.st.zst
    for file in cost.npy cost32.npy cost.safetensors; do
        check 0 wdist --cost "$file" --certify two.st.zst -o d.st.zst
        check 0 wunpack d.st.zst pairs cost gap
        stdout_is $'0\t1\t4\t0'
    done
}

@test "-v tells of pivots, and of what the time went to" {
    wpack -q --limit 20 "$MNIST_IMAGES" -o digits.st.zst
    for method in bitmask large simplex; do
        check 0 wdist -v --method $method digits.st.zst -o out.st.zst
        stderr_has '190 problems of '
        # Shares add up to all of it, rounding aside.
        sed -n 's/^wdist: [0-9.]* s in solvers: //p' <<<"$stderr" | awk '
            { gsub(/ %/, ""); gsub(/,/, "") }
            $1 == "build" && $3 == "coarse" && $5 == "start" &&
                $7 == "pricing" && $9 == "pivots" && $11 == "fix-up" &&
                $13 == "value" && NF == 14 {
                for (k = 2; k <= NF; k += 2) { sum += $k; bad += $k < 0 }
                good = sum > 99 && sum < 101 && !bad
            }
            END { exit !good }'
    done
    check 0 wdist digits.st.zst -o out.st.zst
    stderr_is ''
}
