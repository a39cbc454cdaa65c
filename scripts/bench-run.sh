#!/usr/bin/env bash
# Runs 500 × `true`, and 500 × `sh -c 'echo …'`, two at a time: master run beside xargs -P and GNU parallel, in one run.
# Usage: scripts/bench-run.sh [RUNS]; `cargo build --release` first. The programs take turns; the median and the best
# of RUNS (default 9; GNU parallel 3) are shown, with their ratio to master run.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-9}
jobs=500
master=${CARGO_TARGET_DIR:-target}/release/master
[[ -x $master ]] || { echo "bench-run: $master is not built: run cargo build --release" >&2; exit 2; }
command -v parallel > /dev/null || { echo "bench-run: no GNU parallel: run scripts/setup" >&2; exit 2; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
seq "$jobs" > "$folder/inputs"
export HOME=$folder

# Notes the wall time of a command that reads the inputs, in microseconds, under a name.
note() {
    local name=$1 began
    shift
    began=$(date +%s%N)
    "$@" < "$folder/inputs" > "$folder/out"
    echo $((($(date +%s%N) - began) / 1000)) >> "$folder/times.$name"
}

# Prints median and best of what was noted, in milliseconds, and the ratios to what was noted under another name.
row() {
    local label=$1 name=$2 base=$3
    paste -d ' ' <(median "$name") <(median "$base") |
        awk -v label="$label" '{ printf "%-34s %8.1f ms %8.1f ms %7.2f x\n", label, $1, $2, $1 / $3 }'
}
median() {
    sort -n "$folder/times.$1" | awk '{ time[NR] = $1 / 1000 } END { print time[int((NR + 1) / 2)], time[1] }'
}

for ((run = 0; run < runs; run++)); do
    note xargs xargs -P 2 -n 1 true
    note run "$master" run -j 2 true
    note xargs_sh xargs -P 2 -I '{}' sh -c 'echo {}'
    note run_sh "$master" run -j 2 --shell 'echo {}'
    note run_ordered "$master" run -k -j 2 --shell 'echo {}'
    if ((run < 3)); then
        note parallel parallel --will-cite -j 2 true
        note parallel_sh parallel --will-cite -j 2 'echo {}'
    fi
done
echo "$jobs jobs, 2 at a time, on $(nproc) cores              median        best   median ÷ master run's"
row "true: master run" run run
row "true: xargs -P 2" xargs run
row "true: GNU parallel" parallel run
row "sh -c 'echo': master run --shell" run_sh run_sh
row "sh -c 'echo': master run -k --shell" run_ordered run_sh
row "sh -c 'echo': xargs -P 2" xargs_sh run_sh
row "echo: GNU parallel" parallel_sh run_sh
