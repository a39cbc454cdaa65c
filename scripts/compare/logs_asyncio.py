"""A log server with asyncio, as a careful Python programmer writes it: logs_asyncio.py PORT FILE

Whole reads, one writer, JSON lines, an end in good order on SIGTERM. Like every server that unpickles what it is sent,
it carries out whatever a client asks for.
"""
import asyncio
import json
import pickle
import signal
import struct
import sys


async def main(port, path):
    lines = 0
    with open(path, "a", encoding="utf-8", buffering=1 << 20) as file:

        async def serve(reader, writer):
            nonlocal lines
            try:
                while True:
                    (length,) = struct.unpack(">L", await reader.readexactly(4))
                    record = pickle.loads(await reader.readexactly(length))
                    file.write(json.dumps(record, default=repr, ensure_ascii=False) + "\n")
                    lines += 1
            except asyncio.IncompleteReadError:
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", port, limit=1 << 20)
        print("Serving on", server.sockets[0].getsockname(), file=sys.stderr, flush=True)
        ended = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
        await ended.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=60)
        file.write(json.dumps({"lines_collected": lines}) + "\n")
    print(json.dumps({"lines_collected": lines}))


asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
