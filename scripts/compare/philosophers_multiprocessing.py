"""Five philosophers as processes, with multiprocessing's locks, who neither take time to eat nor think.

Usage: philosophers_multiprocessing.py [SECONDS]. Prints meals a second, and the fewest and most of one philosopher.
"""

import multiprocessing
import sys
import time

FACULTY = 5


def dine(number, forks, footman, start, end, meals):
    own, following = forks[number], forks[(number + 1) % FACULTY]
    start.wait()
    eaten = 0
    while time.monotonic() < end.value:
        # The clock is read once for so many meals: it is not what is measured.
        for _ in range(100):
            with footman, own, following:
                eaten += 1
        meals[number] = eaten


def main(seconds):
    footman = multiprocessing.BoundedSemaphore(FACULTY - 1)
    forks = [multiprocessing.Lock() for _ in range(FACULTY)]
    start = multiprocessing.Event()
    end = multiprocessing.Value("d", 0.0, lock=False)
    meals = multiprocessing.Array("q", FACULTY, lock=False)
    guests = [
        multiprocessing.Process(target=dine, args=(number, forks, footman, start, end, meals))
        for number in range(FACULTY)
    ]
    for guest in guests:
        guest.start()
    time.sleep(0.3)
    began = time.monotonic()
    end.value = began + seconds
    start.set()
    for guest in guests:
        guest.join()
    eaten = list(meals)
    print(f"{sum(eaten) / (time.monotonic() - began):.0f} {min(eaten)} {max(eaten)}")


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0)
