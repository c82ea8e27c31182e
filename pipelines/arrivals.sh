# arrivals.sh - of nightly: what arrived in the folder IMAGES, and packing it;
# read after common.sh. It works in the store's folder, whose folder `work' is
# empty when a run begins; PACK and SOLVE are the settings of the run.
# shellcheck shell=sh disable=SC2154

# ---- what is there, what is new ----

# find_images TEST...: of find, in the folder IMAGES.
find_images() {
    (cd "$IMAGES" && find -L . -mindepth 1 -name '.*' -prune -o "$@")
}

# by_name: sorts names as wpack takes those of a folder: a subfolder's files
# stand where its name does, as if a slash came before all letters.
by_name() {
    tr / '\001' | sort | tr '\001' /
}

# digests FOLDER: of the names in standard input, lines of SHA-256, tab, name.
digests() (
    cd "$1" || exit
    tr '\n' '\0' | xargs -0 -r sha256sum -- |
        sed 's/^\([0-9a-f]*\) [ *]/\1\t/'
)

# known: prints the lines of all batches.
known() {
    for file in batch-*.tsv; do
        [ ! -e "$file" ] || cat "$file"
    done
}

# look: work/new, the names of new files. Fails where one that was packed is not
# what it was.
look() {
    odd='*[[:cntrl:]\\]*'
    n_odd=$(find_images -path "$odd" -prune -printf x | wc -c)
    [ "$n_odd" -eq 0 ] ||
        say "$IMAGES: $(counted "$n_odd" name) with control characters or" \
            'backslashes: left out'
    find_images -path "$odd" -prune -o -type f -iregex \
        '.*\.png\|.*\(\.npy\|\.idx\|-ubyte\)\(\.gz\|\.zst\)?' -print \
        >work/found
    sed 's,^\./,,' work/found | by_name >work/names
    digests "$IMAGES" <work/names >work/digests
    cut -f 2 work/digests | cmp -s - work/names ||
        fail "$IMAGES changes while it is read; run again"
    known >work/known
    awk -F '\t' -v new=work/new -v known=work/known '
        BEGIN {
            printf "" >new
            while ((getline <known) > 0) was[$4] = $1
        }
        !($2 in was) { print $2 >new; next }
        {
            if (was[$2] != $1) print $2 ": changed"
            delete was[$2]
        }
        END { for (name in was) print name ": vanished" }' \
        work/digests | sort >work/wrong
    n_wrong=$(wc -l <work/wrong)
    [ "$n_wrong" -gt 0 ] || return 0
    head -n 20 work/wrong | while IFS= read -r line; do
        say "$line after it was packed"
    done
    fail "$IMAGES: $(counted "$n_wrong" file) not as packed; put back what" \
        'was there, or name another folder for a new store'
}

# ---- packing ----

# form FILE: type and shape of its items, "U8 28x28x1"; rows FILE: how many.
form() {
    winfo "$1" | sed -n 's/^ *\(images\|mass\) *\([^ ]*\) *[0-9]*x/\2 /p'
}
rows() {
    winfo "$1" | sed -n 's/^ *\(images\|mass\) *[^ ]* *\([0-9]*\)x.*/\2/p'
}

# pack INPUT FILE: whether wpack and wdist take INPUT, and its images are like
# those of the store; if so they are in FILE. The reason goes to work/why.
pack() {
    # The options are words; so below.
    # shellcheck disable=SC2086
    wpack -q $PACK "$1" -o "$2" 2>work/why &&
        wdist -q $SOLVE --pairs random:1 "$2" -o work/pair.st.zst \
            2>work/why || return 1
    [ -e work/form ] || form "$2" >work/form
    [ "$(form "$2")" = "$(cat work/form)" ] && return
    echo "images are $(form "$2"), those of the store $(cat work/form)" \
        >work/why
    return 1
}

# leave_out NAME: says why; a full disk is no fault of the file.
leave_out() {
    why=$(tail -n 1 work/why | sed 's,.*work/[^:]*: ,,')
    case $why in
    *'No space left on device' | *'quota exceeded' | *'File too large')
        fail "$1: $why"
        ;;
    esac
    rm "work/files/$1"
    say "$1: left out: $why"
}

# pack_pictures: all of them as one part; where they do not fit, those that do.
pack_pictures() {
    part=work/part-00000.st.zst
    grep -i '\.png$' work/new >work/pictures || return 0
    pack work/files "$part" || while IFS= read -r name; do
        pack "work/files/$name" "$part" || leave_out "$name"
    done <work/pictures
    rm -f "$part"
    while IFS= read -r name; do
        [ ! -e "work/files/$name" ] || printf '%s\n' "$name"
    done <work/pictures >work/fit
    [ -s work/fit ] || return 0
    pack work/files "$part" || fail "$IMAGES: $(cat work/why)"
    digests work/files <work/fit | sed 's/\t/\t1\t/' >>work/parts
}

# pack_others: each file of many images as a part of its own.
pack_others() {
    grep -vi '\.png$' work/new >work/others || return 0
    k=0
    while IFS= read -r name; do
        k=$((k + 1))
        part=work/part-$(printf %05d "$k").st.zst
        if pack "work/files/$name" "$part"; then
            printf '%s\n' "$name" | digests work/files |
                sed "s/\t/\t$(rows "$part")\t/" >>work/parts
        else
            rm -f "$part"
            leave_out "$name"
        fi
    done <work/others
}
