#!/usr/bin/env bash
# `master tune` beside what else does the same work: the chapter-like Python program, scikit-learn, FAISS; in one run,
# with ratios. And how its time grows, what its kernels leave of the machine's limit, and what memory its workers take.
# Usage: scripts/bench-knn.sh [iris|digits|mnist|scaling|kernels|memory|exact|all] [RESULTS_FOLDER]
# `all` leaves out `exact`, which is a check. QUERIES=100 says how many of MNIST's the peers are measured on.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

what=${1:-all}
results=${2:-target/bench-knn}
queries=${QUERIES:-100}
target=${CARGO_TARGET_DIR:-target}
master=${MASTER:-$target/release/master}
mnist=data/mnist
venv=target/venv-knn
packages=(numpy==2.4.6 scikit-learn==1.9.1 faiss-cpu==1.15.1)

case $what in
    iris | digits | mnist | scaling | kernels | memory | exact | all) ;;
    *) echo "bench-knn: $what is none of iris, digits, mnist, scaling, kernels, memory, exact, all" >&2; exit 2 ;;
esac
mkdir -p "$results"
[[ -n ${MASTER:-} ]] || cargo build --quiet --release --locked --bins --package brigade --package brigade-worker
python=$venv/bin/python
[[ -x $python ]] || python3 -m venv "$venv"
"$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" \
    || echo "bench-knn: pip could not install ${packages[*]}; is there a network? Going on with what is there" >&2

is_asked() { [[ $what == "$1" || ($what == all && $1 != exact) ]]; }

# Prints the least wall time of a command over so many runs, in seconds. One that fails has no time: it ends all,
# which an exit from inside $(…) would not.
best() {
    local runs=$1 least='' took began
    shift
    for ((run = 0; run < runs; run++)); do
        began=$(date +%s%N)
        "$@" > /dev/null || { echo "bench-knn: failed: $*" >&2; kill "$$"; exit 1; }
        took=$((($(date +%s%N) - began) / 1000))
        [[ -n $least ]] && ((least <= took)) || least=$took
    done
    awk -v least="$least" 'BEGIN { printf "%.6f", least / 1e6 }'
}

line() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

# Reads lines of name, seconds, note. The first is what the others are compared with.
compare() {
    echo "$1"
    awk -F '\t' '
        NR == 1 { ours = $2 }
        {
            time = $2 < 1 ? sprintf("%.2f ms", $2 * 1e3) : sprintf("%.2f s", $2)
            printf "  %-28s %14s %12.1f x   %s\n", $1, time, $2 / ours, $3
        }
    ' | tee "$results/${1%%,*}.txt"
}

printf '%s, %s cores, %s; x: times as long as the first line; imports of the peers are not counted\n' \
    "$(uname -srm)" "$(nproc)" "$(python3 --version)"

if is_asked iris; then
    {
        line "master tune" "$(best 30 "$master" tune --format csv)" "whole process, best of 30"
        line "master tune --no-prune" "$(best 30 "$master" tune --format csv --no-prune)" "best of 30"
        line "chapter-like Python" "$(best 3 python3 scripts/compare/tune_chapter.py data/bezdekIris.data 2)" \
            "whole process, best of 3"
        "$python" scripts/compare/knn_peers.py iris data/bezdekIris.data || true
    } | compare "iris, 120 against 30 rows, 80 cells"
fi

if is_asked digits; then
    digits=$results/digits.csv
    if "$python" scripts/compare/knn_peers.py write-digits "$digits"; then
        head -180 "$digits" > "$results/digits-180.csv"
        {
            line "master tune" "$(best 10 "$master" tune --format csv "$digits")" "whole process, best of 10"
            line "master tune --no-prune" "$(best 10 "$master" tune --format csv --no-prune "$digits")" "best of 10"
            part=$(best 1 python3 scripts/compare/tune_chapter.py "$results/digits-180.csv" 2)
            line "chapter-like Python" "$(awk -v part="$part" 'BEGIN { print part * (1797 / 180) ^ 2 }')" \
                "180 of 1797 rows x (1797/180)^2"
            "$python" scripts/compare/knn_peers.py digits "$digits" || true
        } | compare "digits, 1437 against 360 rows, 80 cells"
    fi
fi

if is_asked mnist || is_asked scaling || is_asked memory || is_asked exact; then
    scripts/fetch-mnist.sh "$mnist"
fi
tune=("$master" tune "$mnist/train-images-idx3-ubyte" --format csv --progress never)
full=("${tune[@]}" --test "$mnist/t10k-images-idx3-ubyte")

if is_asked mnist; then
    {
        line "master tune" "$(best 2 "${full[@]}")" "whole process, best of 2"
        line "master tune --no-prune" "$(best 1 "${full[@]}" --no-prune)" "whole process"
        "$python" scripts/compare/knn_peers.py mnist "$mnist" "$queries" || true
    } | compare "mnist, 60000 against 10000 rows, 80 cells"
fi

if is_asked scaling; then
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    cut() { python3 scripts/compare/knn_curve.py cut "$mnist/$1-images-idx3-ubyte" "$mnist/$1-labels-idx1-ubyte" "$2" "$work" "$3"; }
    cut t10k 2000 tests
    some=(--test "$work/tests-images-idx3-ubyte")
    echo "scaling, against 2000 rows; workers: against all 10000"
    {
        echo axis,value,seconds
        for rows in 1000 4000 15000 60000; do
            cut train "$rows" "rows$rows"
            echo "samples,$rows,$(best 2 "$master" tune --format csv --progress never "$work/rows$rows-images-idx3-ubyte" "${some[@]}")"
        done
        for features in 49 196 392 784; do
            echo "features,$features,$(best 2 "${tune[@]}" "${some[@]}" --features "1-$features")"
        done
        for workers in 1 2; do
            echo "workers,$workers,$(best 2 "${full[@]}" --workers "$workers")"
        done
    } | tee "$results/scaling.csv"
    python3 scripts/compare/knn_curve.py draw "$results/scaling.csv" "$results/scaling.svg"
    awk -F , '$1 == "workers" { took[$2] = $3 }
        END { printf "two workers are %.2f x one\n", took[1] / took[2] }' "$results/scaling.csv"
fi

if is_asked kernels; then
    echo "kernels, pairs of bytes compared in a nanosecond by one core"
    cargo bench --quiet --locked --package brigade-worker --features bench --bench kernels -- --output-format bencher \
        | awk '$1 == "test" {
            gsub(",", "")
            # 256 rows of 784 bytes against four queries.
            printf "  %-28s %8.1f\n", $2, 256 * 784 * 4 / $5
        }' | tee "$results/kernels.txt"
    if command -v cc > /dev/null && cc -O3 -march=native -o "$results/kernel_limit" scripts/compare/kernel_limit.c; then
        "$results/kernel_limit" | awk -F '\t' '{ printf "  limit: %-21s %8.1f\n", $1, $2 }' | tee -a "$results/kernels.txt"
    else
        echo "  no C compiler here: the machine's limit is not measured"
    fi
fi

if is_asked memory; then
    python3 scripts/compare/worker_memory.py "${full[@]}" --workers 2 \
        | awk -F '\t' '{ printf "%s: at most %s MiB of its own, %s MiB with pages only it has touched\n", $1, $2, $3 }' \
        | tee "$results/memory.txt"
fi

if is_asked exact; then
    "$python" scripts/compare/mnist_reference.py "$master" "$mnist" 500
fi
