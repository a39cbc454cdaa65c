"""Five philosophers as tasks of one event loop, with asyncio's locks, who neither take time to eat nor think.

Usage: philosophers_asyncio.py [SECONDS]. Prints meals a second, and the fewest and most of one philosopher. Each gives
the others a turn while it eats, as it would by sleeping; without that nobody would ever wait for anybody.
"""

import asyncio
import sys
import time

FACULTY = 5


async def dine(number, forks, footman, end, meals):
    own, following = forks[number], forks[(number + 1) % FACULTY]
    while time.monotonic() < end:
        async with footman, own, following:
            await asyncio.sleep(0)
            meals[number] += 1
        await asyncio.sleep(0)


async def main(seconds):
    footman = asyncio.BoundedSemaphore(FACULTY - 1)
    forks = [asyncio.Lock() for _ in range(FACULTY)]
    meals = [0] * FACULTY
    began = time.monotonic()
    await asyncio.gather(
        *(dine(number, forks, footman, began + seconds, meals) for number in range(FACULTY))
    )
    print(f"{sum(meals) / (time.monotonic() - began):.0f} {min(meals)} {max(meals)}")


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) if len(sys.argv) > 1 else 2.0))
