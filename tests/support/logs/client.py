"""A program that logs through Python's own SocketHandler: client.py PORT plain|exceptions|extras|torn COUNT [CERTIFICATE]

Prints how many records it has sent. Ends with an error if the handler lost one.
"""
import logging
import logging.handlers
import os
import signal
import socket
import ssl
import struct
import sys

port, kind, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])


class Handler(logging.handlers.SocketHandler):
    def makeSocket(self, timeout=30):
        # A busy machine is no reason to give a record up.
        plain = super().makeSocket(timeout)
        if len(sys.argv) < 5:
            return plain
        context = ssl.create_default_context(cafile=sys.argv[4])
        return context.wrap_socket(plain, server_hostname="localhost")

    def handleError(self, record):
        print("lost", record.getMessage(), file=sys.stderr)
        os._exit(7)


handler = Handler("127.0.0.1", port)
log = logging.getLogger(f"app_{os.getpid()}")
log.setLevel(logging.DEBUG)
log.addHandler(handler)

for number in range(count):
    if kind == "exceptions":
        try:
            {}["no such key é"]
        except KeyError:
            log.exception("record %d failed", number)
    elif kind == "extras":
        extra = {"number": 2**70 + number, "raw": b"\x00\xff'", "ratio": float("nan"), "tags": {"only"},
                 "nested": {"list": [1, (2, None)], 3: "three"}, "text": "naïve ☃ \udcff"}
        log.warning("record %d", number, extra=extra)
    else:
        log.info("record %d", number)

if kind == "torn":
    whole = handler.makePickle(logging.makeLogRecord({"msg": "torn"}))
    handler.sock.sendall(whole[: len(whole) // 2])
    print(count, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
handler.close()
print(count)
