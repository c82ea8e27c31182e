# models.bash - what the tests of the tools that train models share, besides
# harness.bash.
# shellcheck shell=bash

# What setup_file made lies in each test's folder.
setup() {
    harness_setup
    ln -s "$BATS_FILE_TMPDIR"/* .
}

# container FILE TENSOR SHAPE: a container of one F32 tensor, the bytes of
# which come from standard input.
container() {
    local n_data header
    cat >data
    n_data=$(wc -c <data)
    header="\"dtype\":\"F32\",\"shape\":[$3],\"data_offsets\":[0,$n_data]"
    header="{\"$2\":{$header}}"
    # shellcheck disable=SC2059
    printf "\\x$(printf %02x $((${#header} % 256)))\\x$(printf %02x \
        $((${#header} / 256)))\\0\\0\\0\\0\\0\\0" >"$1"
    printf '%s' "$header" | cat - data >>"$1"
    rm data
}

# numbers FILE TENSOR [FIRST-LAST]: values of rows, one a line.
numbers() {
    wunpack --to raw ${3:+--rows "$3"} "$1" "$2" | od -An -v -t f4 -w4
}

# close_to FILE FILE: numbers that differ by rounding only, as sums of equal
# numbers in batches of another size may.
close_to() {
    paste "$1" "$2" |
        awk '{ d = $1 - $2; if (NF != 2 || d * d > 1e-10) exit 1; n++ }
             END { exit !n }'
}

# The output that a refused command names as no.st.zst.
nothing_was_written() {
    [ ! -e no.st.zst ] || show "no.st.zst" "absent" "there"
}

# wait_for FILE PID: until the file is there, or the process gone.
wait_for() {
    until [ -e "$1" ] || ! kill -0 "$2" 2>/dev/null; do sleep 0.01; done
    [ -e "$1" ] || show "file" "$1" "none"
}

# setting MODEL NAME
setting() {
    winfo "$1" | awk -v name="$2" '$1 == name { print $2 }'
}

# step_of CHECKPOINT
step_of() {
    setting "$1" train.step
}

# header LOG: its terms.
header() {
    sed -n 's/^set\tstep\tepoch\trate\t//p' "$1" |
        sed 's/\ttotal\texamples_per_second\tseconds$//' | tr '\t' ' '
}

# column LOG NAME [SET]: its values in rows of training, or another set.
column() {
    awk -F '\t' -v name="$2" -v set="${3-train}" '
        $1 == "set" { for (k = 1; k <= NF; k++) if ($k == name) at = k }
        $1 == set { print $at }' "$1"
}

# ---- of wae and wgan alike ----

# sigterm_leaves_checkpoint TOOL ARGUMENT...: SIGTERM ends training (background
# ARGUMENT...) with exit 143, and c.st.zst goes on from there.
sigterm_leaves_checkpoint() {
    local tool=$1 code=0
    shift
    background "$@" --epochs 1000000 -o no.st.zst --checkpoint c.st.zst \
        --checkpoint-every 1
    # shellcheck disable=SC2154
    wait_for c.st.zst "$pid"
    kill -TERM "$pid"
    wait "$pid" || code=$?
    [ $code -eq 143 ]
    grep -q "^$tool train: interrupted after step .*; checkpoint c.st.zst " \
        told.txt
    [ "$(step_of c.st.zst)" -ge 1 ]
    nothing_was_written
}

# checkpoint_is_a_model TOOL ARGUMENT...: it gives the samples that the model
# gives, which training makes of ARGUMENT...
checkpoint_is_a_model() {
    local tool=$1
    shift
    "$tool" train "$@" --checkpoint c.st.zst train.st.zst -o m.st.zst
    "$tool" sample -n 3 m.st.zst -o a.st.zst
    "$tool" sample -n 3 c.st.zst -o b.st.zst
    same <(wunpack --to raw a.st.zst images) <(wunpack --to raw b.st.zst images)
}

# training_goes_apart TOOL FILE: logs, checkpoints and folders of pictures that
# cannot be written, or would be another output's file, of `train`, which the
# tests define; FILE is there and no folder.
training_goes_apart() {
    check 1 train --log /dev/full i.st.zst
    stderr_has '/dev/full'
    check 1 train --log none/l.tsv i.st.zst
    stderr_has 'none/l.tsv'
    check 1 train --checkpoint none/c.st.zst i.st.zst
    stderr_has 'none/c.st.zst'
    check 1 train --checkpoint /dev/full i.st.zst
    check 1 train --pictures "$2" i.st.zst
    stderr_is "$1 train: $2: Not a directory"
    check 2 "$1" train --log - -o - i.st.zst
    stderr_has 'the log and the model cannot both go to standard output'
    check 2 train --log no.st.zst i.st.zst
    stderr_has 'the log and the model cannot both go to no.st.zst'
    check 2 train --checkpoint no.st.zst i.st.zst
    stderr_has 'the checkpoint and the model cannot both go to no.st.zst'
    check 2 train --checkpoint c.st.zst --log c.st.zst i.st.zst
    stderr_has 'the checkpoint and the log cannot both go to c.st.zst'
    [ ! -e c.st.zst ]
    nothing_was_written
}

# sigint_leaves_nothing TOOL: of its samples.
sigint_leaves_nothing() {
    check 130 timeout --preserve-status -s INT 0.5 \
        "$1" sample -n 1000000000 model.st.zst -o no.st.zst
    nothing_was_written
    [ -z "$(find . -name '.*' -type f)" ]
}
