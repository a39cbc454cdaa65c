"""What Python's process pools need for the same work as tests/support/pool_bench.rs does.

Prints one figure a line, as `name value unit`. loky is measured where it is installed.
"""

import concurrent.futures
import multiprocessing
import statistics
import time


def echo(number):
    return number


def rate(count, run):
    began = time.perf_counter()
    assert sum(run()) == count * (count - 1) // 2
    return count / (time.perf_counter() - began)


def calls(call, times=1000):
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        assert call() == 7
        samples.append(time.perf_counter() - began)
    return statistics.median(samples) * 1e6


def cycle(start, times=5):
    samples = []
    for _ in range(times):
        began = time.perf_counter()
        with start() as pool:
            assert sum(pool.map(echo, range(8))) == 28
        samples.append(time.perf_counter() - began)
    return statistics.median(samples) * 1e3


def multiprocessing_pool():
    with multiprocessing.Pool(2) as pool:
        pool.map(echo, range(2000))
        count = 50_000
        print(f"mp.Pool single {rate(count, lambda: pool.imap(echo, range(count))):.0f} tasks/s")
        count = 2_000_000
        print(f"mp.Pool chunked {rate(count, lambda: pool.map(echo, range(count))):.0f} tasks/s")
        print(f"mp.Pool call {calls(lambda: pool.apply(echo, (7,))):.2f} us")
    print(f"mp.Pool cycle {cycle(lambda: multiprocessing.Pool(8)):.2f} ms")


def futures_like(name, executor):
    with executor(2) as pool:
        list(pool.map(echo, range(500)))
        count = 10_000
        print(f"{name} single {rate(count, lambda: pool.map(echo, range(count))):.0f} tasks/s")
        print(f"{name} call {calls(lambda: pool.submit(echo, 7).result(), 500):.2f} us")


def main():
    multiprocessing_pool()
    executor = concurrent.futures.ProcessPoolExecutor
    futures_like("ProcessPoolExecutor", executor)
    print(f"ProcessPoolExecutor cycle {cycle(lambda: executor(8)):.2f} ms")
    try:
        import loky

        futures_like("loky", loky.ProcessPoolExecutor)
    except ImportError:
        pass


if __name__ == "__main__":
    main()
