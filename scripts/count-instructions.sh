#!/usr/bin/env bash
# Counts the instructions of the hot paths (worker/benches/hot_paths.rs), which are the same on a busy machine as on an idle
# one, and compares them with those in scripts/instructions.txt: more than 5 % more is a step back, and fails.
# Usage: scripts/count-instructions.sh [--write]   --write makes what is counted the new baseline.
# A compiler makes other instructions than the next one does: with another than the baseline's, nothing is compared.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

baseline=scripts/instructions.txt
command -v valgrind > /dev/null || { echo "count-instructions: no valgrind; run scripts/setup" >&2; exit 1; }
cargo build --quiet --locked --profile counted --package brigade-worker --features bench --bin hot_paths
program=${CARGO_TARGET_DIR:-target}/counted/hot_paths
built_by="# $(rustc --version | cut -d' ' -f1,2), $(uname -m), valgrind $(valgrind --version | sed 's/valgrind-//; s/\.[^.]*$//')"

counts=$(mktemp)
trap 'rm -f "$counts" "$counts".*' EXIT
# Prints what one path takes. The loader's part, some 150,000, is in it.
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" 2> "$counts.log" > /dev/null \
        || { cat "$counts.log" >&2; exit 1; }
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$counts.log"
}
echo "$built_by" > "$counts"
"$program" --list | while read -r path; do
    echo "$path $(count "$path")"
done >> "$counts"

if [[ ${1:-} == --write ]]; then
    cp "$counts" "$baseline"
    cat "$baseline"
    exit
fi
if [[ $(head -n 1 "$baseline") != "$built_by" ]]; then
    was=$(head -n 1 "$baseline")
    echo "count-instructions: not compared: the baseline is of ${was:2}, this is ${built_by:2}"
    exit
fi
awk '
    /^#/ { next }
    NR == FNR { before[$1] = $2; next }
    {
        if (!($1 in before)) { print $1 ": not in the baseline; run scripts/count-instructions.sh --write"; bad = 1; next }
        percent = ($2 / before[$1] - 1) * 100
        verdict = percent > 5 ? "  MORE than 5 % more" : percent < -5 ? "  fewer: run scripts/count-instructions.sh --write" : ""
        printf "%-18s %13d  %+6.2f %%%s\n", $1, $2, percent, verdict
        bad = bad || percent > 5
        delete before[$1]
    }
    END {
        for (path in before) { print path ": is counted no more; run scripts/count-instructions.sh --write"; bad = 1 }
        exit bad
    }
' "$baseline" "$counts"
