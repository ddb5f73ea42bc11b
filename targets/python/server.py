"""A chat server: it asks the model and streams each token to the client as it arrives."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from model import Model, ModelError


class ChatRequest(BaseModel):
    message: str = Field(min_length=1)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    # The defaults end a stream after 5 s of silence, and serve 100 at a time.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM"], timeout=None, limits=limits) as client:
        app.state.model = Model(client)
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/chat")
async def chat(body: ChatRequest, request: Request) -> Response:
    try:
        tokens = await unless_left(request, request.app.state.model.ask(body.message))
    except ModelError as error:
        return refuse(502, str(error))
    return StreamingResponse(events(tokens), media_type="text/event-stream")


async def events(tokens: AsyncIterator[str]) -> AsyncIterator[str]:
    try:
        async for content in tokens:
            yield event({"content": content})
        yield "data: [DONE]\n\n"
    except ModelError as error:
        yield event({"error": str(error)})


def event(data: dict[str, str]) -> str:
    return f"data: {json.dumps(data)}\n\n"


async def unless_left(request: Request, work: Coroutine) -> AsyncIterator[str]:
    """Cancels work when the client leaves, as Starlette does by itself once a stream has begun."""
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


@app.exception_handler(RequestValidationError)
async def bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    return refuse(400, str(error))


@app.exception_handler(404)
@app.exception_handler(405)
async def not_found(_request: Request, _error: Exception) -> JSONResponse:
    return refuse(404, "there is only POST /chat")
