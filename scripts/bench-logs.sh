#!/usr/bin/env bash
# Records a second of master logs serve, beside an asyncio server, from the same streams of Python's own pickles.
# Usage: scripts/bench-logs.sh [RECORDS [RUNS]]; `cargo build --release` first. Each of 8 clients sends RECORDS
# (default 100000), a twentieth of them to asyncio; the best of RUNS (default 3) counts. Then 10,000 idle connections.
set -euo pipefail
cd "$(dirname "$0")/.."

records=${1:-100000}
runs=${2:-3}
master=${CARGO_TARGET_DIR:-target}/release/master
load=scripts/compare/logs_load.py
[[ -x $master ]] || { echo "bench-logs: $master is not built: run cargo build --release" >&2; exit 2; }
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || kill "$server"; rm -rf "$folder"' EXIT

# Starts a server; its process id in `server`, its port in `port`.
start() {
    : > "$folder/err"
    "$@" > "$folder/out" 2> "$folder/err" &
    server=$!
    until grep -q '^Serving on' "$folder/err"; do
        kill -0 "$server" 2> /dev/null || { cat "$folder/err" >&2; exit 1; }
        sleep 0.02
    done
    port=$(sed -n "s/^Serving on .*, \([0-9]*\))$/\1/p" "$folder/err")
}

# Ends the server in good order.
stop() {
    kill -TERM "$server"
    wait "$server"
    server=
}

# Prints seconds, peak memory in MiB, and records sent, lost and corrupted: of one run of a server on some streams.
once() {
    local streams=$1 began ended memory
    shift
    rm -f "$folder/log"
    start "$@"
    exec 3< <(python3 "$load" send "$port" "$folder/$streams"; echo "done")
    read -r _ <&3
    began=$(date +%s%N)
    read -r _ <&3
    memory=$(awk '/^VmHWM:/ { print int($2 / 1024) }' "/proc/$server/status")
    # Until everything is in the file.
    stop
    ended=$(date +%s%N)
    awk -v ns=$((ended - began)) -v memory="$memory" 'BEGIN { printf "%.4f %d ", ns / 1e9, memory }'
    python3 "$load" check "$folder/log" "$folder/$streams"
}

# Prints the best of some runs.
best() {
    local times=$1
    shift
    for ((run = 0; run < times; run++)); do once "$@"; done | sort -n | head -n 1
}

mkdir "$folder/many" "$folder/few"
python3 "$load" streams "$folder/many" 8 "$records"
python3 "$load" streams "$folder/few" 8 $((records / 20))
bytes=$(stat -c %s "$folder/many/stream0")
echo "8 clients, $((bytes / records)) bytes a record, $(nproc) cores, $(python3 --version)"
{
    echo "master_logs_serve $(best "$runs" many "$master" logs serve --listen 127.0.0.1:0 --output "$folder/log" --fsync never)"
    echo "asyncio_server $(best 1 few python3 scripts/compare/logs_asyncio.py 0 "$folder/log")"
} | awk '
    { gsub("_", " ", $1); rate = $4 / $2; if (!first) first = rate
      printf "%-18s %10.0f records/s %8.2f x  %4d MiB  %d sent, %d lost, %d corrupted\n", $1, rate, rate / first, $3, $4, $5, $6 }'

ulimit -n 12000 2> /dev/null || { echo "idle connections: not measured, ulimit -n is below 12000"; exit 0; }
start "$master" logs serve --listen 127.0.0.1:0 --output "$folder/log"
python3 "$load" idle "$port" 10000 "$server" | awk '{ print $1 " idle connections: " $2 " MiB" }'
stop
