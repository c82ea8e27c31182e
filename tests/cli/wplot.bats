#!/usr/bin/env bats
# wplot.bats - figures: what each verb draws, the same each time, in the format
# and size that were asked for; what it refuses; lost output.

load harness

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    wpack --limit 12 "$MNIST_IMAGES" --labels "$MNIST_LABELS" -o d.st.zst
    wpack --limit 3 "$MNIST_IMAGES" -o bare.st.zst
    wdist --plans --quantity cost d.st.zst -o plans.st.zst
    wdist --plans d.st.zst bare.st.zst -o cross.st.zst
    wdist --quantity cost --p 1 d.st.zst -o other.st.zst
    wunpack d.st.zst images --to npy -o cube.npy
    wunpack d.st.zst images --to tsv >pixels.tsv
    {
        printf '# dwe 1.0.0\nset\tstep\tepoch\tmse\ttotal\n'
        for k in 1 2 3 4 5 6; do
            printf 'train\t%d\t1\t%d\t%d\n' "$k" $((20 - k)) $((40 - k * k))
        done
        printf 'validation\t3\t1\t18\tnan\nvalidation\t6\t1\t15\t19\n'
    } >log.tsv
    printf 'low\thigh\tpairs\texact\tmean\tq10\tq90\n' >q.tsv
    printf '0\t1\t5\t0.5\t0.6\t0.3\t0.9\n1\t2\t9\t1.5\t1.4\t1.2\t1.9\n' >>q.tsv
    printf 'mse\t0.5\nwasserstein\t6\nimages\tunseen\n' >m.tsv
    printf 'mse\t0.25\nextra\t-1\n' >more.tsv
}
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/* .
}

# size FILE: width and height of a PNG.
size() {
    od -A n -t u1 -j 16 -N 8 "$1" |
        awk '{ print ($3 * 256 + $4) "x" ($7 * 256 + $8) }'
}

# draws FORMAT VERB ARGUMENTS...: the figure comes twice with the same bytes,
# and begins as its format does.
draws() {
    local format=$1 head
    shift
    check 0 wplot "$@" -o "one.$format"
    stdout_is ''
    stderr_is ''
    check 0 wplot "$@" -o "two.$format"
    same "one.$format" "two.$format"
    head=$(head -c 5 "one.$format" | tr -d '\211\000')
    case $format:$head in
    png:PNG* | svg:'<?xml' | pdf:%PDF-) ;;
    *) show "the head of one.$format" "$format" "$head" ;;
    esac
}

@test "every verb draws every format, the same each time" {
    for format in png svg pdf; do
        draws $format grid --labels under d.st.zst
        draws $format curve log.tsv
        draws $format scatter pixels.tsv
        draws $format heatmap plans.st.zst
        draws $format plan plans.st.zst d.st.zst
        draws $format plan --style colours --pair 7 plans.st.zst d.st.zst
        draws $format quantile q.tsv
        draws $format bar m.tsv more.tsv
    done
}

@test "a PDF tells no date but the first" {
    check 0 wplot curve log.tsv -o c.pdf
    grep -aq 'CreationDate (D\?:\?19700101000000' c.pdf
    [ "$(grep -ac "$(date +%Y)" c.pdf)" -eq 0 ]
}

@test "width, text and resolution" {
    check 0 wplot curve log.tsv -o single.png
    [ "$(size single.png)" = 1016x733 ]
    check 0 wplot curve --size double log.tsv -o double.png
    [[ $(size double.png) == 2102x* ]]
    check 0 wplot curve --width-mm 25.4 --height-mm 50.8 --dpi 100 log.tsv \
        -o inch.png
    [ "$(size inch.png)" = 100x200 ]
    check 0 wplot curve --width-mm 25.4 --height-mm 25.4 log.tsv -o inch.svg
    grep -q 'width="72p\?t\?" height="72p\?t\?"' inch.svg
}

@test "a grid takes whole pixels, and as many as it is told" {
    check 0 wplot grid --pad 0 --scale 2 --columns 4 d.st.zst -o a.png
    # 4 images of 28 pixels twice, and margins of 4 units of 8/12 points.
    [ "$(size a.png)" = 246x190 ]
    check 0 wplot grid --rows 3 d.st.zst -o b.png
    check 0 wplot grid --rows 4 d.st.zst -o c.png
    run ! cmp -s b.png c.png
    check 0 wplot grid --rows 3 --labels rows d.st.zst -o e.png
    run ! cmp -s b.png e.png
}

@test "options of curves change them" {
    check 0 wplot curve log.tsv -o a.svg
    for option in '--column mse' --log-y --log-x '--smooth 3' '--x epoch' \
        '--set train' '--set validation' '--title T' '--y-label T' \
        '--x-label T' '--name N' '--font-pt 9' '--y-range 0:40' '--panels 1' \
        '--panels 1 --name N'; do
        # shellcheck disable=SC2086
        check 0 wplot curve $option log.tsv -o b.svg
        run ! cmp -s a.svg b.svg
    done
}

@test "panels, a file or a column each" {
    check 0 wplot curve --panels 2 -c total -c mse log.tsv -o a.svg
    check 0 wplot curve --panels 1 -c total -c mse log.tsv -o b.svg
    run ! cmp -s a.svg b.svg
    check 0 wplot curve --panels 1 -c mse log.tsv -o one.png
    check 0 wplot curve --panels 1 -c mse log.tsv log.tsv log.tsv -o three.png
    [ "$(size one.png)" = 1016x789 ]
    [ "$(size three.png)" = 1016x2389 ]
    # More in a row than there are.
    check 0 wplot curve --panels 8 -c mse log.tsv -o wide.png
    same one.png wide.png
    for range in 1 1: 2:1 1:1 1:2:3 :2 nan:1 0:inf x; do
        check 2 wplot curve --y-range "$range" log.tsv -o bad.png
        stderr_has "--y-range: '$range' is not of the form LOW:HIGH"
    done
    check 2 wplot curve --log-y --y-range 0:2 log.tsv -o bad.png
    stderr_has ', both above 0'
    [ ! -e bad.png ]
}

@test "labels go by their names" {
    mkdir -p of/zero of/one
    wunpack --index 3 d.st.zst images -o of/zero/a.png
    wunpack --index 2 d.st.zst images -o of/one/b.png
    wpack --labels folder of -o named.st.zst
    # The same, but for the names.
    wunpack named.st.zst labels --to tsv >numbers.tsv
    wpack --labels numbers.tsv of/one/b.png of/zero/a.png -o plain.st.zst
    for style in under rows; do
        check 0 wplot grid --labels $style --columns 1 named.st.zst -o a.svg
        check 0 wplot grid --labels $style --columns 1 plain.st.zst -o b.svg
        run ! cmp -s a.svg b.svg
    done
    check 0 wplot grid named.st.zst -o a.png
    check 0 wplot grid plain.st.zst -o b.png
    same a.png b.png
}

@test "distances stand on both sides of the diagonal" {
    check 0 wplot heatmap --title '' plans.st.zst -o a.png
    check 0 wplot heatmap --log plans.st.zst -o b.png
    run ! cmp -s a.png b.png
    check 0 wplot heatmap cross.st.zst -o c.png
    check 0 wplot heatmap pixels.tsv -o d.png
}

@test "predictions that are exact" {
    check 0 wplot quantile --exact plans.st.zst --points plans.st.zst -o a.png
    check 0 wplot quantile --exact plans.st.zst plans.st.zst -o b.png
    check 0 wplot quantile q.tsv -o c.svg
    check 0 wplot quantile --label W q.tsv -o e.svg
    run ! cmp -s c.svg e.svg
    run ! cmp -s a.png b.png
}

@test "principal components and chosen columns" {
    check 0 wplot scatter pixels.tsv -o a.png
    check 0 wplot scatter --columns 400,401 pixels.tsv -o b.png
    run ! cmp -s a.png b.png
    wunpack d.st.zst labels --to tsv >labels.tsv
    check 0 wplot scatter --labels labels.tsv pixels.tsv -o c.png
    run ! cmp -s a.png c.png
    check 0 wplot scatter --limit 3 pixels.tsv -o e.png
    run ! cmp -s a.png e.png
}

@test "plans between two files" {
    check 0 wplot plan --pair 4 cross.st.zst d.st.zst bare.st.zst -o a.png
    check 2 wplot plan cross.st.zst d.st.zst -o b.png
    stderr_has 'plans between images of two files: name both'
    check 2 wplot plan plans.st.zst d.st.zst d.st.zst -o b.png
    stderr_has 'plans between images of one file: name that alone'
    check 1 wplot plan plans.st.zst bare.st.zst -o b.png
    stderr_has 'plans.st.zst: plans of d.st.zst, not of bare.st.zst'
    check 1 wplot plan --pair 66 plans.st.zst d.st.zst -o b.png
    stderr_is 'wplot plan: plans.st.zst: no pair 66: there are 66, from 0'
    check 1 wplot plan other.st.zst d.st.zst -o b.png
    stderr_is 'wplot plan: other.st.zst: no plans, as wdist --plans writes them'
    [ ! -e b.png ]
}

@test "wrong files" {
    refuse() {
        local status=$1 text=$2
        shift 2
        check "$status" wplot "$@" -o bad.png
        stderr_has "wplot $1: $text"
        [ ! -e bad.png ]
    }
    printf 'step\ttotal\n1\t2\n3\n' >short.tsv
    printf 'step\ttotal\n1\tx"\n' >word.tsv
    printf '1 2\n3 nan\n' >nan.tsv
    printf '1 2\n3 4\n' >two.tsv
    : >empty
    head -c 300 plans.st.zst >cut.st.zst
    refuse 1 'nosuch: ' grid nosuch
    refuse 1 'plans.st.zst: no tensor images or mass' grid plans.st.zst
    refuse 1 'd.st.zst: row 12 is asked for' grid --rows 12 d.st.zst
    refuse 2 "--rows: 'x' is not understood" grid --rows x d.st.zst
    refuse 1 'bare.st.zst: no tensor labels' grid --labels under bare.st.zst
    refuse 1 'cut.st.zst: ' heatmap cut.st.zst
    refuse 1 'd.st.zst: no tensor codes, matrix, mass; the file has ' \
        heatmap d.st.zst
    refuse 1 'cube.npy: rank 4' heatmap cube.npy
    refuse 1 'empty: ' scatter empty
    refuse 1 'nan.tsv: row 1: value 1 is nan' scatter nan.tsv
    refuse 1 '--columns: 1,2: the columns of two.tsv run from 0 to 1' \
        scatter --columns 1,2 two.tsv
    refuse 1 'short.tsv:3: 1 fields, the names are 2' curve short.tsv
    refuse 1 "word.tsv:2: total: 'x\"' is no number" curve word.tsv
    refuse 2 "log.tsv: no column 'loss'; there are set, step, epoch, mse, total" \
        curve --column loss log.tsv
    refuse 1 'empty: no rows' curve empty
    printf 'step\ttotal\n1\tnan\n2\t-3\n' >low.tsv
    refuse 1 'nothing to draw: no point is finite, and above 0 where' \
        curve --log-y low.tsv
    check 0 wplot curve low.tsv -o low.png
    rm low.png
    printf 'step\ttotal\n1\tnan\n2\tinf\n' >nowhere.tsv
    refuse 1 'nothing to draw: no point is finite' curve nowhere.tsv
    refuse 1 'd.st.zst: zero byte in text' curve d.st.zst
    refuse 2 "log.tsv: no column 'exact'" quantile log.tsv
    refuse 1 'other.st.zst holds W' quantile --exact plans.st.zst other.st.zst
    refuse 1 'cross.st.zst: distances of other pairs' \
        quantile --exact plans.st.zst cross.st.zst
    refuse 2 '--points needs --exact' quantile --points q.tsv
    refuse 1 'log.tsv:2: ' bar log.tsv
    refuse 1 'm.tsv: no such rows' bar --row none m.tsv
}

@test "wrong usage" {
    check 2 wplot
    stderr_has 'no verb is named'
    check 2 wplot draw m.tsv
    stderr_has "'draw' is no verb"
    check 2 wplot draw m.tsv -o a.png
    stderr_has "'draw' is no verb"
    check 2 wplot bar -o a.png
    stderr_has 'tables are needed, not 0 operands'
    check 2 wplot bar - - -o a.png
    stderr_has 'standard input can be one file only'
    check 2 wplot bar m.tsv -o a.jpeg
    stderr_has 'a.jpeg ends in none of .png, .svg and .pdf'
    check 0 wplot bar m.tsv -o a.jpeg --format svg
    check 1 wplot bar --width-mm 2000 --dpi 2400 m.tsv -o b.png
    stderr_has 'too large'
    [ ! -e b.png ]
}

@test "names with quotes and newlines" {
    cp m.tsv $'a "b"\n.tsv'
    check 0 wplot bar $'a "b"\n.tsv' more.tsv -o a.svg
    check 0 wplot curve --title $'\x01\xff"<&' log.tsv -o b.svg
}

@test "long names are not cut off at the left" {
    printf 'a name that is much longer than there is room for\t3\n' >long.tsv
    check 0 wplot bar long.tsv -o long.svg
    run ! grep -q '<use[^>]* x="-' long.svg
}

@test "a million points" {
    seq 1 1000000 | awk '{ print $1, $1 % 977 }' >many.txt
    check 0 wplot scatter many.txt -o many.png
}

@test "standard input and lost output" {
    check 0 bash -c 'wplot curve - <log.tsv >a.png'
    check 0 wplot curve log.tsv -o b.png
    same a.png b.png
    check_full wplot grid d.st.zst
    check_full wplot curve --format svg log.tsv
    check_full wplot bar --format pdf m.tsv
    check_closed_pipe wplot heatmap plans.st.zst
    check_closed_pipe wplot scatter --format svg pixels.tsv
    check 1 wplot bar m.tsv -o nosuch/a.svg
    mkdir folder
    for format in png svg pdf; do
        check 1 wplot bar m.tsv --format $format -o folder
        stderr_has 'folder'
        check 1 wplot bar m.tsv --format $format -o /dev/full
    done
    check 1 wplot bar folder -o c.png
    check 1 wplot grid /dev/null -o c.png
    [ ! -e c.png ] && [ -z "$(ls -A folder)" ]
}
