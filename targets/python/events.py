"""What is sent to the client: server-sent events, one JSON object each."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from model import ModelError

Emit = Callable[[dict], None]


async def stream(work: Callable[[Emit], Awaitable[object]]) -> AsyncIterator[str]:
    """What happens while work is done, then the end mark, or what went wrong."""
    events: asyncio.Queue[dict | None] = asyncio.Queue()
    task = asyncio.create_task(work(events.put_nowait))
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield data(event)
        await task
        yield "data: [DONE]\n\n"
    except Exception as failed:
        yield data({"error": str(first(failed))})
    finally:
        # The client may have left in the middle of it. Waiting here would cancel it twice, and httpx only closes its
        # connection in peace once.
        task.cancel()


async def contents(deltas: AsyncIterator[dict]) -> AsyncIterator[str]:
    """The same for an answer that is tokens alone, which needs no task and no queue."""
    try:
        async for delta in deltas:
            if content := delta.get("content"):
                yield data({"content": content})
        yield "data: [DONE]\n\n"
    except ModelError as error:
        yield data({"error": str(error)})


def data(event: dict) -> str:
    return f"data: {json.dumps(event)}\n\n"


def first(error: BaseException) -> BaseException:
    """What went wrong first, in a group of tasks."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
