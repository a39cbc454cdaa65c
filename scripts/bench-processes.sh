#!/usr/bin/env bash
# How many processes should a command have? `master bench` answers it from inside; this does it from outside, for any
# `master` command that does the same every time, with hyperfine. It is meant to be read, copied and changed.
set -euo pipefail

usage() {
    cat <<'USAGE'
Usage: scripts/bench-processes.sh [OPTIONS] [COMMAND OF MASTER...]
  -w LIST   numbers of workers, such as 1,2,3 (default: 1, 2, 4 and so on, up to twice the cores)
  -b LIST   backends (default: processes,threads)
  -r N      runs of each (default: 10), after one that is not measured
  -o FILE   where hyperfine's own figures go, as JSON
  -p        pin each worker process to a core of its own, with taskset; processes only
  -s        only show the workers: their PIDs, cores and shares of a processor, as ps sees them; no measuring
  -h        this
The command is `factor --random 40960 --digits 18 --seed 1` by default. MASTER=FILE says which executable to measure
(default: that of `cargo build --release`). For example:
  scripts/bench-processes.sh -w 1,2,3 -b processes tune wine.csv --label 1
  scripts/bench-processes.sh -p search src -e TODO
USAGE
}
fail() { echo "bench-processes: $*" >&2; exit 2; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
master=${MASTER:-${CARGO_TARGET_DIR:-${here%/*}/target}/release/master}

# The cores that this shell may use, one a line: taskset names them as 0-3,6.
cores() {
    taskset --cpu-list --pid "$$" | sed 's/.*: //' | tr ',' '\n' |
        while IFS=- read -r first last; do seq "$first" "${last:-$first}"; done
}

# The PIDs of a master's workers, once there are so many; what there is when it ends or three seconds have gone by.
workers_of() {
    local pid=$1 wanted=$2 until=$((SECONDS + 3)) pids=()
    while ((SECONDS < until)) && kill -0 "$pid" 2> /dev/null; do
        mapfile -t pids < <(ps -o pid=,comm= --ppid "$pid" | awk '$2 ~ /^brigade-w/ { print $1 }')
        ((${#pids[@]} >= wanted)) && break
    done
    ((${#pids[@]})) && printf '%s\n' "${pids[@]}"
}

# Runs a command and gives each of its workers a core, in turn, as soon as they are there.
pinned() {
    local wanted=$1 pid core_list at=0
    shift
    "$@" &
    pid=$!
    mapfile -t core_list < <(cores)
    for worker in $(workers_of "$pid" "$wanted"); do
        # A worker whose work is done may have ended by now.
        taskset --all-tasks --cpu-list --pid "${core_list[at % ${#core_list[@]}]}" "$worker" > /dev/null 2>&1 || true
        at=$((at + 1))
    done
    wait "$pid"
}

# The way back in: hyperfine runs a command line, and this script is one.
if [[ ${1:-} == --pinned ]]; then
    shift
    pinned "$@"
    exit
fi

workers='' backends=processes,threads runs=10 output='' is_pinned='' is_shown=''
while getopts w:b:r:o:psh option; do
    case $option in
        w) workers=$OPTARG ;;
        b) backends=$OPTARG ;;
        r) runs=$OPTARG ;;
        o) output=$OPTARG ;;
        p) is_pinned=yes ;;
        s) is_shown=yes ;;
        h) usage; exit ;;
        *) usage >&2; exit 2 ;;
    esac
done
shift $((OPTIND - 1))
(($#)) || set -- factor --random 40960 --digits 18 --seed 1

if [[ -z $workers ]]; then
    for ((count = 1; count <= 2 * $(nproc); count *= 2)); do workers+=,$count; done
    workers=${workers#,}
fi
[[ $workers =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || fail "-w $workers is no list of numbers such as 1,2,3"
[[ -z $is_pinned || $backends == processes ]] || {
    echo "bench-processes: threads have no PIDs to pin; measuring processes only" >&2
    backends=processes
}
[[ -x $master ]] || fail "$master is not built: run cargo build --release"

if [[ -n $is_shown ]]; then
    most=$(tr ',' '\n' <<< "$workers" | sort -n | tail -n 1)
    "$master" "$@" --workers "$most" > /dev/null &
    pid=$!
    mapfile -t pids < <(workers_of "$pid" "$most")
    ((${#pids[@]})) || { wait "$pid"; fail "it was over before ps could see a worker: give it more to do"; }
    # What a worker did in its first moments says little.
    sleep 0.5
    ps -o pid,psr,pcpu,stat,args -p "$pid,$(IFS=,; echo "${pids[*]}")" || true
    wait "$pid"
    exit
fi

command -v hyperfine > /dev/null ||
    fail "hyperfine is not installed; as root: apt-get install hyperfine (or: cargo install hyperfine)"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

command=("$master" "$@" --workers '{workers}')
[[ -z $is_pinned ]] || command=("$here/${BASH_SOURCE[0]##*/}" --pinned '{workers}' "${command[@]}")
# Cut into words again by hyperfine, without a shell; only what stands in braces is filled in.
line=$(printf '%q ' "${command[@]}" | sed 's/\\{workers\\}/{workers}/g')
hyperfine --shell=none --style basic --warmup 1 --runs "$runs" \
    --parameter-list workers "$workers" --parameter-list backend "$backends" \
    --export-csv "$folder/results.csv" --export-json "${output:-$folder/results.json}" \
    "$line--backend {backend}" > "$folder/said" 2>&1 || { cat "$folder/said" >&2; exit 1; }
grep -iA1 warning "$folder/said" >&2 || true

echo "master $*: medians of $runs runs on $(nproc) cores${is_pinned:+, each process on a core of its own}"
# Read twice: first for the times of one worker. The command has commas of its own, maybe: columns count from the end.
awk -F, '
    FNR == 1 { for (at = 1; at <= NF; at++) from_end[$at] = NF - at; next }
    {
        workers = $(NF - from_end["parameter_workers"]); backend = $(NF - from_end["parameter_backend"])
        median = $(NF - from_end["median"]) * 1e3
    }
    NR == FNR { if (workers == 1) one[backend] = median; next }
    {
        line = sprintf("%-10s %4d %10.1f ms ± %.1f ms", backend, workers, median, $(NF - from_end["stddev"]) * 1e3)
        if (backend in one) line = line sprintf(" %8.2f x %6.0f %%", one[backend] / median, 100 * one[backend] / median / workers)
        print line
    }
' "$folder/results.csv" "$folder/results.csv" | sort -k1,1 -k2,2n
