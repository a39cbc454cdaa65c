#!/usr/bin/env python3
"""What becomes of the faults of docs/FAULTS.md in other pools: a table with one line a case and pool.

Looked at are multiprocessing.Pool and ProcessPoolExecutor; loky and pebble where they can be imported; GNU parallel
and scikit-learn in the cases that they have. Each case runs in a process of its own, in a session of its own, with a
time limit. What a case has left is ended before the next one begins. "hang" means: no outcome within the patience.

Usage: faults_of_pools.py [--patience SECONDS] [CASE…]     (default 5 s; all of it takes less than three minutes)
"""

import argparse
import collections
import concurrent.futures
import contextlib
import ctypes
import importlib.util
import inspect
import itertools
import multiprocessing
import multiprocessing.pool
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing import shared_memory
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36
SHARED = Path("/dev/shm")
FOREVER = 1_000
# Seconds after which everything has ended: the script takes no more than that, however slow the machine is.
ALL_TOGETHER = 170
PATIENCE = float(os.environ.get("PATIENCE", "5"))
# What a forked process inherits in whatever state it is (case `fork`).
LOCK = threading.Lock()


# Tasks. They are functions of a module, so that every pool can send them.


def square(number):
    time.sleep(0.005)
    return number * number


def square_or(fault, guilty, number):
    return fault() if number == guilty else square(number)


def who():
    time.sleep(0.2)
    return os.getpid()


def kill_myself():
    os.kill(os.getpid(), signal.SIGKILL)


def exit_0():
    os._exit(0)


def exit_3():
    os._exit(3)


def sys_exit():
    sys.exit(1)


def hang():
    time.sleep(FOREVER)


def unpicklable():
    return threading.Lock()


def refuse():
    raise ValueError("cannot be read back")


class Unreadable:
    """Can be pickled, but not be read back."""

    def __reduce__(self):
        return refuse, ()


class TwoWordError(Exception):
    """As many are: pickled with one argument, made with two."""

    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


def raise_two_words():
    raise TwoWordError("one", "two")


def large():
    return bytes(256 << 20)


def megabyte(number):
    return number.to_bytes(8, "big") * (1 << 17)


def start_and_die():
    child = subprocess.Popen(["sleep", str(FOREVER)])
    Path("grandchild").write_text(str(child.pid))
    kill_myself()


def take_lock():
    with LOCK:
        return 0


def note(number):
    time.sleep(0.2)
    with open("notes", "a", encoding="ascii") as notes:
        notes.write(f"{number}\n")


def bad_initializer():
    with open("notes", "a", encoding="ascii") as notes:
        notes.write("started\n")
    raise RuntimeError("no database")


# The pools, behind what they have in common.


def open_pool(name, workers=2, initializer=None, tasks_each=None):
    if name == "multiprocessing":
        return multiprocessing.Pool(workers, initializer, maxtasksperchild=tasks_each)
    if name == "pebble":
        import pebble

        return pebble.ProcessPool(workers, tasks_each or 0, initializer)
    if name == "loky":
        import loky

        return loky.ProcessPoolExecutor(workers, initializer=initializer)
    more = {"max_tasks_per_child": tasks_each} if tasks_each else {}
    return concurrent.futures.ProcessPoolExecutor(workers, initializer=initializer, **more)


def submit(pool, task, *inputs):
    """Gives a task to a pool. A refusal is the task's outcome."""
    try:
        if isinstance(pool, multiprocessing.pool.Pool):
            return pool.apply_async(task, inputs)
        return pool.schedule(task, inputs) if hasattr(pool, "schedule") else pool.submit(task, *inputs)
    except Exception as error:
        refused = concurrent.futures.Future()
        refused.set_exception(error)
        return refused


def stream(pool, task, inputs):
    """The pool's own map, as far as it streams."""
    if isinstance(pool, multiprocessing.pool.Pool):
        return pool.imap(task, inputs)
    mapped = pool.map(task, inputs)
    return mapped.result() if hasattr(mapped, "result") else mapped


def is_over(future):
    return future.ready() if hasattr(future, "ready") else future.done()


def result(future):
    return future.get(PATIENCE) if hasattr(future, "get") else future.result(PATIENCE)


def outcome(future):
    if not is_over(future):
        return "hang"
    try:
        result(future)
        return "done"
    except BaseException as error:
        return type(error).__name__


def tell(futures, patience=PATIENCE):
    """How many tasks ended in which way."""
    end = time.monotonic() + patience
    while time.monotonic() < end and not all(map(is_over, futures)):
        time.sleep(0.01)
    return ", ".join(f"{number} {what}" for what, number in collections.Counter(map(outcome, futures)).items())


def tell_with_next(pool, futures):
    told = tell(futures)
    return f"{told}; the next task: {tell([submit(pool, square, 1)], PATIENCE / 2).split()[1]}"


def is_alive(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def in_session(session):
    """All processes of a session."""
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            if int(file.read_text().rpartition(")")[2].split()[3]) == session:
                yield file.parent.name


def one_of(fault, tasks):
    """A case in which one task of many does something."""

    def case(name):
        pool = open_pool(name)
        return tell_with_next(pool, [submit(pool, square_or, fault, tasks // 2, n) for n in range(tasks)])

    return case


# Cases: each is given the name of a pool and says what it saw.


def workers_of(pool):
    """The process ids of both workers, as tasks tell them."""
    workers = set()
    while len(workers) < 2:
        workers.update(map(result, [submit(pool, who) for _ in range(4)]))
    return workers


def idle(name):
    pool = open_pool(name)
    for worker in workers_of(pool):
        os.kill(worker, signal.SIGKILL)
    time.sleep(0.5)
    return tell([submit(pool, square, n) for n in range(10)])


def named(name):
    """What the error says of a worker that left with code 3."""
    future = submit(open_pool(name), exit_3)
    if tell([future]).endswith("hang"):
        return "hang"
    try:
        return str(result(future))
    except Exception as error:
        has_code = "EXIT(3)" in str(error) or getattr(error, "exitcode", None) == 3
        has = [what for what, is_there in [("the process", hasattr(error, "pid")), ("the code", has_code)] if is_there]
        return f"{type(error).__name__} names {' and '.join(has) or 'neither process nor code'}"


def hung(name):
    """One worker, a task without end that is given one second, and a task behind it."""
    pool = open_pool(name, 1)
    first = pool.schedule(hang, timeout=1) if name == "pebble" else submit(pool, hang)
    second = submit(pool, square, 1)
    return f"{'limit' if name == 'pebble' else 'no limit'}: {tell([first])}; the task behind it: {tell([second], 1)}"


def cancel(name):
    pool = open_pool(name, 1)
    future = submit(pool, hang)
    time.sleep(0.7)
    said = future.cancel() if hasattr(future, "cancel") else "no such call"
    return f"cancel: {said}; the task behind it: {tell([submit(pool, square, 1)], PATIENCE / 2)}"


def bad_input(name):
    pool = open_pool(name)
    return tell_with_next(pool, [submit(pool, square, threading.Lock() if n == 5 else n) for n in range(10)])


def grandchild(name):
    tell([submit(open_pool(name), start_and_die)], 2)
    time.sleep(0.5)
    return "lives on" if is_alive(Path("grandchild").read_text()) else "ended"


def initializer(name):
    pool = open_pool(name, initializer=bad_initializer)
    told = tell([submit(pool, square, 1)])
    return f"{told}; workers started: {Path('notes').read_text().count('started')}"


def no_descriptors(name):
    """Eight workers, and twelve descriptors more than are open already."""
    low, high = len(os.listdir("/proc/self/fd")) + 12, resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (low, high))
    try:
        pool = open_pool(name, 8)
        said = tell([submit(pool, square, n) for n in range(8)], PATIENCE / 2)
    except Exception as error:
        said = f"{type(error).__name__} at the start"
    resource.setrlimit(resource.RLIMIT_NOFILE, (high, high))
    time.sleep(0.5)
    return f"{said}; {sum(not is_tracker(child) for child in filter(is_alive, children()))} workers left"


def recycling(name):
    if name == "loky":
        return "no such option"
    pool = open_pool(name, tasks_each=2)
    return tell([submit(pool, square, n) for n in range(20)], PATIENCE)


def callback(name):
    """Ten tasks, all with a callback; that of the first raises."""
    pool, heard = open_pool(name), []

    def call(_, number=0):
        heard.append(number) if number else 1 // 0

    calls = [lambda _, number=number: call(_, number) for number in range(10)]
    if name == "multiprocessing":
        futures = [pool.apply_async(square, (n,), callback=calls[n]) for n in range(10)]
    else:
        futures = [submit(pool, square, n) for n in range(10)]
        for number, future in enumerate(futures):
            future.add_done_callback(calls[number])
    return f"{tell(futures)}; callbacks heard: {len(heard)} of 9"


def grown(since):
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - since) // 1024


def endless(name):
    """The first result of a map over an endless iterator; the memory taken until then, or within three seconds."""
    pool, began, firsts = open_pool(name), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    taker = threading.Thread(target=lambda: firsts.append(next(iter(stream(pool, square, itertools.count())))))
    taker.daemon = True
    taker.start()
    time.sleep(3)
    return f"{'a first result' if firsts else 'no result'} after 3 s; the master grew by {grown(began)} MB"


def slow_reader(name):
    """Who takes one result of 200, of 1 MB each, and then none for two seconds."""
    pool, began = open_pool(name), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = iter(stream(pool, megabyte, range(200)))
    next(results)
    time.sleep(2)
    return f"the master grew by {grown(began)} MB of 200"


def fork(name):
    """A thread holds a lock while the workers start; tasks that want the lock, which is free again by then."""
    held = threading.Event()

    def hold():
        with LOCK:
            held.set()
            time.sleep(1)

    threading.Thread(target=hold).start()
    held.wait()
    pool = open_pool(name)
    tell([submit(pool, square, 1)], 1)
    time.sleep(1)
    return tell([submit(pool, take_lock) for _ in range(4)], PATIENCE / 2)


def program(role, name, wait_for="ready"):
    """Starts this script in another role, as a master with workers, and waits until it says that it is ready."""
    command = [sys.executable, __file__, "--role", role, name]
    if name == "parallel":
        seconds = "0.2" if role == "ctrl_c" else str(FOREVER)
        command = ["parallel", "-j2", "-u", f"echo ready $$; exec sleep {seconds}", ":::", *map(str, range(100))]
    pipe = subprocess.PIPE
    master = subprocess.Popen(command, stdout=pipe, stderr=open("stderr", "w"), text=True, start_new_session=True)
    while (line := master.stdout.readline()) and not line.startswith(wait_for):
        pass
    return master, line.split()[1:]


def killed(role):
    """The master is killed; what is there two seconds later."""

    def case(name):
        master, workers = program(role, name)
        if name == "parallel":
            workers.append(master.stdout.readline().split()[1])
        master.kill()
        master.wait()
        time.sleep(2)
        told = f"{sum(map(is_alive, workers))} of {len(workers)} workers live on"
        left = [file for file in SHARED.iterdir() if f"-{master.pid}-" in file.name]
        return f"{told}; {len(left)} names left in /dev/shm"

    return case


def role_master(name, is_busy):
    """Shares a segment of memory, starts two workers, and waits to be killed."""
    segment = shared_memory.SharedMemory(f"pools-{os.getpid()}-segment", create=True, size=1 << 16)
    pool = open_pool(name)
    workers = workers_of(pool)
    pending = [submit(pool, hang) for _ in range(2 if is_busy else 0)]
    time.sleep(0.3)
    print("ready", *workers, flush=True)
    time.sleep(FOREVER)
    del segment, pending


def ctrl_c(name):
    """SIGINT to master and workers, as a terminal does, with ten seconds of work in the queue."""
    master, _ = program("ctrl_c", name)
    time.sleep(1)
    began = time.monotonic()
    os.killpg(master.pid, signal.SIGINT)
    try:
        master.wait(12)
        took = f"ended after {time.monotonic() - began:.1f} s with {master.returncode}"
    except subprocess.TimeoutExpired:
        took = "runs on after 12 s"
    time.sleep(0.5)
    left = sum(map(is_alive, in_session(master.pid)))
    return f"{took}; {left} processes left; {len(Path('stderr').read_text().splitlines())} lines on stderr"


def role_ctrl_c(name):
    print("ready", flush=True)
    with open_pool(name) as pool:
        if name == "multiprocessing":
            pool.map(nap, range(100), 1)
        else:
            list(stream(pool, nap, range(100)))


def nap(number):
    time.sleep(0.2)
    return number


def pending(name):
    """A program that ends with ten tasks in its pool, and waits for none of them."""
    Path("notes").touch()
    code = subprocess.run(
        [sys.executable, __file__, "--role", "pending", name], timeout=PATIENCE * 2, stderr=subprocess.DEVNULL
    ).returncode
    return f"{len(Path('notes').read_text().split())} of 10 tasks done, exit code {code}"


def role_pending(name):
    global kept
    kept = open_pool(name)
    for number in range(10):
        submit(kept, note, number)


def queue(name):
    """A process is killed while it waits in Queue.get, with its lock; then an item is put and asked for."""
    items = multiprocessing.Queue()
    reader = multiprocessing.Process(target=items.get)
    reader.start()
    time.sleep(0.5)
    reader.kill()
    reader.join()
    items.put(1)
    try:
        return f"the item {items.get(timeout=PATIENCE)} arrives"
    except Exception as error:
        return f"hang ({type(error).__name__} with a time limit): the item is there, and nobody gets it"


def lock(name):
    """A process is killed while it holds a Lock."""
    held = multiprocessing.Lock()
    holder = multiprocessing.Process(target=lambda: (held.acquire(), kill_myself()))
    holder.start()
    holder.join()
    return "free again" if held.acquire(timeout=PATIENCE) else "hang: nobody gets it any more"


def options(name):
    """Which of some options there are, by the names of all parameters."""
    pool = open_pool(name)
    calls = [type(pool).__init__] + [getattr(type(pool), of) for of in ("submit", "schedule") if hasattr(pool, of)]
    if name == "multiprocessing":
        calls.append(type(pool).apply_async)
    names = {parameter for call in calls for parameter in inspect.signature(call).parameters}
    words = ["memory", "retr", "priority", "max_queue", "pin"]
    has = [word for word in words if any(word in parameter for parameter in names)]
    return f"of {', '.join(words)}: {', '.join(has) or 'none'}"


# GNU parallel and scikit-learn, in the cases that they have.


def shell(*arguments):
    done = subprocess.run(["parallel", *arguments], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    return len(done.stdout.splitlines()), done.returncode


def parallel_kill(_):
    lines, code = shell("-j2", "test {} = 50 && kill -9 $$; echo {}", ":::", *map(str, range(100)))
    return f"{lines} done, exit code {code}"


def parallel_hung(_):
    lines, code = shell("-j1", "--timeout", "1", f"test {{}} = 1 && sleep {FOREVER}; echo {{}}", ":::", "1", "2")
    return f"limit: ended, exit code {code}; the task behind it: {lines} done"


def parallel_grandchild(_):
    shell("-j1", f"sleep {FOREVER} & echo $! > grandchild; kill -9 $$", ":::", "1")
    return "lives on" if is_alive(Path("grandchild").read_text().strip()) else "ended"


def sklearn_kill(_):
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.model_selection import GridSearchCV

    class Guilty(ClassifierMixin, BaseEstimator):
        def __init__(self, number=0):
            self.number = number

        def fit(self, X, y):
            self.classes_ = [0, 1]
            return kill_myself() if self.number == 10 else self

        def predict(self, X):
            return [0] * len(X)

    try:
        grid = GridSearchCV(Guilty(), {"number": list(range(20))}, n_jobs=2, cv=5)
        grid.fit([[n] for n in range(10)], [0, 1] * 5)
        return "a result"
    except Exception as error:
        return f"no result of 100: {type(error).__name__}"


CASES = {
    "kill": one_of(kill_myself, 100),
    "idle": idle,
    "exit": one_of(exit_0, 100),
    "sys_exit": one_of(sys_exit, 100),
    "named": named,
    "hung": hung,
    "cancel": cancel,
    "bad_input": bad_input,
    "bad_result": one_of(unpicklable, 10),
    "unreadable_result": one_of(Unreadable, 100),
    "unreadable_error": one_of(raise_two_words, 100),
    "large_result": one_of(large, 4),
    "grandchild": grandchild,
    "initializer": initializer,
    "no_descriptors": no_descriptors,
    "recycling": recycling,
    "callback": callback,
    "endless": endless,
    "slow_reader": slow_reader,
    "fork": fork,
    "master_idle": killed("idle"),
    "master_busy": killed("busy"),
    "ctrl_c": ctrl_c,
    "pending": pending,
    "queue": queue,
    "lock": lock,
    "options": options,
}
ONLY = {"queue": ["multiprocessing"], "lock": ["multiprocessing"]}
OTHERS = {
    ("kill", "parallel"): parallel_kill,
    ("hung", "parallel"): parallel_hung,
    ("grandchild", "parallel"): parallel_grandchild,
    ("master_busy", "parallel"): killed("busy"),
    ("ctrl_c", "parallel"): ctrl_c,
    ("kill", "scikit-learn"): sklearn_kill,
}
ROLES = {
    "idle": lambda name: role_master(name, False),
    "busy": lambda name: role_master(name, True),
    "ctrl_c": role_ctrl_c,
    "pending": role_pending,
}


# The runner. It adopts whatever its cases leave, and ends it.


def children():
    mine = [file.read_text().split() for file in Path("/proc/self/task").glob("*/children")]
    return [int(child) for child in itertools.chain(*mine)]


def is_tracker(process):
    with contextlib.suppress(OSError):
        return b"resource_tracker" in Path(f"/proc/{process}/cmdline").read_bytes()
    return False


def end_what_is_left():
    """Ends all children. Python's resource trackers come last: once alone, they tidy up and end by themselves."""
    trackers_until = time.monotonic() + 2
    while left := children():
        for child in left:
            if not is_tracker(child) or time.monotonic() > trackers_until:
                os.kill(child, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.02)


def sweep(before):
    """Removes the names in /dev/shm that dead processes of a case have left."""
    for file in set(SHARED.iterdir()) - before:
        owner = file.name.removeprefix("sem.").partition("-")[2].partition("-")[0]
        if file.name.startswith(("sem.loky-", "pools-")) and not Path(f"/proc/{owner}").exists():
            file.unlink(missing_ok=True)


def see(case, name, folder, limit):
    """Runs one case in a process of its own; what it printed, if anything, is what it saw."""
    place = Path(folder, f"{case}-{name}")
    place.mkdir()
    own = {"TMPDIR": folder, "PARALLEL_HOME": folder, "PYTHONDONTWRITEBYTECODE": "1", "PATIENCE": str(PATIENCE)}
    with open(place / "stdout", "w+") as stdout, open(place / "errors", "w") as errors:
        command = [sys.executable, __file__, "--case", case, name]
        more = {"stdin": subprocess.DEVNULL, "stdout": stdout, "stderr": errors, "env": {**os.environ, **own}}
        process = subprocess.Popen(command, start_new_session=True, cwd=place, **more)
        try:
            process.wait(max(limit, 0.1))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        stdout.seek(0)
        said = [line for line in stdout.read().splitlines() if line.startswith("saw ")]
    if said:
        return said[-1].removeprefix("saw ")
    wrong = (place / "errors").read_text().splitlines()[-1:]
    return f"the program itself hangs ({limit:.0f} s)" if process.returncode == -9 else f"not seen: {wrong}"


def pools_at_hand():
    pools = ["multiprocessing", "futures", "loky", "pebble"]
    return [name for name in pools if name not in ("loky", "pebble") or importlib.util.find_spec(name)]


def run(wanted, patience):
    global PATIENCE
    PATIENCE = patience
    began = time.monotonic()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    # As Ctrl-C does, so that what was started is ended before this ends.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    others = [("parallel", shutil.which("parallel")), ("scikit-learn", importlib.util.find_spec("sklearn"))]
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(8) as threads:
        for case in wanted:
            names = [name for name in pools_at_hand() if name in ONLY.get(case, [name])]
            names += [name for name, is_there in others if is_there and (case, name) in OTHERS]
            before, limit = set(SHARED.iterdir()), min(15, ALL_TOGETHER - (time.monotonic() - began))
            try:
                seen = list(threads.map(lambda name: see(case, name, folder, limit), names))
            finally:
                end_what_is_left()
                sweep(before)
            for name, what in zip(names, seen):
                print(f"{case:<18} {name:<16} {what}", flush=True)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--patience", type=float, default=5)
    arguments.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    arguments.add_argument("--role", nargs=2, help=argparse.SUPPRESS)
    arguments.add_argument("wanted", nargs="*", metavar="CASE", help=", ".join(CASES))
    given = arguments.parse_args()
    if given.role:
        return ROLES[given.role[0]](given.role[1])
    if given.case:
        case, name = given.case
        print("saw", (OTHERS.get((case, name)) or CASES[case])(name), flush=True)
        # A pool that hangs would hang this process at its end too: the runner ends what is left.
        os._exit(0)
    if unknown := set(given.wanted) - set(CASES):
        arguments.error(f"no such case: {', '.join(unknown)}")
    run(given.wanted or CASES, given.patience)


if __name__ == "__main__":
    # By its own name, so that all pools send its functions as those of a module.
    sys.dont_write_bytecode = True
    import faults_of_pools

    faults_of_pools.main()
