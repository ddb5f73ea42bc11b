"""The client's stream: server-sent events, one JSON object each."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from model import ModelError

Emit = Callable[[dict], None]


async def stream(work: Callable[[Emit], Awaitable[object]]) -> AsyncIterator[str]:
    """Yields the events of work, then `[DONE]` or an error."""
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
        # The client may have disconnected. Waiting here would cancel the work twice, but httpx
        # closes its connection cleanly only on the first cancellation.
        task.cancel()


async def contents(deltas: AsyncIterator[dict]) -> AsyncIterator[str]:
    """Yields the events of an answer with tokens only, which needs no task and no queue."""
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
    """Returns the first error of a task group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
