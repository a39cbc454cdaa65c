#!/usr/bin/env python3
"""What becomes of 100 tasks in Python's own pools when one of them kills its worker process.

Prints one line a pool. A pool that has not answered after five seconds is taken to hang.
"""

import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor, wait

TASKS = 100
GUILTY = 50
PATIENCE = 5


def square(number: int) -> int:
    if number == GUILTY:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


def multiprocessing_pool() -> str:
    pool = multiprocessing.Pool(2)
    try:
        outcome = pool.map_async(square, range(TASKS), chunksize=1)
        return f"{len(outcome.get(PATIENCE))} results"
    except multiprocessing.TimeoutError:
        return f"no answer after {PATIENCE} s: it hangs"
    finally:
        pool.terminate()


def process_pool_executor() -> str:
    with ProcessPoolExecutor(2) as pool:
        futures = [pool.submit(square, number) for number in range(TASKS)]
        done, hanging = wait(futures, PATIENCE)
        failed = [future for future in done if future.exception()]
        kinds = {type(future.exception()).__name__ for future in failed}
        return f"{len(failed)} of {TASKS} tasks failed with {kinds}, {len(hanging)} hang"


if __name__ == "__main__":
    print("multiprocessing.Pool:", multiprocessing_pool())
    print("ProcessPoolExecutor: ", process_pool_executor())
