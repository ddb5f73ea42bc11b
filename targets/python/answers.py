"""Streaming responses, cancelled when the client disconnects."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine

from fastapi import Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from events import Emit, stream
from model import Model, ModelError

# Turns the model's deltas into the client's events.
Streamed = Callable[[AsyncIterator[dict]], AsyncIterator[str]]


def model(request: Request) -> Model:
    return request.app.state.model


def stream_of(work: Callable[[AsyncIterator[dict], Emit], Awaitable[object]]) -> Streamed:
    return lambda deltas: stream(lambda emit: work(deltas, emit))


async def answer(request: Request, asking: Coroutine[None, None, AsyncIterator[dict]], streamed: Streamed) -> Response:
    """Asks the model, and streams the events of its answer."""
    try:
        deltas = await unless_left(request, asking)
    except ModelError as error:
        return refuse(502, str(error))
    return StreamingResponse(streamed(deltas), media_type="text/event-stream")


async def unless_left(request: Request, work: Coroutine) -> AsyncIterator[dict]:
    """Cancels work when the client disconnects, as Starlette does once a stream has begun."""
    task = asyncio.create_task(work)
    left = asyncio.create_task(disconnect(request))
    try:
        await asyncio.wait({task, left}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ModelError("the client has left")
        return task.result()
    finally:
        task.cancel()
        left.cancel()


async def disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def refuse(status: int, error: str) -> JSONResponse:
    return JSONResponse({"error": error}, status)
