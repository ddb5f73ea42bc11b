"""Answers with a stream of events."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent import Event


async def answer(events: AsyncIterator[Event], request: Request) -> Response:
    """Waits for the first event, which shows that the model works."""
    queue: asyncio.Queue[Event | Exception | None] = asyncio.Queue(1)
    # A separate task: Starlette cancels repeatedly, which would interrupt LangGraph's cleanup.
    work = asyncio.create_task(pump(events, queue))
    first = await unless_left(queue.get(), request)
    if isinstance(first, Exception):
        work.cancel()
        return JSONResponse({"error": f"the model failed: {first}"}, 502)
    return StreamingResponse(stream(first, queue, work), media_type="text/event-stream")


async def pump(events: AsyncIterator[Event], queue: asyncio.Queue) -> None:
    """Puts all events into the queue, then None or the error."""
    try:
        async for event in events:
            await queue.put(event)
        await queue.put(None)
    except Exception as error:
        await queue.put(error)


async def stream(item: Event | Exception | None, queue: asyncio.Queue, work: asyncio.Task) -> AsyncIterator[str]:
    try:
        while isinstance(item, dict):
            yield line(item)
            item = await queue.get()
        yield "data: [DONE]\n\n" if item is None else line({"error": str(item)})
    finally:
        work.cancel()


def line(event: Event) -> str:
    return f"data: {json.dumps(event)}\n\n"


async def unless_left(work: Coroutine, request: Request) -> Event | Exception | None:
    """Ends work when the client disconnects, as Starlette does once a stream has begun."""
    task = asyncio.create_task(work)
    left = asyncio.create_task(disconnect(request))
    try:
        await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else ConnectionError("the client has left")
    finally:
        task.cancel()
        left.cancel()


async def disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
