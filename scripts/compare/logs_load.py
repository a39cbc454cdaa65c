"""Load for log servers, made of what Python's own SocketHandler sends.

logs_load.py streams FOLDER CLIENTS RECORDS   makes the streams of so many clients
logs_load.py send PORT FOLDER                 sends all of them at once, each from a process of its own
logs_load.py check FILE FOLDER                looks for every record in a server's file: sent, lost, corrupted
logs_load.py idle PORT COUNT PID              opens so many connections, and prints the server's memory
"""
import collections
import json
import logging
import logging.handlers
import multiprocessing
import os
import socket
import sys


def streams(folder, clients, records):
    handler = logging.handlers.SocketHandler("localhost", None)
    for client in range(clients):
        log = logging.getLogger(f"app_{client}.GnomeSort")
        with open(os.path.join(folder, f"stream{client}"), "wb") as file:
            for number in range(records):
                message, values = "Sorted %d items in %d steps, %.3f ms", (number % 8 + 3, number, number / 1000)
                record = log.makeRecord(log.name, logging.INFO, __file__, 30, message, values, None, "streams")
                file.write(handler.makePickle(record))
    with open(os.path.join(folder, "sent"), "w", encoding="ascii") as file:
        print(clients, records, file=file)


def one(port, path, barrier):
    with open(path, "rb") as file, socket.create_connection(("127.0.0.1", port)) as server:
        barrier.wait()
        server.sendfile(file)
        server.shutdown(socket.SHUT_WR)
        # The server closes when it has read everything.
        server.recv(1)


def send(port, folder):
    paths = [os.path.join(folder, name) for name in os.listdir(folder) if name.startswith("stream")]
    barrier = multiprocessing.Barrier(len(paths) + 1)
    clients = [multiprocessing.Process(target=one, args=(port, path, barrier)) for path in paths]
    for client in clients:
        client.start()
    barrier.wait()
    # Whoever measures begins here.
    print("go", flush=True)
    for client in clients:
        client.join()


def check(path, folder):
    with open(os.path.join(folder, "sent"), encoding="ascii") as file:
        clients, records = map(int, file.read().split())
    found, corrupted = collections.Counter(), 0
    last = dict.fromkeys(range(clients), -1)
    with open(path, "rb") as file:
        for line in file:
            try:
                record = json.loads(line)
                if "lines_collected" in record:
                    continue
                client = int(record["name"].split(".")[0][4:])
                number = int(record["msg"].split()[4])
                # In order, and with every field.
                assert number > last[client] and len(record) >= 20
                last[client] = number
                found[client] += 1
            except (ValueError, KeyError, IndexError, AssertionError):
                corrupted += 1
    print(clients * records, clients * records - sum(found.values()), corrupted)


def idle(port, count, pid):
    connections = [socket.create_connection(("127.0.0.1", port)) for _ in range(count)]
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        memory = next(line.split()[1] for line in file if line.startswith("VmRSS:"))
    print(len(connections), int(memory) // 1024)


command, *arguments = sys.argv[1:]
if command == "streams":
    streams(arguments[0], int(arguments[1]), int(arguments[2]))
elif command == "send":
    send(int(arguments[0]), arguments[1])
elif command == "check":
    check(*arguments)
else:
    idle(*map(int, arguments))
