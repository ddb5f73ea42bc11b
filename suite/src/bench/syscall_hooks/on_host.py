#!/usr/bin/env python3
"""on_host.py FOLDER ROUNDS KONTRAST: CPU time of system calls without and with programs at
sys_enter and sys_exit. FOLDER has the compiled `hooks` and `calls`. Needs root."""

import math
import random
import subprocess
import sys
import tempfile
import time

FOLDER, ROUNDS, KONTRAST = sys.argv[1], int(sys.argv[2]), sys.argv[3]
SECONDS = "0.3"
BARE = "nothing attached"
STATES = [BARE, "hooks, bystander", "hooks, recorded", "kontrast, bystander", "kontrast, recorded"]
# 95 % of Student's t by rounds.
T = {8: 2.365, 10: 2.262, 12: 2.201, 16: 2.131, 20: 2.093}[ROUNDS]
PIPES = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}


def measure(state, bystander):
    load = subprocess.Popen([f"{FOLDER}/calls", "1", SECONDS], **PIPES)
    assert load.stdout.readline() == "ready\n"
    tracer = None
    if state != BARE:
        pid = str(load.pid if state.endswith("recorded") else bystander.pid)
        command = [f"{FOLDER}/hooks", "tracepoints", pid]
        if state.startswith("kontrast"):
            command = [KONTRAST, "record", "--until-stdin-closes", "--pid", pid]
            command += ["--out", tempfile.mkdtemp()]
        command = ["taskset", "-c", "0"] + command
        tracer = subprocess.Popen(command, stderr=subprocess.DEVNULL, **PIPES)
        assert tracer.stdout.readline().startswith(("attached", "recording"))
        time.sleep(0.2)
    print("", file=load.stdin, flush=True)
    numbers = [float(word) for word in load.stdout.readline().split()]
    if tracer:
        tracer.stdin.close()
        seen = tracer.stdout.read()
        tracer.wait()
        if state.startswith("hooks"):
            assert ("; 0 calls" in seen) == state.endswith("bystander"), seen
    load.stdin.close()
    load.wait()
    return numbers[:3]


def interval(values):
    mean = sum(values) / len(values)
    variance = sum((value - mean) ** 2 for value in values) / (len(values) - 1)
    half = T * math.sqrt(variance / len(values))
    return mean, mean - half, mean + half


took = {state: [] for state in STATES}
bystander = subprocess.Popen(["sleep", "1000"])
for _ in range(ROUNDS):
    for state in random.sample(STATES, len(STATES)):
        took[state].append(measure(state, bystander))
bystander.kill()
for call, name in enumerate(["getppid", "read", "geteuid"]):
    for state in STATES:
        pairs = [(row[call], bare[call]) for row, bare in zip(took[state], took[BARE])]
        mean = sum(ns for ns, _ in pairs) / ROUNDS
        more = interval([ns - bare for ns, bare in pairs])
        ratio = [math.exp(log) for log in interval([math.log(ns / bare) for ns, bare in pairs])]
        print(f"| `{name}` | {state} | {mean:.0f} ns", end=" | ")
        print("{:+.0f} ns ({:.0f}–{:.0f})".format(*more), end=" | ")
        print("{:.2f} ({:.2f}–{:.2f}) |".format(*ratio))
