#!/usr/bin/env bash
# Five philosophers who neither take time to eat nor think: meals a second of brigade's processes, of Python's processes,
# and of asyncio's tasks, in one run. Usage: scripts/bench-philosophers.sh [SECONDS] [RUNS]; the best of RUNS counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

seconds=${1:-2} runs=${2:-3}
cargo build --quiet --release --locked --package brigade --package brigade-worker
master=${CARGO_TARGET_DIR:-target}/release/master

# Prints the most meals a second of some runs, and the fewest and the most of one philosopher in that run.
best() {
    for ((run = 0; run < runs; run++)); do
        "$@"
    done | sort -g | tail -n 1
}

ours() {
    "$master" demo philosophers --benchmark --seconds "$seconds" "$@" --format csv |
        awk -F, 'NR > 1 {
            sum += $2; if (NR == 2 || $2 < least) least = $2; if ($2 > most) most = $2; time = $3
        } END { printf "%.0f %d %d\n", sum / time, least, most }'
}

{
    echo "brigade_processes $(best ours)"
    echo "brigade_threads $(best ours --backend threads)"
    if command -v python3 > /dev/null; then
        echo "multiprocessing $(best python3 scripts/compare/philosophers_multiprocessing.py "$seconds")"
        echo "asyncio $(best python3 scripts/compare/philosophers_asyncio.py "$seconds")"
    fi
} | awk '
    NR == 1 { first = $2 }
    {
        gsub("_", " ", $1)
        printf "%-20s %12.0f meals/s %8.2f x   most to least %.2f\n", $1, $2, $2 / first, $4 / ($3 > 0 ? $3 : 1)
    }
    END { print "x: times as many as the first line; best of the runs" }
'
