#!/usr/bin/env bash
# Searches a Python installation: master search beside ripgrep, in one run on this machine.
# Usage: scripts/bench-search.sh [FOLDER]; `cargo build --release` first. Without FOLDER, the largest lib/python3* at
# hand, copied as often as it takes to come to 128 MB. The best of five counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

master=${CARGO_TARGET_DIR:-target}/release/master
[[ -x $master ]] || { echo "bench-search: $master is not built: run cargo build --release" >&2; exit 2; }
command -v rg > /dev/null || { echo "bench-search: no ripgrep: run scripts/setup" >&2; exit 2; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Bytes of Python files below a folder.
size() { find "$1" -name '*.py' -type f -printf '%s\n' | awk '{ sum += $1 } END { printf "%d", sum }'; }

# The largest library, itself or copied.
corpus() {
    local best='' most=0 bytes
    for folder in /usr/lib/python3* /usr/local/lib/python3* "$HOME"/.pyenv/versions/*/lib/python3*; do
        [[ -d $folder ]] || continue
        bytes=$(size "$folder")
        ((bytes > most)) && { best=$folder; most=$bytes; }
    done
    [[ -n $best ]] || { echo "bench-search: no Python library found; name a folder" >&2; exit 2; }
    if ((most >= 120000000)); then
        echo "$best"
        return
    fi
    for ((copy = 0; copy * most < 128000000; copy++)); do
        mkdir -p "$work/tree"
        cp -r "$best" "$work/tree/copy$copy"
    done
    echo "$work/tree"
}

folder=${1:-$(corpus)}
bytes=$(size "$folder")
files=$(find "$folder" -name '*.py' -type f | wc -l)
echo "$files Python files, $((bytes / 1000000)) MB, $(nproc) cores; ms, best of 5"

# Least milliseconds of a command whose output somebody reads.
best() {
    local least='' took began
    for ((run = 0; run < 5; run++)); do
        began=$(date +%s%N)
        # Nothing found is no failure.
        { "$@" 2> "$work/said" || true; } | cat > /dev/null
        took=$((($(date +%s%N) - began) / 1000))
        [[ -n $least ]] && ((least <= took)) || least=$took
    done
    awk -v least="$least" 'BEGIN { printf "%.1f", least / 1000 }'
}

# Least milliseconds that one run of ours says of each of its later answers: lines with pattern, hits, ms.
later() {
    local patterns=() pattern
    for pattern in "${asked[@]}"; do
        patterns+=(-e "$pattern" -e "$pattern" -e "$pattern" -e "$pattern" -e "$pattern")
    done
    "$master" search "$folder" -g '*.py' "$@" -e loading "${patterns[@]}" 2>&1 > >(cat > /dev/null) \
        | sed -n "s/^Found \([0-9]*\) '\(.*\)' in [0-9]* files\{0,1\} in \([0-9.]*\)ms$/\3\t\1\t\2/p" \
        | tail -n +2 | sort -t $'\t' -k3,3 -k1,1n | awk -F '\t' '!seen[$3]++ { print $3 "\t" $2 "\t" $1 }'
}

# Shows each answer beside ripgrep's whole run. Usage: beside WHAT TARGET RG-OPTIONS -- OUR-OPTIONS
beside() {
    local what=$1 target=$2 theirs=() pattern hits ms ripgrep
    shift 2
    while [[ $1 != -- ]]; do theirs+=("$1"); shift; done
    shift
    while IFS=$'\t' read -r pattern hits ms; do
        ripgrep=$(best rg --no-config -g '*.py' "${theirs[@]}" -e "$pattern" "$folder")
        awk -v what="$what" -v pattern="$pattern" -v hits="$hits" -v ms="$ms" -v rg="$ripgrep" -v target="$target" \
            'BEGIN { printf "%-24s %-22s %7d hits  ours %7.1f  ripgrep %7.1f  %6.1f x %s\n",
                what, pattern, hits, ms, rg, rg / ms, target }'
    done < <(later "$@")
}

ours=$(best "$master" search "$folder" -g '*.py' -c -e import)
threads=$(best "$master" search "$folder" -g '*.py' -c -e import --backend threads)
ripgrep=$(best rg --no-config -F -c -g '*.py' -e import "$folder")
awk -v ours="$ours" -v threads="$threads" -v rg="$ripgrep" 'BEGIN {
    printf "%-24s %-22s %12s  ours %7.1f  ripgrep %7.1f  %6.2f x (target 1)\n", "first answer, all of it", "import", "", ours, rg, rg / ours
    printf "%-24s %-22s %12s  ours %7.1f  ripgrep %7.1f  %6.2f x\n", "the same, threads", "import", "", threads, rg, rg / threads }'
asked=(import class self 'zzz absent')
beside "later, counting" "(target 10)" -F -c -- -c
beside "later, every hit" "(target 3)" -F -n -- -n
asked=('import\s+\w+' '^class \w+' '[A-Z]{4,}_\w+' 'raise \w+Error\(')
beside "later, counting, regex" "" -c -- -c --regex

# Memory while it waits for the next question: each page counts in part for each process that has it.
mkfifo "$work/questions"
"$master" search "$folder" -g '*.py' -c --interactive --format json < "$work/questions" > "$work/answers" 2> /dev/null &
pid=$!
exec 9> "$work/questions"
echo import >&9
until grep -q '"found"' "$work/answers"; do sleep 0.05; done
# Of which kinds, and of which processes.
pss() {
    local kinds=$1
    shift
    for one in "$@"; do
        awk -v kinds="^($kinds):" '$1 ~ kinds { print $2 }' "/proc/$one/smaps_rollup"
    done | awk '{ sum += $1 } END { print sum }'
}
read -ra children <<< "$(cat "/proc/$pid/task/"*/children | tr '\n' ' ')"
awk -v workers="$(pss Pss "${children[@]}")" -v all="$(pss Pss "$pid" "${children[@]}")" \
    -v taken="$(pss 'Pss_Anon|Pss_Shmem' "$pid" "${children[@]}")" -v bytes="$bytes" '
    function line(what, kb) { printf "memory (PSS): %-52s %6.1f MB, %.3f x the text\n", what, kb * 1024 / 1e6, kb * 1024 / bytes }
    BEGIN {
        line("workers", workers)
        line("workers and master", all)
        line("the same without pages of executables (target 1.15)", taken)
    }'
exec 9>&-
wait "$pid"
