"""The chat server of targets/python with one known fault, which it counts itself.

`FAULT` names the fault, `DOSE` its repetitions before each token. Without them there is no fault.
"""

import os
from collections.abc import AsyncIterator

import server
from events import contents

import faults
import truth

app = server.app
name, dose = os.environ.get("FAULT", ""), int(os.environ.get("DOSE", "0"))
fault = faults.plant(name)
truth.keep(name, dose)


def token() -> None:
    for _ in range(dose):
        fault()
    truth.count(dose)


async def faulty(deltas: AsyncIterator[dict]) -> AsyncIterator[str]:
    """Yields the events of an answer, and injects the fault before each."""
    async for event in contents(deltas):
        truth.on_cpu(token)
        yield event


server.contents = faulty
