#!/usr/bin/env bats
# installed.bats - what `make install' makes: libbarrow with its headers,
# symbols, pkg-config file and pages, the programs in examples/ built with it,
# and pipelines that run from there.

load harness

# Once: the build, installed in a folder of its own.
setup_file() {
    install_in "$BATS_FILE_TMPDIR/root"
}

setup() {
    harness_setup
    root=$BATS_FILE_TMPDIR/root
    lib=$root$(made libdir)
    include=$root$(made includedir)
    examples=$root$(made examplesdir)
    # The compiler as it was configured, with the sanitizers of the build.
    cc="$(made CC) $(made SANITIZE_CFLAGS)"
    export PKG_CONFIG_PATH=$lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
    export LD_LIBRARY_PATH=$lib
}

# quiet_make ARGUMENT...: of the build, away from the make that runs tests.
quiet_make() {
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$BARROW_BUILD" "$@"
}

# install_in FOLDER [TARGET]: what `make install' or TARGET makes of it.
install_in() {
    quiet_make "${2:-install}" DESTDIR="$1" >/dev/null 2>&1
}

# made NAME: a variable of the Makefile.
made() {
    quiet_make --eval "print: ; @echo '\$($1)'" print
}

# build NAME: an example, by pkg-config alone.
build() {
    # Commands and options are words.
    # shellcheck disable=SC2046,SC2086
    $cc -std=c11 -Wall -Wextra -Werror "$examples/$1.c" -o "$1" \
        $(pkg-config --cflags --libs barrow) -lm
}

no_sanitizers() {
    [ -z "$(made SANITIZE_CFLAGS)" ] || skip 'a build with sanitizers'
}

# map_calls, header_calls: the public calls, one a line.
map_calls() {
    sed -n 's/^ *\(bw_[a-z0-9_]*\);$/\1/p' "$BARROW_SOURCE/src/libbarrow.map"
}
header_calls() {
    cat "$include"/barrow/*.h |
        sed ':a;N;$!ba;s|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' |
        grep -o '\bbw_[a-z0-9_]*(' | tr -d '(' | LC_ALL=C sort -u
}

# same_values FILE FILE TENSOR...: the same bytes.
same_values() {
    local name
    for name in "${@:3}"; do
        wunpack --to raw "$1" "$name" >one
        wunpack --to raw "$2" "$name" >two
        [ -s one ]
        same one two
    done
}

@test "each header compiles alone, in C11 and in C++" {
    for header in "$include"/barrow/*.h; do
        echo "#include <barrow/${header##*/}>" >alone.c
        # shellcheck disable=SC2086
        $cc -std=c11 -Wall -Wextra -Werror -pedantic -fsyntax-only \
            -I"$include" alone.c
        ! command -v g++ >/dev/null ||
            g++ -x c++ -std=c++11 -Wall -Wextra -Werror -pedantic \
                -fsyntax-only -I"$include" alone.c
    done
    same <(cd "$include/barrow" && ls) <(cd "$BARROW_SOURCE/include/barrow" &&
        ls)
}

@test "headers, map and shared library have the same calls" {
    map_calls >map.txt
    [ "$(wc -l <map.txt)" -gt 100 ]
    header_calls | diff -u --label headers --label src/libbarrow.map - map.txt
    nm -D --defined-only "$lib/libbarrow.so" |
        sed -n 's/^.* T \(.*\)@@BARROW_[0-9.]*$/\1/p' | LC_ALL=C sort |
        diff -u --label libbarrow.so --label src/libbarrow.map - map.txt
}

@test "each call has its place in a page of section 3" {
    need mandoc
    pages=$root$(made mandir)/man3
    sed -n 's/^\.Nm \(bw_[a-z0-9_]*\).*/\1/p' "$pages"/*.3 |
        LC_ALL=C sort |
        diff -u --label src/libbarrow.map --label pages <(map_calls) -
    for call in $(map_calls); do
        grep -q "^[^.].*\b$call(" "$pages"/bw_*.3 || show page "$call" none
    done
    "$BARROW_SOURCE/tests/man_lint" "$pages"/*.3
    # A declaration, then its comment; bold letters are struck twice.
    mandoc -T ascii "$pages/bw_transport.3" | sed 's/.\x08//g' >page.txt
    grep -A 7 'bw_status bw_transport_create(' page.txt |
        grep -q 'A solver with its work space, for one thread'
}

# links PAGE: where it leads, one a line, without those to other sites.
links() {
    grep -o 'href="[^"]*"' "$1" | cut -d '"' -f 2 | grep -v ^https: | sort -u
}

@test "the manual in HTML: all pages, and every link leads somewhere" {
    need mandoc
    install_in "$PWD/root" install-html
    cd "root$(made htmldir)/manual"
    same index.html barrow.7.html
    same <(find . -name '*.[1-9].html' | sort) <(cd "$root$(made mandir)" &&
        find . -name '*.[1-9]' | sed 's,.*/,./,; s,$,.html,' | sort)
    for page in *.html; do
        for link in $(links "$page"); do
            to=${link%#*} anchor=${link#"${link%#*}"}
            [ -s "${to:-$page}" ] || show "$page" "$link" none
            [ -z "$anchor" ] ||
                grep -q "id=\"${anchor#\#}\"" "${to:-$page}" ||
                show "$page" "$link" none
        done
    done
    # Each page is reached from the index or from barrow(3).
    for page in *.[1-9].html; do
        links index.html | grep -qx "$page" || links barrow.3.html |
            grep -qx "$page" || [ "$page" = barrow.7.html ] ||
            show "a link to" "$page" none
    done
}

@test "the shared library prints nothing, never exits, keeps no state" {
    no_sanitizers
    nm -D --undefined-only "$lib/libbarrow.so" |
        sed 's/.* //; s/@.*//' >wanted.txt
    run ! grep -Ex '_?_?_?exit|abort|quick_exit|stdout|stderr|puts|putchar|perror' \
        wanted.txt
    run ! grep -Ex '(v?printf|__v?printf_chk|signal|sigaction|setenv|rand)' \
        wanted.txt
    # What may change: whether matrix products were tried (once), jansson's
    # allocation while a text is parsed (under a lock), and the compiler's own.
    objdump -t "$lib/libbarrow.so" |
        awk 'NF > 2 && $(NF - 2) ~ /^\.t?(data|bss)$/ { print $NF }' |
        grep -Evx '\.t?(data|bss)|__(cpu_.*|dso_handle|TMC_END__)|completed.*' |
        LC_ALL=C sort >state.txt
    diff -u - state.txt <<'END'
check_once
check_status
in_hand
plain_free
plain_malloc
watching
END
}

@test "the shared library needs no libraries of the tools alone" {
    objdump -p "$lib/libbarrow.so" >about.txt
    grep -q 'SONAME *libbarrow.so.0$' about.txt
    [ "$(readlink -f "$lib/libbarrow.so")" = "$lib/libbarrow.so.$(made \
        PACKAGE_VERSION)" ]
    run ! grep -E 'NEEDED .*(cairo|mpi|png)' about.txt
}

# shown PAGE FIRST: the block of a page that begins with the line FIRST.
shown() {
    awk -v first="$2" '
        $0 == first && last ~ /^\.Bd/ { at = 1 }
        /^\.Ed/ { at = 0 }
        at { gsub(/\\e/, "\\"); print }
        { last = $0 }' "$BARROW_SOURCE/man/$1"
}

@test "the program of barrow(3) prints what the page says" {
    shown barrow.3 '#include <barrow/transport.h>' >line.c
    examples=. build line
    check 0 ./line
    stdout_is 1
    grep -qx 'It prints 1\.' "$BARROW_SOURCE/man/barrow.3"
}

@test "the lines of barrow(5) in Python read what wdist wrote" {
    need python3 zstd
    wpack --limit 5 "$MNIST_IMAGES" -o images.st.zst
    wdist --quantity cost images.st.zst -o d.st.zst
    shown barrow.5 'import json, struct, subprocess' >read.py
    echo 'for x in cost: print("%.17g" % x)' >>read.py
    wunpack d.st.zst cost >want.tsv
    [ "$(wc -l <want.tsv)" -eq 10 ]
    check 0 python3 read.py
    stdout_is "$(cat want.tsv)"
}

@test "one pair: cost, certificate, plan and potentials" {
    build pair
    check 0 ./pair
    stdout_is 'cost 5
gap 0
0.25 from 0,0 to 1,2, where u + v is 5
0.25 from 0,0 to 2,1, where u + v is 5
0.25 from 0,1 to 2,2, where u + v is 5
0.25 from 1,0 to 2,2, where u + v is 5'
}

@test "many pairs: the container that wdist makes" {
    build pairs
    wpack --limit 100 "$MNIST_IMAGES" -o images.st.zst
    check 0 ./pairs 200 7 images.st.zst ours.st.zst
    wdist --pairs random:200 --seed 7 --quantity cost --certify \
        images.st.zst -o theirs.st.zst
    same_values ours.st.zst theirs.st.zst pairs cost gap
    check 0 winfo --verify ours.st.zst
    check 0 winfo --provenance ours.st.zst
    stdout_has 'wpack'
    check 1 ./pairs 200 7 theirs.st.zst no.st.zst
    stderr_is 'pairs: theirs.st.zst: no grey 8-bit images'
    [ ! -e no.st.zst ]
}

# a_model: model.st.zst of a few steps, and images.st.zst.
a_model() {
    wpack --limit 100 "$MNIST_IMAGES" -o images.st.zst
    wae train --preset wae-mnist-small --init he --batch 50 --steps 4 \
        --moments 2 --moments-sample 50 images.st.zst -o model.st.zst
    wae encode --model model.st.zst images.st.zst -o theirs.st.zst
}

@test "a model's encoder: the codes that wae encode makes" {
    build encode
    a_model
    check 0 ./encode model.st.zst images.st.zst ours.st.zst
    same_values ours.st.zst theirs.st.zst codes
    check 1 ./encode theirs.st.zst images.st.zst no.st.zst
    stderr_is "encode: theirs.st.zst: no model: metadata 'model' is missing"
}

@test "training in C: the loss falls, and the model is a file" {
    build train
    check 0 ./train model.st.zst
    awk '{ loss[NR] = $4 } END { exit !(NR == 5 && loss[5] < loss[1] / 5) }' \
        <<<"$output"
    check 0 winfo model.st.zst
    stdout_has 'circle'
    stdout_has 'classifier.4.weight'
}

@test "the static library links with what pkg-config --static names" {
    # shellcheck disable=SC2046,SC2086
    $cc "$examples/pairs.c" -o pairs $(pkg-config --cflags barrow) \
        $(pkg-config --static --libs barrow |
            sed "s,-lbarrow,$lib/libbarrow.a,")
    ldd ./pairs >needed.txt
    run ! grep libbarrow needed.txt
    check 2 ./pairs
}

@test "NumPy arrays through ctypes: the costs of wdist" {
    need_numpy
    no_sanitizers
    wpack --limit 40 "$MNIST_IMAGES" -o images.st.zst
    wunpack --to npy images.st.zst images >all.npy
    python3 -c '
import numpy
numpy.save("images.npy", numpy.load("all.npy")[..., 0])'
    check 0 python3 "$examples/pairs.py" images.npy 300 ours.npy
    wdist --pairs all --quantity cost images.st.zst -o theirs.st.zst
    wunpack --to npy theirs.st.zst cost >theirs.npy
    python3 -c '
import numpy
ours, theirs = numpy.load("ours.npy"), numpy.load("theirs.npy")
assert ours.shape == (300, 4)
assert (ours[:, 2] == theirs[:300]).all()
assert (ours[:, 3] == 0).all()'
    python3 -c '
import numpy
numpy.save("empty.npy", numpy.zeros((2, 3, 3), "uint8"))'
    check 1 python3 "$examples/pairs.py" empty.npy 1 no.npy
    stderr_is 'pairs.py: all mass is zero'
}

@test "a model in PyTorch: the codes that wae encode makes" {
    need_numpy
    python3 -c 'import torch' 2>/dev/null || skip 'python3-torch is absent'
    a_model
    check 0 python3 "$examples/torch_model.py" model.st.zst images.st.zst \
        ours.npy
    wunpack --to npy theirs.st.zst codes >theirs.npy
    python3 -c '
import numpy
ours, theirs = numpy.load("ours.npy"), numpy.load("theirs.npy")
assert ours.shape == theirs.shape and abs(theirs).max() > 0.1
assert abs(ours - theirs).max() < 1e-5 * abs(theirs).max()'
}

@test "a pipeline runs from the installed files, in the caller's folder" {
    need gnuplot parallel
    find "$root" -type f -exec cksum {} + | sort -k 3 >before.txt
    share=$root$(made pkgdatadir)
    # The tools of the build are out of the way.
    PATH=${PATH#"$BARROW_BUILD":} check 0 env -u BARROW_BUILD \
        sh "$share/pipelines/duality" -j 1
    pictures_of out/duality/index.html
    grep -q "^wdist " out/duality/commands.txt
    find "$root" -type f -exec cksum {} + | sort -k 3 | same - before.txt
    # Without tools beside them it says so, but where the system has its own.
    [ ! -x /usr/bin/wpack ] || return 0
    mkdir -p gone/share/barrow
    cp -R "$share"/* gone/share/barrow
    mkdir none
    PATH=$PWD/none:/usr/bin:/bin check 1 env -u BARROW_BUILD \
        sh gone/share/barrow/pipelines/duality -j 1 other
    stderr_is 'duality: wpack is not built in /usr/bin'
}

@test "an installed pipeline tells what is to be installed beside it" {
    mkdir bare
    for name in sh env dirname nproc sed grep cat; do
        ln -s "$(command -v "$name")" bare
    done
    share=$root$(made pkgdatadir)
    check 1 env -u BARROW_BUILD PATH="$PWD/bare" \
        sh "$share/pipelines/duality" out
    stderr_is 'duality: gnuplot is missing; please install it'
    [ ! -e out ]
}

@test "pipelines and data sets are installed whole" {
    share=$root$(made pkgdatadir)
    same <(cd "$share" && find . -type f | sort) \
        <(cd "$BARROW_SOURCE" && find ./pipelines ./datasets -type f | sort)
    [ -x "$share/pipelines/quickstart" ]
}

@test "uninstall leaves no file" {
    install_in "$PWD/root"
    [ -n "$(find root ! -type d)" ]
    install_in "$PWD/root" uninstall
    [ -z "$(find root ! -type d)" ] || show "files" "" "$(find root ! -type d)"
}
