# common.sh - what the scripts of data sets share; read by them with `.' after
# pipelines/common.sh. Each is called
#
#     sh datasets/NAME/get --from SOURCE [--digest DIGEST] [OUT]
#
# SOURCE  a folder, a file, or a URL, which curl gets. An archive (.tar,
#         .tgz, .tar.gz, .tar.xz, .tar.zst, .zip) is unpacked. A URL that ends
#         in a slash holds the files of the set by their names. No URL is built
#         in: nothing is fetched that was not asked for.
# DIGEST  the SHA-256 that a SOURCE of one file has to have, or a file such as
#         sha256sum writes, with lines for the set's files.
# OUT     the folder of containers, by default out/datasets/NAME; what was got
#         or unpacked is in OUT/files.
#
# A file appears under its name when it is whole: a download that broke off or
# has another digest, an archive that is cut off, a full disk end in a message,
# exit status 1, and no file. What is there is not made again.
# shellcheck shell=sh disable=SC2034,SC2154

program=$(basename "$(dirname "$0")")
called_as="sh datasets/$program/get"
settings=

# Why the SHA-256 of a file needs no --digest: all, the set knows those of its
# files; pictures, of some; source, the one that was given was that of them all.
known=

# set_arguments ARGUMENT...: sets from, digest, OUT and work, a folder for what
# is not to stay, and finds the tools. from is empty where it was not given, and
# the set has `form' say it may.
set_arguments() {
    form="${form---from SOURCE} [--digest DIGEST] [OUT]"
    from='' digest=''
    read_arguments "$@"
    case $from$form in --from*) usage ;; esac
    OUT=${OUT:-$(out_folder)/datasets/$program}
    mkdir -p "$OUT"
    OUT=$(cd "$OUT" && pwd)
    work=$OUT/.get
    mkdir -p "$work"
    trap 'rm -rf "$work" "$OUT"/files/*.part' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    find_tools
}

# find_tools: the tree's own, or those that are installed.
find_tools() {
    build=$PWD/build
    ! is_installed || build=$(installed_tools)
    build=${BARROW_BUILD-$build}
    [ ! -x "$build/wpack" ] || PATH=$build:$PATH
    LC_ALL=C
    export PATH LC_ALL
    command -v wpack >/dev/null ||
        fail 'wpack is neither built nor installed; see README.md'
}

# need PROGRAM PACKAGE...: fails unless PROGRAM is there.
need() {
    command -v "$1" >/dev/null ||
        fail "$1 is missing; run: apt-get install $2"
}

# ---- digests ----

sha256() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

# digest_of FILE: the SHA-256 that --digest has for it; nothing if none.
digest_of() {
    if is_sha256; then
        echo "$digest" | tr A-F a-f
    elif [ -n "$digest" ]; then
        table=$(from_here "$digest")
        [ -r "$table" ] || fail "$digest: neither a SHA-256 nor a file"
        awk -v name="${1##*/}" '
            { file = substr($0, length($1) + 3); sub(/.*\//, "", file) }
            file == name { wanted = $1 }
            END { print tolower(wanted) }' "$table"
    fi
}

# refuse FILE WHY: one that was got goes.
refuse() {
    case $1 in "$OUT"/files/*) rm -f "$1" ;; esac
    fail "${1##*/}: $2"
}

# check_digest FILE: holds a file that was given or got to its digest.
check_digest() {
    wanted=$(digest_of "$1")
    found=$(sha256 "$1")
    if [ -z "$wanted$known" ]; then
        say "${1##*/}: SHA-256 $found, not checked: no --digest tells of it"
    elif [ "${wanted:-$found}" != "$found" ]; then
        refuse "$1" "SHA-256 $found, wanted $wanted"
    fi
}

# ---- getting ----

# is_of FILE SOURCE: whether FILE is there and came from SOURCE.
is_of() {
    [ -e "$1" ] && [ "$(cat "$1.from" 2>/dev/null)" = "$2" ]
}

# download URL FILE
download() {
    if is_of "$2" "$1"; then return; fi
    command -v curl >/dev/null ||
        fail "curl is missing; run: apt-get install curl, or get $1" \
            'by other means and name the file with --from'
    say "getting $1"
    mkdir -p "${2%/*}"
    status=0
    curl -fsSL --retry 3 -o "$2.part" "$1" || status=$?
    if [ "$status" -gt 0 ]; then
        rm -f "$2.part"
        fail "$1: download failed, curl's exit status $status"
    fi
    printf '%s\n' "$1" >"$2.from"
    mv "$2.part" "$2"
}

# is_archive NAME
is_archive() {
    case $1 in
    *.tar | *.tar.gz | *.tgz | *.tar.xz | *.tar.zst | *.zip) return 0 ;;
    esac
    return 1
}

# unpack ARCHIVE FOLDER: after check_digest, which knows its SHA-256.
unpack() {
    if is_of "$2" "$1 $found"; then return; fi
    say "unpacking ${1##*/}"
    rm -rf "$2" "$2.part"
    mkdir -p "$2.part"
    if ! extract "$1" "$2.part" >&2; then
        rm -rf "$2.part"
        fail "${1##*/}: cannot be unpacked"
    fi
    printf '%s\n' "$1 $found" >"$2.from"
    mv "$2.part" "$2"
}

extract() {
    case $1 in
    *.zip)
        need unzip unzip
        unzip -q "$1" -d "$2"
        ;;
    *) tar -xf "$1" -C "$2" --no-same-owner ;;
    esac
}

# receive [NAME...]: sets `source' to the folder or file that was given, got or
# unpacked. Of a URL that ends in a slash the files of these names are got.
receive() {
    case $from in
    *://*/)
        source=$OUT/files
        for name; do
            download "$from$(url_text "$name")" "$source/$name"
        done
        ;;
    *://*)
        source=${from%%[?#]*}
        source=$OUT/files/${source##*/}
        download "$from" "$source"
        ;;
    *) source=$(from_here "$from") ;;
    esac
    [ -e "$source" ] || fail "$from: no such file or folder"
    if [ -d "$source" ]; then
        ! is_sha256 || fail "$from: --digest is that of a file; of a folder's" \
            'files name a table'
        return
    fi
    check_digest "$source"
    if is_sha256; then digest='' known=source; fi
    if is_archive "$source"; then
        unpack "$source" "$OUT/files/unpacked"
        source=$OUT/files/unpacked
    fi
}

# is_sha256: whether --digest is a digest itself.
is_sha256() {
    case $digest in '' | *[!0-9A-Fa-f]*) return 1 ;; esac
}

# settle: OUT is for one source and one text of settings; called when all that
# was given is sound, before anything is made.
settle() {
    belongs_to "from=$from${settings:+ $settings}"
}

# url_text NAME: with blanks as URLs have them.
url_text() {
    printf '%s' "$1" | sed 's/ /%20/g'
}

# find_file NAME: the path of the set's file of this name in `source', or of the
# same with the ending .gz; nothing if there is none.
find_file() {
    if [ -d "$source" ]; then
        find -L "$source" -type f \( -name "$1" -o -name "$1.gz" \) |
            sort | head -n 1
    else
        case ${source##*/} in "$1" | "$1.gz") echo "$source" ;; esac
    fi
}

# ---- packing ----

# pack FILE OPTION...: wpack, unless FILE is there.
pack() {
    file=$1
    shift
    settle
    [ -e "$file" ] || wpack "$@" -o "$file" || fail "$file: not packed"
    echo "$file"
}

# idx_head N...: the head of an IDX file of bytes of this shape.
idx_head() {
    # shellcheck disable=SC2059
    printf "\\0\\0\\10\\$(printf %o $#)$(for n; do
        printf '\\%o\\%o\\%o\\%o' $((n >> 24)) $((n >> 16 & 255)) \
            $((n >> 8 & 255)) $((n & 255))
    done)"
}

# get_digits TABLE: sets that come as the four files of MNIST. TABLE has lines
# of the SHA-256 of an uncompressed file and its name, as far as it is known.
get_digits() {
    files='train-images-idx3-ubyte train-labels-idx1-ubyte
        t10k-images-idx3-ubyte t10k-labels-idx1-ubyte'
    # The names are words.
    # shellcheck disable=SC2046,SC2086
    receive $(printf '%s.gz ' $files)
    n_packed=0
    for part in train t10k; do
        images=$(find_file $part-images-idx3-ubyte)
        labels=$(find_file $part-labels-idx1-ubyte)
        if [ -z "$images" ] || [ -z "$labels" ]; then continue; fi
        for file in "$images" "$labels"; do check_known "$file" "$1"; done
        [ "$part" = train ] || part='test'
        pack "$OUT/$part.st.zst" --labels "$labels" "$images"
        n_packed=$((n_packed + 1))
    done
    [ "$n_packed" -gt 0 ] ||
        fail "$from: neither train- nor t10k-images-idx3-ubyte with" \
            'their labels, compressed by gzip or not'
}

# check_known FILE TABLE: holds it to the digest that TABLE has of its bytes
# uncompressed, or else to --digest.
check_known() {
    name=${1##*/}
    wanted=$(printf '%s\n' "$2" |
        awk -v name="${name%.gz}" '$2 == name { print $1 }')
    if [ -z "$wanted" ] || [ -n "$digest" ]; then
        [ "$1" = "$source" ] || check_digest "$1"
        return
    fi
    gzip -t "$1" 2>/dev/null || [ "$name" = "${name%.gz}" ] ||
        refuse "$1" 'truncated or no gzip file'
    found=$(gzip -cdf "$1" | sha256sum | cut -d ' ' -f 1)
    [ "$found" = "$wanted" ] ||
        refuse "$1" "SHA-256 $found uncompressed, wanted $wanted"
}
