#!/usr/bin/env bats
# faults.bats - a part of `make faults': calls that fail, power that is cut.

load harness

setup() {
    harness_setup
    [ -e "$BARROW_BUILD/tests/fault.so" ] || skip "fault.so is not built"
    ! ldd "$(tool wpack)" | grep -q libasan ||
        skip "nothing may be loaded before the sanitizer"
}

# The last line counts; a run in which no call was counted is no test.
faults_are_borne() {
    check 0 "$BARROW_SOURCE/tests/faults" "$@"
    [[ ${lines[-1]} =~ ^[0-9]+\ runs,\ 0\ findings$ ]] ||
        show "the last line" "no findings" "$output"
}

@test "a call that fails is told, and leaves nothing half done" {
    faults_are_borne -n 1 -c wpack-idx -c wunpack-npy -c winfo -c wcat \
        -c wdist-all -c wplot-grid -c wgan-train -c weval
}

@test "a cut of the power loses no more than was not synced" {
    faults_are_borne -p -n 4 -c wpack-idx -c wdist -c wgan-train
}

@test "a damaged container is refused, or harmless" {
    faults_are_borne -d -n 4 -c wunpack-png -c wdist -c wgan-sample
}

@test "what a run that was stopped has kept outlives a cut of the power" {
    local rc=0 n
    wpack --limit 200 "$MNIST_IMAGES" -o d.st.zst
    set -- wdist -j 1 --pairs random:3000 --method simplex d.st.zst
    "$@" -o whole.st.zst
    LD_PRELOAD=$BARROW_BUILD/tests/power.so POWER_AT=end POWER_LOSES=all \
        "$@" -o out.st.zst 2>err &
    until [ "$(stat -c %s out.st.zst.partial 2>/dev/null || echo 0)" -gt 2000 ]
    do
        kill -0 $! || show run running "ended: $(cat err)"
        sleep 0.05
    done
    kill -TERM $!
    wait $! || rc=$?
    [ $rc -eq 143 ]
    # As many results as it said.
    n=$(sed 's/^wdist: stopped after \([0-9]*\) of .*/\1/' err)
    [ "$(stat -c %s out.st.zst.partial)" -ge $((8 * n)) ]
    check 0 "$@" --resume -o out.st.zst
    same out.st.zst whole.st.zst
}
