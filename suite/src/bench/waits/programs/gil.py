"""A thread computes in Python, and another one waits for the interpreter's lock after each sleep."""

import sys
import time

from asleep import asleep_ns, run, write_dose

turns, ms = int(sys.argv[1]), int(sys.argv[2])
waited_ns = 0
ended = False


def compute():
    number = 1
    while not ended:
        number = (number * 1_103_515_245 + 12_345) % 4_294_967_296


def serve():
    global waited_ns, ended
    # Reading the account gives the lock away as well, so it is read before and after all turns.
    asleep_ns()
    begin = asleep_ns()
    for _ in range(turns):
        time.sleep(ms / 1000)
    # Sleep beyond the time that was asked for is the wait for the lock.
    waited_ns = asleep_ns() - begin - turns * ms * 1_000_000
    ended = True


run(compute, serve)
write_dose(waited_ns, turns)
