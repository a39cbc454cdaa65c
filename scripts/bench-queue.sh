#!/usr/bin/env bash
# Our queues beside ipc-channel's channels of bytes and Python's multiprocessing.Queue, in one run on this machine.
# Usage: scripts/bench-queue.sh   The best of two counts (Python: one).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --release --locked -p brigade-tests --features bench --bin queue_bench
figures=$(mktemp)
trap 'rm -f "$figures" "$figures.python"' EXIT
"${CARGO_TARGET_DIR:-target}/release/queue_bench" > "$figures"
python3 scripts/compare/queue_python.py > "$figures.python"

awk '
    function size(bytes) {
        if (bytes >= 1048576) return bytes / 1048576 " MiB"
        return bytes >= 1024 ? bytes / 1024 " KiB" : bytes " B"
    }
    NR == FNR { python[$1, $2, $3] = $4; next }
    $1 == "rate" && !rates++ { print "items a second   producers        ours  ipc-channel   Python   ours/ipc  ours/Python" }
    $1 == "trip" && !trips++ { print "round trip, us                    ours  ipc-channel   Python   ipc/ours  Python/ours" }
    $1 == "rate" || $1 == "trip" {
        theirs = python[$1, $2, $3]
        more = $1 == "rate" ? $4 / $5 : $5 / $4
        most = !theirs ? 0 : $1 == "rate" ? $4 / theirs : theirs / $4
        printf "%-16s %9d %11.0f  %11.0f %8.0f %8.2f x %10.1f x\n", size($2), $3, $4, $5, theirs, more, most
    }
    $1 == "room" { printf "ipc-channel: %d items of %s until send waits for a reader\n", $3, size($2) }
    $1 == "stopped" {
        print "ipc-channel: try_recv while a sender is stopped in the middle of 64 MiB: " \
            ($2 == "waited" ? "does not come back" : "comes back")
    }
' "$figures.python" "$figures"
