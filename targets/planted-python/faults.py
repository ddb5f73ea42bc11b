"""Faults inside user code, as in targets/planted-go/code.go."""

import hashlib
import json
import logging
import re
from collections.abc import Callable

# Size of buffers which are copied, zeroed or hashed.
SIZE = 64 << 10

Fault = Callable[[], None]


def plant(name: str) -> Fault:
    """Returns a fault by its name."""
    faults = {
        "": lambda: None,
        "json": json_again,
        "copy": copies,
        "zero": zeroing,
        "regex": matching,
        "log": writes_log,
        "storm": storm,
        "hash": hashing,
    }
    return faults[name]() if name else faults[name]


def json_again() -> Fault:
    """JSON is parsed and written once more than needed."""
    words = 'a word "or" two ' * 4
    messages = [{"role": "user", "content": words} for _ in range(20)]
    document = json.dumps({"model": "stub", "stream": True, "messages": messages})

    def rewrite_json() -> None:
        if json.dumps(json.loads(document)) != document:
            raise ValueError("JSON was not written as it was read")

    return rewrite_json


def copies() -> Fault:
    """A buffer is copied."""
    source, target = memoryview(bytes(SIZE)), memoryview(bytearray(SIZE))

    def copy_buffer() -> None:
        target[:] = source

    return copy_buffer


def zeroing() -> Fault:
    """A buffer is allocated and zeroed."""
    held = [bytearray()]

    def zero_buffer() -> None:
        held[0] = bytearray(SIZE)

    return zero_buffer


def matching() -> Fault:
    """A text is searched."""
    address = re.compile(r"(\w+)\.(\w+)@(\w+)\.example")
    text = "write to some.body or any.one at all, " * 8 + "not.to@nobody.example"

    def search_text() -> None:
        if not address.search(text):
            raise ValueError("the text has no address")

    return search_text


class Nowhere:
    """Counts what a log writes, and keeps nothing."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, line: str) -> None:
        self.written += len(line)

    def flush(self) -> None:
        pass


def writes_log() -> Fault:
    """Lines are formatted for a log that is kept nowhere."""
    handler = logging.StreamHandler(Nowhere())
    handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
    log = logging.getLogger("planted")
    log.propagate = False
    log.setLevel(logging.INFO)
    log.addHandler(handler)

    def log_line() -> None:
        log.info("stream %d of user %r: token %d after %.3f ms, status %s", 7, "somebody", 12, 20.123, True)

    return log_line


def storm() -> Fault:
    """More containers are alive than the collector's threshold, each with many references."""
    shared = {}

    def make_garbage() -> None:
        if len([[shared] * 40 for _ in range(900)]) != 900:
            raise ValueError("garbage is missing")

    return make_garbage


def hashing() -> Fault:
    """A buffer is hashed."""
    buffer = bytes(SIZE)

    def hash_buffer() -> None:
        hashlib.sha256(buffer).digest()

    return hash_buffer
