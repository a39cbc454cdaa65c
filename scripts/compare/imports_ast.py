#!/usr/bin/env python3
"""What CPython's own parser finds: one JSON line for each path on standard input, in its order.

Usage: imports_ast.py < PATHS          imports, or why the file is refused
       imports_ast.py --chapter < PATHS   as the chapter's program: threads, one future a file, its lines and its summary
"""

import ast
import json
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor, as_completed


def imports(path):
    """The import statements of a file, in the order of its text."""
    with open(path, "rb") as file:
        tree = ast.parse(file.read(), path)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [[node.lineno, node.col_offset, 0, a.name, None, a.asname] for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [[a.name, a.asname] for a in node.names]
            found.append([node.lineno, node.col_offset, node.level, node.module or "", names, None])
    found.sort(key=lambda one: one[:2])
    return [[line, *rest] for line, _, *rest in found]


def each(paths):
    for path in paths:
        try:
            print(json.dumps({"path": path, "imports": imports(path)}))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None)
            print(json.dumps({"path": path, "error": f"{type(error).__name__}: {error}", "line": line}))


def names(path):
    """Names as the chapter's program collects them; unlike it, goes on after a file that is no Python."""
    try:
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
    except (SyntaxError, ValueError):
        return path, set()
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(a.name for a in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return path, found


def chapter(paths):
    began = time.perf_counter()
    with ThreadPoolExecutor(24) as pool:
        done = as_completed([pool.submit(names, path) for path in paths])
        for path, found in sorted(future.result() for future in done):
            print("->" if "typing" in found else "  ", path, found or "{}")
    ms = 1000 * (time.perf_counter() - began) / max(1, len(paths))
    print(f"Searched {len(paths)} files at {ms:.3f}ms/file", file=sys.stderr)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    everything = [line.rstrip("\n") for line in sys.stdin]
    if sys.argv[1:] == ["--chapter"]:
        chapter(everything)
    else:
        each(everything)
