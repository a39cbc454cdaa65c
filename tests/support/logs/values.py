"""Sends random values by every protocol, and compares the file with what it should be: values.py PORT FILE SEED COUNT"""
import json
import math
import pickle
import random
import socket
import struct
import sys
import time

port, path, seed, count = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
choose = random.Random(seed)
LETTERS = "ab \"\\\n\t\x00\x7f\x85éß€☃\u2028😀\ud800\udcff"


def text():
    return "".join(choose.choice(LETTERS) for _ in range(choose.choice([0, 1, 5, 20, 300])))


def number():
    return choose.choice([0, 1, -1, 1 << choose.randrange(1, 3000), -(1 << choose.randrange(1, 3000)),
                          choose.randrange(-(1 << 66), 1 << 66), choose.randrange(-300, 300), 1 << 16000])


def real():
    return choose.choice([0.0, -0.0, 0.1, 1e300, 5e-324, math.inf, -math.inf, math.nan, choose.uniform(-1e9, 1e9),
                          1e16, 123456789012345680.0])


def blob():
    return bytes(choose.randrange(256) for _ in range(choose.choice([0, 1, 7, 300])))


def leaf():
    return choose.choice([text, text, number, real, blob, lambda: bytearray(blob()),
                          lambda: choose.choice([None, True, False])])()


def value(depth):
    if depth == 0 or choose.random() < 0.4:
        return leaf()
    some = lambda most: range(choose.choice([0, 1, 2, 3, most]))
    kind = choose.choice(["list", "tuple", "dict", "set", "frozenset", "same"])
    if kind == "list":
        return [value(depth - 1) for _ in some(5)]
    if kind == "tuple":
        return tuple(value(depth - 1) for _ in some(5))
    if kind == "set":
        return {choose.choice([text, number, blob])() for _ in some(5)}
    if kind == "frozenset":
        return frozenset(choose.choice([text, number, blob])() for _ in some(5))
    if kind == "same":
        inner = value(depth - 1)
        return [inner, inner, {"again": inner}]
    return {choose.choice([text, text, number, real, lambda: None, lambda: True])(): value(depth - 1) for _ in some(5)}


def is_long(whole):
    try:
        return len(str(abs(whole))) > 4300
    except ValueError:
        return True


def plain(it):
    """What the documentation says of each type, in the words of Python's own json."""
    if isinstance(it, bool) or it is None:
        return it
    if isinstance(it, int):
        if is_long(it):
            # Protocols 0 and 1 cannot have it, later ones have it in hexadecimal.
            return hex(it)
        return it
    if isinstance(it, float):
        if math.isnan(it):
            return "NaN"
        if math.isinf(it):
            return "Infinity" if it > 0 else "-Infinity"
        return it
    if isinstance(it, str):
        return it.encode("utf-8", "backslashreplace").decode()
    if isinstance(it, (bytes, bytearray)):
        return repr(bytes(it))
    if isinstance(it, dict):
        return tuple((key_of(key), plain(inner)) for key, inner in it.items())
    return [plain(inner) for inner in it]


def key_of(key):
    made = plain(key)
    return made if isinstance(made, str) else json.dumps(made)


def same(found, expected):
    if type(found) is not type(expected):
        return False
    if isinstance(found, float):
        return struct.pack("d", found) == struct.pack("d", expected)
    if isinstance(found, (list, tuple)):
        return len(found) == len(expected) and all(map(same, found, expected))
    return found == expected


records = [({"value": value(4), "number": index}, index % 6) for index in range(count)]
# More than a thousand items come in several batches, and more than 256 texts with larger numbers in the memo.
records += [({"many": {str(n): [n, str(n)] for n in range(2500)}}, protocol) for protocol in range(6)]
sent = []
with socket.create_connection(("127.0.0.1", port)) as server:
    for record, protocol in records:
        try:
            pickled = pickle.dumps(record, protocol)
        except ValueError:
            # Python itself refuses to write numbers that long in decimal.
            continue
        server.sendall(struct.pack(">L", len(pickled)) + pickled)
        sent.append((record, protocol))

deadline = time.monotonic() + 20
while True:
    lines = open(path, "rb").read().split(b"\n")[:-1]
    if len(lines) >= len(sent) or time.monotonic() > deadline:
        break
    time.sleep(0.02)
assert len(lines) == len(sent), f"{len(lines)} lines of {len(sent)}"
for line, (record, protocol) in zip(lines, sent):
    found = json.loads(line, object_pairs_hook=tuple)
    if not same(found, plain(record)):
        sys.exit(f"protocol {protocol}:\n{found!r}\ninstead of\n{plain(record)!r}")
print(len(sent))
