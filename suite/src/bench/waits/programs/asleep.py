"""Time that the calling thread has neither run nor been runnable."""

import os
import sys
import threading
import time

_own = threading.local()


def asleep_ns():
    if not hasattr(_own, "account"):
        _own.account = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
    delayed = int(os.pread(_own.account, 96, 0).split()[1])
    return time.monotonic_ns() - delayed - time.thread_time_ns()


def write_dose(waited_ns, waits):
    with open(sys.argv[-1], "w", encoding="utf-8") as dose:
        dose.write(f"{waited_ns} {waits}\n")


def run(*acts):
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
