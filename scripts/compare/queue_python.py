"""Python's multiprocessing.Queue: items a second of several producers, and round trips. One figure a line."""

import multiprocessing as mp
import time

BYTES = 64 << 20
ITEMS = 20_000
ROUNDS = 500


def put(queue, size, count, begin):
    item = bytes(size)
    begin.wait()
    for _ in range(count):
        queue.put(item)


def echo(there, back):
    while (item := there.get()) is not None:
        back.put(item)


def rate(context, size, producers):
    count = min(BYTES // size, ITEMS) // producers
    queue, begin = context.Queue(), context.Event()
    children = [context.Process(target=put, args=(queue, size, count, begin)) for _ in range(producers)]
    for child in children:
        child.start()
    time.sleep(0.3)
    began = time.perf_counter()
    begin.set()
    for _ in range(producers * count):
        queue.get()
    took = time.perf_counter() - began
    for child in children:
        child.join()
    return producers * count / took


def trip(context, size):
    there, back = context.Queue(), context.Queue()
    child = context.Process(target=echo, args=(there, back))
    child.start()
    item = bytes(size)
    for turn in range(ROUNDS + 50):
        if turn == 50:
            began = time.perf_counter()
        there.put(item)
        back.get()
    took = time.perf_counter() - began
    there.put(None)
    child.join()
    return took / ROUNDS * 1e6


if __name__ == "__main__":
    context = mp.get_context("fork")
    for size in (64, 1 << 10, 64 << 10, 1 << 20, 16 << 20):
        for producers in (1, 2, 4, 8):
            if size * producers <= BYTES:
                print(f"rate {size} {producers} {rate(context, size, producers):.0f}", flush=True)
    for size in (64, 64 << 10, 1 << 20):
        print(f"trip {size} 1 {trip(context, size):.1f}", flush=True)
