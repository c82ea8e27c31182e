# models.bash - what the tests of the tools that train models share, besides
# harness.bash.
# shellcheck shell=bash

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
