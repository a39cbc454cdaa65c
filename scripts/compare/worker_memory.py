#!/usr/bin/env python3
"""Runs a command and prints the greatest private memory that each of its worker processes had, in MiB.

Anonymous memory is what a worker has of its own; the data that all share are no part of it. Private is that and
the pages of files (or shared data) that only this process has touched so far. Looked at every 10 ms.

Usage: worker_memory.py COMMAND...
"""

import subprocess
import sys
import time
from pathlib import Path


def rollup(process):
    sizes = {"anonymous": 0, "private": 0}
    for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
        name, size = line.split()[:2]
        if name == "Anonymous:":
            sizes["anonymous"] = int(size)
        elif name in ("Private_Clean:", "Private_Dirty:"):
            sizes["private"] += int(size)
    return sizes


def main():
    peaks = {}
    command = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    while command.poll() is None:
        for children in Path(f"/proc/{command.pid}/task").glob("*/children"):
            try:
                workers = children.read_text().split()
            except OSError:
                continue
            for worker in workers:
                try:
                    sizes = rollup(worker)
                except OSError:
                    # It has ended meanwhile.
                    continue
                peak = peaks.setdefault(worker, sizes)
                for name, size in sizes.items():
                    peak[name] = max(peak[name], size)
        time.sleep(0.01)
    for number, peak in enumerate(peaks.values(), 1):
        print(f"worker {number}\t{peak['anonymous'] / 1024:.1f}\t{peak['private'] / 1024:.1f}")
    sys.exit(command.returncode)


if __name__ == "__main__":
    main()
