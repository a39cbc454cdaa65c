#!/usr/bin/env bash
# Factors 40,960 nine-digit numbers: master factor beside coreutils' factor and a Python pool, in one run.
# Usage: scripts/bench-factor.sh [RUNS]; `cargo build --release` first. The best of RUNS (default 7) counts.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-7}
master=${CARGO_TARGET_DIR:-target}/release/master
[[ -x $master ]] || { echo "bench-factor: $master is not built: run cargo build --release" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$master" factor --random 40960 --digits 9 --seed 42 | cut -d: -f1 > "$folder/numbers"

# Prints the least wall time of a command that reads the numbers, in milliseconds.
best() {
    local times=$1 least='' took began
    shift
    for ((run = 0; run < times; run++)); do
        began=$(date +%s%N)
        "$@" < "$folder/numbers" > "$folder/out"
        took=$((($(date +%s%N) - began) / 10000))
        [[ -n $least ]] && ((least <= took)) || least=$took
    done
    cmp -s "$folder/out" "$folder/expected" || { echo "bench-factor: $* printed something else" >&2; exit 1; }
    awk -v least="$least" 'BEGIN { printf "%.2f", least / 100 }'
}

"$master" factor < "$folder/numbers" > "$folder/expected"
auto=$(best "$runs" "$master" factor)
threads=$(best "$runs" "$master" factor --backend threads)
trial=$(best "$runs" "$master" factor --method trial)
# Each line: name, milliseconds, what it is compared with.
{
    echo "master_factor $auto $auto"
    echo "master_factor_--backend_threads $threads $auto"
    command -v factor > /dev/null && echo "coreutils_factor $(best "$runs" factor) $auto"
    echo "master_factor_--method_trial $trial $trial"
    command -v python3 > /dev/null &&
        echo "Python_Pool.map,_by_trial $(best 1 python3 scripts/compare/factor_chapter.py) $trial"
} | awk '{ gsub("_", " ", $1); printf "%-34s %10.1f ms  %7.2f x\n", $1, $2, $2 / $3 }'
echo "x: times as long as the first line, or as --method trial for the last two; best of $runs (Python: 1)"
