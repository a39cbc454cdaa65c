#!/usr/bin/env python3
"""Cuts IDX files for the scaling curve of scripts/bench-knn.sh, and draws it. Standard library only.

Usage: knn_curve.py cut IMAGES LABELS ROWS FOLDER NAME | knn_curve.py draw CURVE.csv CURVE.svg
"""

import csv
import math
import sys

WIDTH, HEIGHT, MARGIN = 300, 220, 46


def cut(images, labels, rows, folder, name):
    for source, kind, size in ((images, "images-idx3", 784), (labels, "labels-idx1", 1)):
        header = 16 if size > 1 else 8
        with open(source, "rb") as file:
            head = bytearray(file.read(header))
            body = file.read(rows * size)
        head[4:8] = rows.to_bytes(4, "big")
        with open(f"{folder}/{name}-{kind}-ubyte", "wb") as out:
            out.write(head + body)


def panel(title, points, left):
    """One curve, both axes logarithmic."""

    def place(values, length):
        low, high = math.log(min(values)), math.log(max(values))
        return [(math.log(value) - low) / ((high - low) or 1) * length for value in values]

    across = place([x for x, _ in points], WIDTH - 2 * MARGIN)
    up = place([y for _, y in points], HEIGHT - 2 * MARGIN)
    spots = [(left + MARGIN + x, HEIGHT - MARGIN - y) for x, y in zip(across, up)]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)
    yield f'<text x="{left + WIDTH / 2}" y="18" text-anchor="middle">seconds by {title}</text>'
    yield f'<polyline points="{line}" fill="none" stroke="#2166ac" stroke-width="2"/>'
    for (x, y), (value, seconds) in zip(spots, points):
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="#2166ac"/>'
        yield f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{seconds:.2f}</text>'
        yield f'<text x="{x:.1f}" y="{HEIGHT - 20}" text-anchor="middle">{value:g}</text>'


def draw(source, target):
    curves = {}
    with open(source, encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            curves.setdefault(row["axis"], []).append((float(row["value"]), float(row["seconds"])))
    with open(target, "w", encoding="utf-8") as out:
        size = f'width="{WIDTH * len(curves)}" height="{HEIGHT}"'
        out.write(f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">\n')
        out.write('<rect width="100%" height="100%" fill="white"/>\n')
        for number, (title, points) in enumerate(curves.items()):
            out.write("\n".join(panel(title, points, number * WIDTH)) + "\n")
        out.write("</svg>\n")


def main():
    what, *rest = sys.argv[1:]
    if what == "cut":
        cut(rest[0], rest[1], int(rest[2]), *rest[3:])
    else:
        draw(*rest)


if __name__ == "__main__":
    main()
