#!/usr/bin/env bash
# Whole-process time of `master tune` on Iris against the chapter's program, side by side, and the ratio.
# Uses hyperfine if it is installed. Usage: scripts/bench-tune.sh [WORKERS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

workers=${1:-2}
data=data/bezdekIris.data
master=${CARGO_TARGET_DIR:-target}/release/master
ours=("$master" tune "$data" --workers "$workers" --format lines)
theirs=(python3 scripts/compare/tune_chapter.py "$data" "$workers")

cargo build --quiet --release --bins --package brigade --package brigade-worker
if ! diff <("${ours[@]}" | sort) <("${theirs[@]}" | sort); then
    echo "the outputs differ" >&2
    exit 1
fi
echo "both programs agree on all cells"

# The mean wall time of a command in ms, over this many runs.
mean() {
    local runs=$1 began
    shift
    began=$(date +%s%N)
    for ((run = 0; run < runs; run++)); do
        "$@" > /dev/null
    done
    awk -v ns=$(($(date +%s%N) - began)) -v runs="$runs" 'BEGIN { printf "%.2f", ns / runs / 1e6 }'
}

if command -v hyperfine > /dev/null; then
    results=$(mktemp)
    trap 'rm -f "$results"' EXIT
    hyperfine --shell=none --warmup 3 --style basic --export-json "$results" \
        --command-name "master tune" "${ours[*]}" --command-name "chapter" "${theirs[*]}" 2> /dev/null
    read -r ours_ms theirs_ms < <(python3 - "$results" <<'PYTHON'
import json, sys
print(*(f"{result['mean'] * 1e3:.2f}" for result in json.load(open(sys.argv[1]))["results"]))
PYTHON
    )
else
    mean 5 "${ours[@]}" > /dev/null
    ours_ms=$(mean 50 "${ours[@]}")
    theirs_ms=$(mean 5 "${theirs[@]}")
fi

printf '%s, %s cores, %s workers, %s\n' "$(uname -srm)" "$(nproc)" "$workers" "$(python3 --version)"
awk -v ours="$ours_ms" -v theirs="$theirs_ms" 'BEGIN {
    printf "master tune: %s ms   chapter: %s ms   ratio: %.0f\n", ours, theirs, theirs / ours
}'
