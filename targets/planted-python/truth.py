"""The true cost of the fault, counted where it happens; see targets/planted/src/truth.rs."""

import gc
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

# Seconds between two lines of the log.
EVERY = 0.1

totals = {"tokens": 0, "count": 0, "cpu_ns": 0, "wait_ns": 0, "bytes": 0, "run_delay_ns": 0, "gc_ns": 0}
collection_began = 0


def keep(name: str, dose: int) -> None:
    """Starts the log if one is configured, and counts the time of garbage collections."""
    gc.callbacks.append(collect)
    folder = os.environ.get("PLANTED_LOG")
    if not folder:
        return
    Path(folder).mkdir(parents=True, exist_ok=True)
    path = Path(folder, f"{os.getpid()}.jsonl")
    threading.Thread(target=write, args=(path, {"cause": name, "dose": dose}), daemon=True).start()


def write(path: Path, of: dict) -> None:
    """Appends a line ten times a second."""
    with path.open("w", buffering=1) as file:
        while True:
            file.write(json.dumps({**of, "unix_ns": time.time_ns(), **totals}) + "\n")
            time.sleep(EVERY)


def count(occurrences: int) -> None:
    totals["count"] += occurrences


def on_cpu(work: Callable[[], None]) -> None:
    """Runs the work of a token and adds its CPU time on this thread."""
    totals["tokens"] += 1
    before = time.thread_time_ns()
    work()
    totals["cpu_ns"] += time.thread_time_ns() - before


def collect(phase: str, _info: dict) -> None:
    """Adds the CPU time of a collection; the collector calls it before and after each."""
    global collection_began
    if phase == "start":
        collection_began = time.thread_time_ns()
    else:
        totals["gc_ns"] += time.thread_time_ns() - collection_began
