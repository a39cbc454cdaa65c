#!/usr/bin/env bash
# Locks between processes when nobody else wants them: brigade's beside the C library's and Python's, in one run.
# Usage: scripts/bench-sync.sh   (the best of several rounds counts)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --release --locked --package brigade-tests --bin sync_bench
target=${CARGO_TARGET_DIR:-target}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$target/release/sync_bench" > "$folder/figures"
if command -v cc > /dev/null && cc -O2 -o "$folder/pthread" scripts/compare/lock_pthread.c -pthread; then
    "$folder/pthread" >> "$folder/figures"
else
    echo "no C compiler here: the C library's mutexes are not measured" >&2
fi
if command -v python3 > /dev/null; then
    python3 scripts/compare/lock_python.py >> "$folder/figures"
fi
awk '
    NR == 1 { first = $2 }
    { printf "%-42s %8.1f ns %7.2f x\n", $1, $2, $2 / first }
    END { print "x: times as long as brigade'"'"'s mutex; one lock and unlock each" }
' "$folder/figures"
