"""A thread holds a lock while it works outside of the interpreter, and another one waits for it."""

import hashlib
import sys
import threading
import time

from asleep import asleep_ns, run, write_dose

lock = threading.Lock()
turns, ms = int(sys.argv[1]), int(sys.argv[2])
waited_ns = 0
DATA = bytes(1 << 20)


def work():
    # hashlib releases the interpreter's lock.
    end = time.monotonic_ns() + ms * 1_000_000
    while time.monotonic_ns() < end:
        hashlib.sha256(DATA).digest()


def hold():
    for _ in range(turns):
        with lock:
            work()
        time.sleep(0.002)


def take_the_lock():
    global waited_ns
    begin = asleep_ns()
    lock.acquire()
    waited_ns += asleep_ns() - begin
    lock.release()


def wait_for_it():
    for _ in range(turns):
        time.sleep(0.001)
        take_the_lock()


run(hold, wait_for_it)
write_dose(waited_ns, turns)
