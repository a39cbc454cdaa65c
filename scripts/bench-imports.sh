#!/usr/bin/env bash
# `master imports` beside `ruff analyze graph`, Python's ast module and the chapter-like program, on the standard library
# of the Python at hand (or on PATH…), all in one run, with ratios. Checks first that master finds what ast finds.
# Usage: scripts/bench-imports.sh [PATH…]; the best of RUNS (default 10; of the Python programs 1) counts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

runs=${RUNS:-10}
target=${CARGO_TARGET_DIR:-target}
master=${MASTER:-$target/release/master}
venv=target/venv-imports
[[ -n ${MASTER:-} ]] || cargo build --quiet --release --locked --bins --package brigade --package brigade-worker
[[ -x $venv/bin/python ]] || python3 -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check ruff==0.16.4 \
    || echo "bench-imports: pip could not install ruff; is there a network? Going on with what is there" >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A copy without installed packages: every program gets the same files, from a file system that is warm.
if (($#)); then
    cp -r -- "$@" "$folder"
else
    cp -r "$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" "$folder/library"
    rm -rf "$folder/library/site-packages" "$folder/library/dist-packages"
fi
find "$folder" -name '*.py' -type f ! -path '*/__pycache__/*' | sort > "$folder/paths"
bytes=$(tr '\n' '\0' < "$folder/paths" | wc -c --files0-from=- | awk 'END { print $1 }')

# Prints the least wall time of a command, in milliseconds. Files with syntax errors are no failure of a program.
best() {
    local times=$1 least='' took began
    shift
    for ((run = 0; run < times; run++)); do
        began=$(date +%s%N)
        "$@" > "$folder/out" 2> "$folder/err" < "$folder/paths" || [[ $? == 3 || $? == 1 ]] \
            || { echo "bench-imports: failed: $*" >&2; cat "$folder/err" >&2; kill "$$"; exit 1; }
        took=$((($(date +%s%N) - began) / 10000))
        [[ -n $least ]] && ((least <= took)) || least=$took
    done
    awk -v least="$least" 'BEGIN { printf "%.2f", least / 100 }'
}

printf '%s, %s cores, %s; %s files, %s bytes\n' "$(uname -srm)" "$(nproc)" "$(python3 --version)" \
    "$(wc -l < "$folder/paths")" "$bytes"
ours=$(best "$runs" "$master" imports "$folder")
{
    echo "master_imports $ours"
    echo "master_imports_--backend_threads $(best "$runs" "$master" imports --backend threads "$folder")"
    echo "master_imports_-j_1 $(best "$runs" "$master" imports -j 1 "$folder")"
    echo "master_imports_--graph_dot $(best "$runs" "$master" imports --graph dot "$folder")"
    [[ -x $venv/bin/ruff ]] && echo "ruff_analyze_graph $(best "$runs" "$venv/bin/ruff" analyze graph "$folder")"
    echo "Python's_ast,_one_process $(best 1 python3 scripts/compare/imports_ast.py)"
    echo "the_chapter's_program,_24_threads $(best 1 python3 scripts/compare/imports_ast.py --chapter)"
} | awk -v ours="$ours" '{ gsub("_", " ", $1); printf "%-36s %10.1f ms  %7.2f x\n", $1, $2, $2 / ours }'
echo "x: times as long as the first line; best of $runs (Python: 1)"
