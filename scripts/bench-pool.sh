#!/usr/bin/env bash
# The pool beside Python's, in one run on this machine: figures and ratios.
# Usage: scripts/bench-pool.sh [INPUTS]   (INPUTS: also map over so many inputs, and show the memory it took)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --release --locked --workspace --bins
target=${CARGO_TARGET_DIR:-target}
ours=$("$target/release/pool_bench" all)
theirs=$(python3 scripts/compare/pool_python.py)

echo "brigade, 2 workers:"
awk '{ print "  " $0 }' <<< "$ours"
echo "python $(python3 -c 'import platform; print(platform.python_version())'), 2 workers:"
awk '{ print "  " $0 }' <<< "$theirs"

# Prints how many times better brigade is: for rates ours/theirs, for times theirs/ours.
awk '
    NR == FNR { ours[$1] = $2; next }
    ($2 in ours) && $3 > 0 {
        ratio = ($4 ~ /\/s$/) ? ours[$2] / $3 : $3 / ours[$2]
        printf "  %-9s %6.1f x %s\n", $2, ratio, $1
    }
    # Where the kernel puts two processes decides what a wake-up costs, so both sit in the same places.
    END {
        note["apart"] = "on two cores"; note["together"] = "on one core"
        for (where in note)
            if (ours["pingpong-" where] > 0)
                printf "  %-9s %6.2f x pipe ping-pong, both %s (less is better)\n", "call", \
                    ours["call-" where] / ours["pingpong-" where], note[where]
    }
' <(echo "$ours") <(echo "$theirs") | { echo "brigade compared:"; cat; }

if [[ $# -gt 0 ]]; then
    "$target/release/pool_bench" inputs "$1"
fi
