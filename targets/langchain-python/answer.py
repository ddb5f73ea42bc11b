"""Answers with a stream of events."""

import asyncio
import json
from collections.abc import AsyncIterator

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from agent import Event


async def answer(events: AsyncIterator[Event], request: Request) -> Response:
    """The first event is awaited: only then it is certain that the model can be used."""
    try:
        first = await unless_left(anext(events, None), request)
    except Exception as error:
        return JSONResponse({"error": f"the model failed: {error}"}, 502)
    return StreamingResponse(stream(first, events), media_type="text/event-stream")


async def stream(first: Event | None, rest: AsyncIterator[Event]) -> AsyncIterator[str]:
    try:
        if first:
            yield line(first)
        async for event in rest:
            yield line(event)
        yield "data: [DONE]\n\n"
    except Exception as error:
        yield line({"error": str(error)})


def line(event: Event) -> str:
    return f"data: {json.dumps(event)}\n\n"


async def unless_left(work, request: Request) -> Event | None:
    """Cancels work when the client leaves, as Starlette does by itself once a stream has begun."""
    task = asyncio.ensure_future(work)
    left = asyncio.create_task(disconnect(request))
    try:
        await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ConnectionError("the client has left")
        return task.result()
    finally:
        task.cancel()
        left.cancel()


async def disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
