#!/usr/bin/env bats
# completions.bats - what the shells' completions propose is what the tools'
# tables say.

load harness

# bash_reply WORD...: what bash proposes for the last word, a line each.
bash_reply() {
    bash -c '
        source "$BARROW_SOURCE/completions/barrow.bash" || exit
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _barrow
        [ "${#COMPREPLY[@]}" -eq 0 ] ||
            printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | sort
}

# zsh_reply WORD...: the same of zsh, whose own helpers tell what they got.
zsh_reply() {
    zsh -f -c '
        compdef() { }
        compset() { words[CURRENT]=${words[CURRENT]#*=} }
        _files() { print -l -- *(N) }
        compadd() { while [[ $1 != -- ]]; do shift; done; shift; print -l -- $@ }
        _describe() { print -l -- ${${(P)3}%%:*} }
        words=("$@") CURRENT=$#
        fpath=()
        eval "$(sed "\$d" "$BARROW_SOURCE/completions/_barrow")"
        _barrow' zsh "$@" | grep -- "^${*: -1}" | sort
}

# both WORD...: proposals of both shells, or of bash alone without zsh.
both() {
    bash_reply "$@" >bash.txt
    ! command -v zsh >/dev/null || {
        zsh_reply "$@" >zsh.txt
        diff -u bash.txt zsh.txt
    }
    cat bash.txt
}

is() {
    [ "$1" = "$2" ] || show "the proposals" "$2" "$1"
}

# all_options TOOL [VERB]: the proposals are the options that its help tells of.
all_options() {
    "$@" --help=all |
        sed -nE 's/^ {1,8}(-[A-Za-z0-9], )?(--[a-z0-9-]+).*/\2/p' |
        sort >want.txt
    [ -s want.txt ]
    both "$@" -- | diff -u want.txt - >&2
}

@test "options are those of each tool's --help=all" {
    for name in $(tools); do all_options "$name"; done
}

@test "verbs come first, then their options" {
    for name in dwe wae wgan wplot; do
        both "$name" '' | grep -v '^-' >verbs.txt
        [ "$(wc -l <verbs.txt)" -gt 1 ]
        while read -r verb; do all_options "$name" "$verb"; done <verbs.txt
    done
    is "$(both wgan tr)" train
    is "$(both wgan train --lips)" --lipschitz
    is "$(both dwe e)" "embed
evaluate"
}

@test "choices, by long name, short name and behind =" {
    is "$(both wdist --ground '')" "l1
l2
linf"
    is "$(both wdist --ground lin)" linf
    is "$(bash_reply wdist --ground = l)" "l1
l2
linf"
    is "$(both wgan train --optimizer r)" rmsprop
    is "$(both wdist --pairs r)" random:
}

@test "files where a value or an operand is one" {
    touch table.tsv
    is "$(both wdist --cost ta)" table.tsv
    is "$(both wdist -o ta)" table.tsv
    is "$(both wdist ta)" table.tsv
    is "$(both wgan train ta)" table.tsv
}

@test "nothing of a tool that is not there, or of a verb that is none" {
    is "$(bash_reply ./no-such-tool --)" ''
    is "$(both wgan trian --)" ''
}
