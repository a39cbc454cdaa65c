"""What Python's locks between processes cost when nobody else wants them: a lock and an unlock.

Prints one figure a line, as `name value unit`.
"""

import multiprocessing
import threading
import time

TIMES = 300_000


def measure(name, lock):
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(TIMES):
            with lock:
                pass
        best = min(best, time.perf_counter() - began)
    print(f"{name} {best / TIMES * 1e9:.1f} ns")


if __name__ == "__main__":
    measure("python-multiprocessing.Lock", multiprocessing.Lock())
    measure("python-multiprocessing.BoundedSemaphore", multiprocessing.BoundedSemaphore(4))
    measure("python-threading.Lock", threading.Lock())
