#!/usr/bin/env bash
# The same numbers by the local pool and over a NATS server of its own, with as many workers, in one run.
# Then one server with up to 1,000 hosts (HOSTS=0: not that). Usage: scripts/bench-cluster.sh [NUMBERS] [WORKERS] [ROUNDS]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Where Debian has nats-server and ip, and most users do not look.
export PATH=$PATH:/usr/sbin:/sbin

numbers=${1:-5000} workers=${2:-2} rounds=${3:-5}
cargo build --quiet --release --locked --workspace --bins
target=${CARGO_TARGET_DIR:-target}
master=$target/release/master

folder=$(mktemp -d)
pids=()
end() {
    ((${#pids[@]} == 0)) || kill "${pids[@]}" 2> /dev/null || true
    wait
    rm -rf "$folder"
}
trap end EXIT

port=$((20000 + RANDOM % 20000))
url=nats://127.0.0.1:$port
nats-server -js -a 127.0.0.1 -p "$port" -sd "$folder/store" -l "$folder/log" &
pids+=($!)
for _ in {1..100}; do
    "$master" cluster status --server "$url" > /dev/null 2>&1 && break
    (($? == 1)) && break
    sleep 0.1
done
"$master" join "$url" -j "$workers" --data-dir "$folder/data" 2> "$folder/host" &
pids+=($!)
until grep -q '^joined' "$folder/host"; do sleep 0.1; done

seconds() {
    local began ended
    began=$(date +%s%N)
    "$@" > "$folder/out" 2> /dev/null
    ended=$(date +%s%N)
    awk -v ns=$((ended - began)) 'BEGIN { printf "%.3f\n", ns / 1e9 }'
}

work=("$master" factor --random "$numbers" --digits 28 --seed 1)
for ((round = 0; round < rounds; round++)); do
    seconds "${work[@]}" -j "$workers" >> "$folder/local"
    cp "$folder/out" "$folder/expected"
    seconds "${work[@]}" --backend "$url" >> "$folder/remote"
    cmp "$folder/out" "$folder/expected"
done

median() { sort -n "$1" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
local_median=$(median "$folder/local") remote_median=$(median "$folder/remote")
echo "$numbers numbers of 28 digits, $workers workers, $rounds rounds in turn, $(nats-server --version)"
echo "local:   median $local_median s   all: $(xargs < "$folder/local")"
echo "cluster: median $remote_median s   all: $(xargs < "$folder/remote")"
awk -v a="$local_median" -v b="$remote_median" 'BEGIN { printf "throughput over the server: %.1f %% of the local pool\n", 100 * a / b }'

# How many hosts one server bears: agents that do nothing but wait, and then tasks of 75 ms. HOSTS=1,10,100,1000 says how many.
[[ ${HOSTS-} == 0 ]] && exit
ulimit -n "$(ulimit -Hn)"
cargo test --quiet --release --locked --workspace --test cluster_capacity -- --ignored --nocapture
