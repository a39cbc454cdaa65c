#!/usr/bin/env bash
# How `master serve` bears many watchers: 1,000 streams of events while a tune runs, then a run of abuse.
# Prints what it measures; fails if a stream falls silent, memory grows, or anything crashes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

printf 'cores: %s\n' "$(nproc)"
cargo build --quiet --release --locked --workspace --bins
# A socket for each stream, on both sides.
ulimit -n 8192
cargo test --quiet --release --locked --workspace --test serve_streams -- --ignored --nocapture --test-threads 1
cargo test --quiet --release --locked --workspace --test serve_abuse
