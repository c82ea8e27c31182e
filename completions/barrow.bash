# shellcheck shell=bash
# barrow.bash - completes the options, values, verbs and files of barrow's tools
# in bash, by what each tool tells of itself with --help=table. Installed under
# the name of each tool, so that bash-completion finds it; or to be sourced.

# _barrow_values VALUES TYPED: words of "all|random:M|FILE" that are to be typed
# as they stand, and files where one of them is for a name.
_barrow_values() {
    local word words=()
    local IFS='|'
    for word in $1; do
        case $word in
        *FILE* | *FOLDER* | *MODEL* | *LOG*) compopt -o filenames 2>/dev/null
            mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY \
                < <(compgen -f -- "$2") ;;
        *:*) words+=("${word%%:*}:") ;;
        *[[:upper:]]*) ;;
        *) words+=("$word") ;;
        esac
    done
    IFS=$'\n'
    mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY \
        < <(compgen -W "${words[*]}" -- "$2")
}

_barrow() {
    local tool=${COMP_WORDS[0]/#\~/$HOME} typed=${COMP_WORDS[COMP_CWORD]}
    local before=${COMP_WORDS[COMP_CWORD - 1]} name letter type values table
    local names=()
    COMPREPLY=()
    # A "=" is a word of its own.
    if [[ $typed == = ]]; then
        typed=''
    elif [[ $before == = ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    table=$("$tool" --help=table 2>/dev/null) || return
    if [[ $table == *$'\tverb\t'* && $COMP_CWORD -gt 1 ]]; then
        table=$("$tool" "${COMP_WORDS[1]}" --help=table 2>/dev/null) || return
    fi
    while IFS=$'\t' read -r name letter type values _; do
        case $type in
        verb) names+=("$name") ;;
        flag | *\?) names+=("--$name") ;;
        *)
            names+=("--$name")
            if [[ $before == "--$name" || $before == "-$letter" ]]; then
                _barrow_values "$values" "$typed"
                return
            fi
            ;;
        esac
    done <<<"${table//$'\t\t'/$'\t \t'}"
    if [[ $typed == -* || ${names[0]} != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "${names[*]}" -- "$typed")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$typed")
    fi
}

complete -F _barrow dwe wae wcat wdist weval wgan winfo wpack wplot wunpack
