#!/usr/bin/env python3
"""The k-NN grid search of the chapter's case study, in plain Python: one future for each cell.

Every task carries the training samples with it, as the chapter's first variant does. Prints the cells as they
complete, in the format of `master tune --format lines`.

Usage: tune_chapter.py FILE [WORKERS]
"""

import math
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Callable, NamedTuple


class Sample(NamedTuple):
    """The features come first, then the class: so samples compare as the tie rule wants."""

    features: tuple[float, ...]
    species: str


def euclidean(a: Sample, b: Sample) -> float:
    return math.sqrt(sum((x - y) ** 2 for x, y in zip(a.features, b.features)))


def manhattan(a: Sample, b: Sample) -> float:
    return sum(abs(x - y) for x, y in zip(a.features, b.features))


def chebyshev(a: Sample, b: Sample) -> float:
    return max(abs(x - y) for x, y in zip(a.features, b.features))


def sorensen(a: Sample, b: Sample) -> float:
    return manhattan(a, b) / sum(x + y for x, y in zip(a.features, b.features))


DISTANCES: dict[str, Callable[[Sample, Sample], float]] = {
    "ED": euclidean,
    "MD": manhattan,
    "CD": chebyshev,
    "SD": sorensen,
}


class Hyperparameter(NamedTuple):
    k: int
    distance: str

    def classify(self, unknown: Sample, training: list[Sample]) -> str:
        away = DISTANCES[self.distance]
        nearest = sorted((away(unknown, known), known) for known in training)
        votes = Counter(known.species for _, known in nearest[: self.k])
        return votes.most_common(1)[0][0]

    def quality(self, training: list[Sample], testing: list[Sample]) -> float:
        passed = sum(self.classify(sample, training) == sample.species for sample in testing)
        return passed / len(testing)


def score(cell: Hyperparameter, training: list[Sample], testing: list[Sample]) -> str:
    return f"{cell.k:2d} {cell.distance:2s} {cell.quality(training, testing):.3f}"


def load(path: str) -> list[Sample]:
    with open(path, encoding="utf-8") as lines:
        rows = [line.strip().split(",") for line in lines if line.strip()]
    return [Sample(tuple(map(float, row[:-1])), row[-1]) for row in rows]


def main() -> None:
    samples = load(sys.argv[1])
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else None
    testing = samples[::5]
    training = [sample for row, sample in enumerate(samples) if row % 5]
    grid = [Hyperparameter(k, distance) for k in range(1, 41, 2) for distance in DISTANCES]
    with ProcessPoolExecutor(workers) as pool:
        cells = [pool.submit(score, cell, training, testing) for cell in grid]
        for cell in as_completed(cells):
            print(cell.result())


if __name__ == "__main__":
    main()
