#!/usr/bin/env bash
# Factors 40,960 nine-digit numbers: master factor beside coreutils' factor and a Python pool; and 2,000 numbers of 24
# digits, which 64 bits do not hold, beside coreutils; all in one run.
# Usage: scripts/bench-factor.sh [RUNS]; `cargo build --release` first. The best of RUNS (default 7) counts.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-7}
master=${CARGO_TARGET_DIR:-target}/release/master
[[ -x $master ]] || { echo "bench-factor: $master is not built: run cargo build --release" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$master" factor --random 40960 --digits 9 --seed 42 | cut -d: -f1 > "$folder/nine"
"$master" factor --random 2000 --digits 24 --seed 42 | cut -d: -f1 > "$folder/wide"

# Prints the least wall time of a command that reads the numbers of a file, in milliseconds.
best() {
    local times=$1 numbers=$folder/$2 least='' took began
    shift 2
    for ((run = 0; run < times; run++)); do
        began=$(date +%s%N)
        "$@" < "$numbers" > "$folder/out"
        took=$((($(date +%s%N) - began) / 10000))
        [[ -n $least ]] && ((least <= took)) || least=$took
    done
    cmp -s "$folder/out" "$numbers.expected" || { echo "bench-factor: $* printed something else" >&2; exit 1; }
    awk -v least="$least" 'BEGIN { printf "%.2f", least / 100 }'
}

for numbers in nine wide; do
    "$master" factor < "$folder/$numbers" > "$folder/$numbers.expected"
done
auto=$(best "$runs" nine "$master" factor)
threads=$(best "$runs" nine "$master" factor --backend threads)
trial=$(best "$runs" nine "$master" factor --method trial)
wide=$(best "$runs" wide "$master" factor)
# Each line: name, milliseconds, what it is compared with.
{
    echo "master_factor $auto $auto"
    echo "master_factor_--backend_threads $threads $auto"
    command -v factor > /dev/null && echo "coreutils_factor $(best "$runs" nine factor) $auto"
    echo "master_factor_--method_trial $trial $trial"
    command -v python3 > /dev/null &&
        echo "Python_Pool.map,_by_trial $(best 1 nine python3 scripts/compare/factor_chapter.py) $trial"
    echo "master_factor,_24_digits $wide $wide"
    command -v factor > /dev/null && echo "coreutils_factor,_24_digits $(best "$runs" wide factor) $wide"
} | awk '{ gsub("_", " ", $1); printf "%-34s %10.1f ms  %7.2f x\n", $1, $2, $2 / $3 }'
echo "x: times as long as master factor with the same numbers, by the same method; best of $runs (Python: 1)"
