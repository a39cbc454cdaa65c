#!/usr/bin/env python3
"""scikit-learn and FAISS at the grid of `master tune`: 20 ks, 4 distances. Imports and loading are not timed.

Prints a line each: name, seconds for the whole grid, what was measured. Both are fed what they like best: float64
and float32 in memory. scikit-learn computes once for each k and distance, as GridSearchCV does; for FAISS one search
of the greatest k serves all.

Usage: knn_peers.py iris FILE | digits FILE.csv | mnist FOLDER [QUERIES] | write-digits FILE.csv
"""

import csv
import importlib.util
import sys
import time

KS = range(1, 41, 2)
METRICS = {"ED": "euclidean", "MD": "manhattan", "CD": "chebyshev", "SD": "braycurtis"}


def load_csv(path):
    import numpy as np

    with open(path, encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.reader(lines) if row]
    features = np.array([row[:-1] for row in rows], float)
    _, classes = np.unique([row[-1] for row in rows], return_inverse=True)
    tests = np.arange(len(rows)) % 5 == 0
    return features[~tests], classes[~tests], features[tests], classes[tests]


def load_idx(path):
    import numpy as np

    with open(path, "rb") as file:
        data = file.read()
    sizes = [int.from_bytes(data[at : at + 4], "big") for at in range(4, 4 + 4 * data[3], 4)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes[0], -1)


def load_mnist(folder):
    names = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    images, labels, tests, answers = (load_idx(f"{folder}/{name}") for name in names)
    return images, labels.ravel(), tests, answers.ravel()


def show(name, seconds, note):
    print(f"{name}\t{seconds:.6f}\t{note}", flush=True)


def portion(testing, code, count):
    """The testing rows a distance is measured on, by default all. ED takes ten times as many: a product of matrices
    pays off only then, and a hundred rows would do the peers wrong. Returns what to multiply by, and says so."""
    if count is None:
        return slice(None), 1, "all"
    count = min(len(testing), 10 * count if code == "ED" else count)
    scale = len(testing) / count
    return slice(0, count * (len(testing) // count), len(testing) // count), scale, f"{count} queries x {scale:g}"


def sklearn_grid(training, classes, testing, answers, ks, count):
    """Fits and predicts for each k of `ks` and each distance, or for the last k only, multiplied."""
    from sklearn.neighbors import KNeighborsClassifier

    total = 0.0
    for code, metric in METRICS.items():
        part, scale, note = portion(testing, code, count)
        if len(ks) < len(KS):
            scale, note = scale * len(KS), f"{note}, one k x {len(KS)}"
        queries, truth = testing[part], answers[part]
        began = time.perf_counter()
        for k in ks:
            model = KNeighborsClassifier(n_neighbors=k, algorithm="brute", metric=metric, n_jobs=-1)
            model.fit(training, classes).score(queries, truth)
        took = (time.perf_counter() - began) * scale
        total += took
        show(f"  scikit-learn {code}", took, note)
    show("scikit-learn brute", total, "all of these")


def faiss_grid(training, testing, count):
    import faiss
    import numpy as np

    metrics = {
        "ED": faiss.METRIC_L2,
        "MD": faiss.METRIC_L1,
        "CD": faiss.METRIC_Linf,
        "SD": faiss.METRIC_BrayCurtis,
    }
    training, testing = (np.ascontiguousarray(rows, np.float32) for rows in (training, testing))
    total = 0.0
    for code, metric in metrics.items():
        index = faiss.IndexFlat(training.shape[1], metric)
        index.add(training)
        part, scale, note = portion(testing, code, count)
        queries = np.ascontiguousarray(testing[part])
        began = time.perf_counter()
        index.search(queries, max(KS))
        took = (time.perf_counter() - began) * scale
        total += took
        show(f"  FAISS {code}", took, note)
    show("FAISS flat", total, "all of these, search alone")


def main():
    what, path = sys.argv[1:3]
    if what == "write-digits":
        from sklearn.datasets import load_digits

        digits = load_digits()
        with open(path, "w", encoding="utf-8") as out:
            for row, label in zip(digits.data.astype(int), digits.target):
                out.write(",".join(map(str, row)) + f",{label}\n")
        return
    if what == "mnist":
        count = int(sys.argv[3]) if len(sys.argv) > 3 else 100
        training, classes, testing, answers = load_mnist(path)
        ks = [KS[-1]]
    else:
        training, classes, testing, answers = load_csv(path)
        ks, count = KS, None
    if importlib.util.find_spec("faiss"):
        faiss_grid(training, testing, count)
    else:
        print("knn_peers: FAISS is not installed", file=sys.stderr)
    if importlib.util.find_spec("sklearn"):
        sklearn_grid(training.astype(float), classes, testing.astype(float), answers, ks, count)
    else:
        print("knn_peers: scikit-learn is not installed", file=sys.stderr)


if __name__ == "__main__":
    main()
