#!/usr/bin/env bats
# wgan_pipelines.bats - the studies about Wasserstein GANs run to their pages,
# skip what is there, and fail where a figure is not what theory has.

load harness

# pipeline NAME STATUS ARGUMENT...
pipeline() {
    local name=$1 status=$2
    shift 2
    check "$status" sh "$BARROW_SOURCE/pipelines/$name" "$@"
}

# false_tool NAME: from standard input, in a build whose other tools are true.
false_tool() {
    local name
    mkdir false
    for name in $(tools); do ln -s "$BARROW_BUILD/$name" false; done
    rm "false/$1"
    cat - >"false/$1"
    chmod +x "false/$1"
}

@test "four-distances has the values of theory and skips what is there" {
    pipeline four-distances 0 out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    [ "$(wc -l <out/distances.tsv)" -eq 66 ]
    grep -q '^-7	7	inf	0.69314718055994[0-9]*	1$' out/distances.tsv
    grep -q '^0	0	0	0	0$' out/distances.tsv
    # Of the last line there is no slope to a next one.
    grep -q '^<tr><th>24</th>.*<td>1</td><td>0</td><td>0</td></tr>$' \
        out/index.html
    grep -q '^<tr><th>32</th><td>32</td>.*<td></td><td></td><td></td></tr>$' \
        out/index.html

    rm out/index.html out/distances.png
    cp out/steps.tsv before.tsv
    pipeline four-distances 0 -j 2 out
    [ "$(grep -c '^four-distances: ' <<<"$stderr")" -eq 2 ]
    # Steps that were skipped keep their times, and the page has them.
    [ "$(tail -n +$(($(wc -l <before.tsv) + 1)) out/steps.tsv | cut -f 1)" = \
        $'distances.png\nindex.html' ]
    head -n "$(wc -l <before.tsv)" out/steps.tsv | cmp - before.tsv
    grep -q '<tr><th>distances.png</th><td>[0-9.]*</td></tr>' out/index.html
    [ "$(grep -c '<th>distances.png</th>' out/index.html)" -eq 1 ]
    grep -q ', on 2 threads' out/index.html
    pipeline four-distances 2 --small out
    stderr_is 'usage: four-distances [-j N] [OUT]'
}

@test "four-distances fails where a distance is wrong" {
    false_tool wdist <<END
#!/bin/sh
for word; do
    shift
    [ "\$word" != js ] || word=tv
    set -- "\$@" "\$word"
done
exec "$BARROW_BUILD/wdist" "\$@"
END
    BARROW_BUILD=$PWD/false pipeline four-distances 1 out
    stderr_has 'theta -32: JS is 1, not 0.693147'
    [ ! -e out/index.html ]
}

@test "words and counts are told as they are" {
    # shellcheck source=pipelines/common.sh
    . "$BARROW_SOURCE/pipelines/common.sh"
    [ "$(counted 1 epoch), $(counted 12 epoch)" = '1 epoch, 12 epochs' ]
    # What is told of a command is that command.
    words=(a 'b c' "it's" '' '$(x)' 'a\b' $'two\nlines' '*' W₂ x=1 -o)
    local again
    eval "again=($(as_typed "${words[@]}"))"
    [ "${#again[@]}" -eq "${#words[@]}" ]
    for k in "${!words[@]}"; do [ "${again[k]}" = "${words[k]}" ]; done
    [ "$(as_typed wdist --p 1 a.st.zst)" = 'wdist --p 1 a.st.zst' ]
}

@test "every pipeline takes threads, and refuses what it does not take" {
    local path name
    for path in "$BARROW_SOURCE"/pipelines/*; do
        name=${path##*/}
        [[ $name != *.sh ]] || continue
        for words in -j --large -x 'a b' '-j 2 a --b'; do
            # shellcheck disable=SC2086
            IMAGES=. pipeline "$name" 2 $words
            stderr_has "usage: $name "
            stderr_has '[-j N] [OUT]'
        done
        mode=()
        [ "$name" != cluster ] || mode=(--local)
        for n in 0 x 1.5 ''; do
            IMAGES=. pipeline "$name" 1 "${mode[@]}" -j "$n" out
            stderr_is "$name: THREADS='$n' is no whole number above 0"
            THREADS=$n IMAGES=. pipeline "$name" 1 "${mode[@]}" out
            stderr_is "$name: THREADS='$n' is no whole number above 0"
        done
        [ ! -e out ]
    done
}

@test "gnuplot is asked for only where it draws" {
    mkdir bare
    for name in sh env dirname nproc awk sed grep cat mkdir mv rm date tr cut \
        head tail sort paste wc seq mktemp find; do
        ln -s "$(command -v "$name")" bare
    done
    for name in duality toy quickstart; do
        PATH=$PWD/bare pipeline $name 1 out
        stderr_is "$name: gnuplot is missing; run ./bootstrap"
    done
    PATH=$PWD/bare pipeline four-distances 1 out
    stderr_is 'four-distances: parallel is missing; run ./bootstrap'
}

@test "duality proves its plans" {
    need gnuplot
    pipeline duality 0 out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    for name in gap plan_slack least_slack f_ray; do
        grep -q "^$name	0\$" out/l1-figures.tsv
    done
    grep -q '^f_slope	1$' out/l1-figures.tsv
    rm out/index.html
    pipeline duality 0 out
    [ "$(grep -c '^duality: ' <<<"$stderr")" -eq 1 ]
}

@test "duality fails where a plan is not optimal" {
    need gnuplot
    # Two entries of the plan swap where they go.
    false_tool wunpack <<SCRIPT
#!/bin/sh
case \$* in
*plan_bins*)
    "$BARROW_BUILD/wunpack" "\$@" | awk -F '\t' -v OFS='\t' '
        { i[NR] = \$1; j[NR] = \$2; m[NR] = \$3 }
        END { t = j[1]; j[1] = j[NR]; j[NR] = t
              for (k = 1; k <= NR; k++) print i[k], j[k], m[k] }' ;;
*) exec "$BARROW_BUILD/wunpack" "\$@" ;;
esac
SCRIPT
    BARROW_BUILD=$PWD/false pipeline duality 1 out
    stderr_has 'squared: primal is '
    stderr_has 'plan_slack is '
    [ ! -e out/index.html ]
}

@test "points are drawn alike from a seed" {
    local points=$BARROW_SOURCE/datasets/toy/points
    check 0 sh "$points" 25gaussians 4000 7
    printf '%s\n' "$output" >points.tsv
    # All of them near a place of the grid, and about as many near each.
    awk '{ x = $1 * sqrt(2); y = $2 * sqrt(2)
           i = int(x + 2.5); j = int(y + 2.5); n[i, j]++
           off = (x + 2 - i) ^ 2 + (y + 2 - j) ^ 2
           if (off > 25 * 0.025 ^ 2) exit 1 }
         END { for (i = 0; i < 5; i++) for (j = 0; j < 5; j++)
                   if (n[i, j] < 100 || n[i, j] > 220) exit 1 }' points.tsv
    check 0 sh "$points" normal:0:1 3 1
    stdout_is "$(sh "$points" normal:0:1 3 1)"
    [ "$output" != "$(sh "$points" normal:0:1 3 2)" ]
    check 0 sh "$points" 8gaussians 2
    [ "${#lines[@]}" -eq 2 ]
    check 2 sh "$points" 9gaussians 5
    check 2 sh "$points" 8gaussians many
    stderr_has 'usage: points '
}

@test "vanishing-gradient: the critic keeps its slope, the discriminator not" {
    pipeline vanishing-gradient 0 out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    awk -F '\t' '$1 == "minimax" && $2 == 3000 { gan = $3 }
                 $1 == "wasserstein" && $2 == 3000 { wgan = $5; bound = $6 / $7 }
                 END { exit !(gan < 0.01 && wgan > 0.5 && wgan < 1.5 &&
                              bound > 3) }' out/figures.tsv
    rm out/index.html out/figures.tsv
    pipeline vanishing-gradient 0 out
    [ "$(grep -c '^vanishing-gradient: ' <<<"$stderr")" -eq 2 ]

    # A distance that is too small makes the critic's bound a wrong one.
    printf 'wasserstein\t0.5\n' >out/exact.tsv
    rm out/figures.tsv
    pipeline vanishing-gradient 1 out
    stderr_has 'is no bound of 0.5'
}

@test "critic-versus-exact makes a page" {
    STEPS=24 WIDTH=0.05 pipeline critic-versus-exact 0 --small out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    # The head, and a line of six numbers for each bound.
    [ "$(wc -l <out/tightness.tsv)" -eq 6 ]
    awk -F '\t' 'NR > 1 && !(NF == 6 && $3 <= $2 && $2 <= $4 && $5 > 0 &&
                             $6 > 0) { exit 1 }' out/tightness.tsv
}

@test "no steps, or no seeds, are refused before anything is made" {
    need gnuplot parallel
    for name in critic-versus-exact toy; do
        for steps in 0 -1 1.5 x ''; do
            STEPS=$steps pipeline $name 1 --small out
            stderr_is "$name: STEPS='$steps' is no whole number above 0"
        done
    done
    SEEDS='' pipeline toy 1 --small out
    stderr_is 'toy: SEEDS is empty'
    [ ! -e out ]
}

@test "toy counts modes from several seeds" {
    need gnuplot parallel
    STEPS=12 WIDTH=0.05 SEEDS='1 4' pipeline toy 0 --small out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    [ "$(wc -l <out/modes.tsv)" -eq 13 ]
    grep -q '<td>0 / 8, ' out/index.html
    rm out/index.html out/25gaussians-gp-4.st.zst
    STEPS=12 WIDTH=0.05 SEEDS='1 4' pipeline toy 0 --small out
    [ "$(grep -c "^toy: wgan train" <<<"$stderr")" -eq 1 ]

    # Points of the set itself cover all modes.
    cp out/25gaussians-fresh.tsv out/25gaussians-gp-4-samples.tsv
    rm out/25gaussians-gp-4-modes.tsv out/modes.tsv
    STEPS=12 WIDTH=0.05 SEEDS='1 4' pipeline toy 0 --small out
    grep -q '^25gaussians	gp	4	25	25	0.9[89]' out/modes.tsv
}

@test "wgan-mnist makes a page and skips its steps" {
    EPOCHS=1 WIDTH=0.25 PAIRS=40 pipeline wgan-mnist 0 --small out
    stdout_is "$PWD/out/index.html"
    pictures_of out/index.html
    grep -q '<th>Fréchet distance of embeddings</th><td>[0-9]' out/index.html
    # Batch normalisation: with clipping and in the GAN, in spectral's generator.
    [ "$(grep -c -e '--net-generator' out/commands.txt)" -eq 3 ]
    [ "$(grep -c -e '--net-critic' out/commands.txt)" -eq 2 ]
    [ -z "$(find out -name '*.part' -o -name '*.partial')" ]
    rm out/index.html out/gan-samples.png
    EPOCHS=1 WIDTH=0.25 PAIRS=40 pipeline wgan-mnist 0 --small out
    [ "$(grep -c '^wgan-mnist: ' <<<"$stderr")" -eq 2 ]
    EPOCHS=2 WIDTH=0.25 PAIRS=40 pipeline wgan-mnist 1 --small out
    stderr_has 'out holds a run with size=small EPOCHS=1'
}
