#!/usr/bin/env python3
"""MNIST's 80 cells, computed anew in whole numbers by NumPy, beside those of `master tune`.

Shares no code with Brigade. Takes every N-th testing row, finds the 39 nearest of all 60,000 training rows by the
rules (distance, then features compared one after another, then class name; a tied vote goes to the class met first),
and compares the right answers of each cell with those of `master tune --test` on a file of the same rows. Then runs
all 10,000 with and without pruning, with 1 and 2 workers: the CSV must be the same to the last byte.

Usage: mnist_reference.py MASTER FOLDER [ROWS]    (ROWS: how many testing rows, default 500; 0 for the second part only)
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter

import numpy as np

from knn_peers import KS, METRICS, load_mnist

MOST = max(KS)
CHUNK = 1000


def tune(master, folder, test, *options):
    command = [master, "tune", f"{folder}/train-images-idx3-ubyte", "--test", test, "--format", "csv", *options]
    return subprocess.run(command, check=True, capture_output=True).stdout


def write_idx(path, kind, rows):
    shape = (len(rows), 28, 28) if kind == 3 else (len(rows),)
    sizes = b"".join(size.to_bytes(4, "big") for size in shape)
    with open(path, "wb") as out:
        out.write(bytes([0, 0, 8, kind]) + sizes + rows.tobytes())


def nearest(distances):
    """The nearest rows; these are in the order that breaks ties."""
    last = np.partition(distances, MOST - 1)[MOST - 1]
    candidates = np.flatnonzero(distances <= last)
    return candidates[np.argsort(distances[candidates], kind="stable")][:MOST]


def distances_of(training, query):
    """MD and CD of all rows, chunk by chunk so that a chunk stays in the cache."""
    manhattan = np.empty(len(training), np.int64)
    chebyshev = np.empty(len(training), np.int64)
    for first in range(0, len(training), CHUNK):
        rows = training[first : first + CHUNK]
        apart = np.maximum(rows, query) - np.minimum(rows, query)
        manhattan[first : first + CHUNK] = apart.sum(axis=1, dtype=np.uint32)
        chebyshev[first : first + CHUNK] = apart.max(axis=1)
    return manhattan, chebyshev


def reference(training, classes, testing, answers):
    order = sorted(range(len(training)), key=lambda row: (training[row].tobytes(), str(classes[row])))
    training, classes = np.ascontiguousarray(training[order]), classes[order]
    wide = training.astype(np.float64)
    totals = training.sum(axis=1, dtype=np.int64)
    # Products and sums stay below 2^53, so floating point adds them exactly.
    squares = np.einsum("ij,ij->i", wide, wide)
    passed = Counter()
    for query, answer in zip(testing, answers):
        own = query.astype(np.float64)
        manhattan, chebyshev = distances_of(training, query)
        found = {
            "ED": squares + own @ own - 2 * (wide @ own),
            "MD": manhattan,
            "CD": chebyshev,
            "SD": manhattan / (totals + int(query.sum(dtype=np.int64))),
        }
        for code, distances in found.items():
            labels = classes[nearest(distances)].tolist()
            for k in KS:
                # most_common keeps classes of equal counts in the order they were met.
                passed[k, code] += Counter(labels[:k]).most_common(1)[0][0] == answer
    return {(k, code): passed[k, code] for k in KS for code in METRICS}


def cells(text):
    lines = [line.split(",") for line in text.decode().split()]
    k, distance, passed = (lines[0].index(name) for name in ("k", "distance", "passed"))
    return {(int(line[k]), line[distance]): int(line[passed]) for line in lines[1:]}


def compare_sample(master, folder, count):
    training, classes, testing, answers = load_mnist(folder)
    step = len(testing) // count
    testing, answers = testing[::step][:count], answers[::step][:count]
    with tempfile.TemporaryDirectory() as work:
        test = f"{work}/some-images-idx3-ubyte"
        write_idx(test, 3, testing)
        write_idx(f"{work}/some-labels-idx1-ubyte", 1, answers)
        ours = [cells(tune(master, folder, test, *options)) for options in ([], ["--no-prune"])]
    began = time.perf_counter()
    expected = reference(training, classes, testing, answers)
    print(f"reference of {count} rows: {time.perf_counter() - began:.1f} s", flush=True)
    wrong = 0
    for how, found in zip(("pruned", "--no-prune"), ours):
        differing = [cell for cell in expected if found.get(cell) != expected[cell]]
        wrong += len(differing) + abs(len(found) - len(expected))
        print(f"{how}: {len(expected) - len(differing)} of {len(expected)} cells equal the reference")
        for cell in differing:
            print(f"  {cell}: {found.get(cell)}, expected {expected[cell]}")
    return wrong


def compare_ways(master, folder):
    test = f"{folder}/t10k-images-idx3-ubyte"
    first, wrong = None, 0
    for workers in ("2", "1"):
        for options in ([], ["--no-prune"]):
            began = time.perf_counter()
            text = tune(master, folder, test, "--workers", workers, *options)
            took = time.perf_counter() - began
            first = first or text
            wrong += text != first
            same = "the same bytes" if text == first else "DIFFERENT"
            print(f"{workers} workers {' '.join(options) or 'pruned':10}: {took:6.2f} s, {same}", flush=True)
    return wrong


def main():
    master, folder = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 500
    wrong = compare_sample(master, folder, count) if count else 0
    wrong += compare_ways(master, folder)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
