#!/usr/bin/env bats
# pages.bats - what looks at pages in a browser finds what is wrong with them.
# Run by `make check-pages', since a browser is no part of a build.

load harness
# shellcheck source=pipelines/common.sh
. "$BARROW_SOURCE/pipelines/common.sh"

# page TEXT...: an HTML page, and a picture beside it.
page() {
    mkdir -p "${folder:=out}"
    printf '0\t1\n1\t0\n' >two.tsv
    [ -e "$folder/two.png" ] || wplot heatmap two.tsv -o "$folder/two.png"
    {
        html_head 'A page'
        printf '%s\n' "$@"
        html_tail
    } >"$folder/index.html"
}

# judged STATUS TEXT
judged() {
    need chromium
    check "$1" sh "$BARROW_SOURCE/tests/pages" "${folder:-out}/index.html"
    stdout_has "$2"
}

@test "a page that stands by itself" {
    local dot=R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7
    page '<img src="two.png" alt="two"><a href="https://example.org/">away</a>' \
        "<img src='data:image/gif;base64,$dot' alt='dot'>" \
        "$(picture single two.png 'A matrix')" \
        "<table><tr>$(printf '<td>%s</td>' $(seq 1000 1100))</tr></table>"
    judged 0 '1 pages, 0 of them not as they should be'
}

@test "folders of any name" {
    folder="it's \"50% out\" #1?"
    page '<img src="two.png" alt="two">'
    judged 0 ' 0 of them'
}

@test "a picture that is not there, or is none" {
    page '<img src="three.png" alt="three"><img src="none.png" alt="none">'
    : >out/none.png
    judged 1 'out/index.html: no picture three.png'
    stdout_has 'out/index.html: no picture none.png'
}

@test "what comes from a network" {
    page '<img src="http://127.0.0.1:9/a.png" alt="a">'
    judged 1 'loads http://127.0.0.1:9/a.png'
    page '<img src="//example.org/a.png" alt="a" srcset="b.png">' \
        '<base href="https://example.org/"><img src="two.png" alt="two">'
    judged 1 'loads //example.org/a.png'
    stdout_has ': a base'
    page '<script src="https://example.org/a.js"></script>'
    judged 1 'loads https://example.org/a.js'
    page '<script>fetch("https://example.org/x").catch(function () {});</script>'
    judged 1 ': a script'
    page '<link rel="stylesheet" href="https://example.org/a.css">'
    judged 1 'loads https://example.org/a.css'
    page '<style>@import "a.css"; p { background: url(b.png) }</style>'
    judged 1 'a style loads: line'
}

@test "what sticks out of a narrow screen" {
    page '<p style="width: 700px">wide</p>'
    judged 1 'p  sticks out by '
    page '<p>two</p><img src="two.png" alt="" style="max-width: none">'
    judged 1 'no words for picture two.png'
}

@test "no page" {
    need chromium
    check 1 sh "$BARROW_SOURCE/tests/pages" nosuch.html
    stdout_has 'nosuch.html: cannot be read'
    check 2 sh "$BARROW_SOURCE/tests/pages"
    check 2 sh "$BARROW_SOURCE/tests/pages" -x
    page 'words'
    check 1 env PATH="$PWD" /bin/sh "$BARROW_SOURCE/tests/pages" out/index.html
    stderr_is 'pages: chromium is missing; run ./bootstrap --pages'
}
