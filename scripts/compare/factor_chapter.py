"""Prime factors under multiprocessing.Pool, by brute force: what `master factor --method trial` is measured against.

Reads numbers from standard input, one a line, and prints each with its factors, as `factor` does.
"""

import sys
from math import ceil, sqrt
from multiprocessing import Pool, cpu_count


def prime_factors(number: int) -> list[int]:
    """Divides by the first divisor up to the square root, then does the same with both parts."""
    if number in (2, 3):
        return [number]
    for divisor in range(2, ceil(sqrt(number)) + 1):
        if number % divisor == 0:
            return prime_factors(divisor) + prime_factors(number // divisor)
    return [number] if number > 1 else []


def main() -> None:
    numbers = [int(line) for line in sys.stdin]
    with Pool(cpu_count()) as pool:
        results = pool.map(prime_factors, numbers)
    for number, factors in zip(numbers, results):
        print(f"{number}:", *factors)


if __name__ == "__main__":
    main()
