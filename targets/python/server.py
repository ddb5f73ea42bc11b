"""An agent server: it asks the model and streams what happens to the client."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field, field_validator

import images
import tools
from agent import Agent, planner
from events import Emit, contents, stream
from model import Model, ModelError


# Makes the events of the client from the chunks of the model.
Streamed = Callable[[AsyncIterator[dict]], AsyncIterator[str]]


class ChatRequest(BaseModel):
    message: str = Field(min_length=1)


class ImageRequest(ChatRequest):
    image: str

    @field_validator("image")
    @classmethod
    def is_image(cls, url: str) -> str:
        images.decode(url)
        return url


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
    """One question, one answer."""
    messages = [{"role": "user", "content": body.message}]
    return await answer(request, model(request).ask(messages), contents)


@app.post("/agent")
async def agent(body: ChatRequest, request: Request) -> Response:
    """An answer with the help of all tools."""
    agent = Agent(model(request), tools.ALL, [{"role": "user", "content": body.message}])
    return await answer(request, agent.ask(), stream_of(agent.run))


@app.post("/sub-agents")
async def sub_agents(body: ChatRequest, request: Request) -> Response:
    """An answer by a planner whose tool is another agent."""
    agent = planner(model(request), body.message)
    return await answer(request, agent.ask(), stream_of(agent.run))


@app.post("/multimodal")
async def multimodal(body: ImageRequest, request: Request) -> Response:
    """An image in, and what the model says and draws."""
    content = [{"type": "text", "text": body.message}, {"type": "image_url", "image_url": {"url": body.image}}]
    return await answer(request, model(request).ask([{"role": "user", "content": content}]), stream_of(images.show))


def model(request: Request) -> Model:
    return request.app.state.model


def stream_of(work: Callable[[AsyncIterator[dict], Emit], Awaitable[object]]) -> Streamed:
    return lambda deltas: stream(lambda emit: work(deltas, emit))


async def answer(request: Request, asking: Coroutine[None, None, AsyncIterator[dict]], streamed: Streamed) -> Response:
    """Asks the model; what is made of its answer is streamed."""
    try:
        deltas = await unless_left(request, asking)
    except ModelError as error:
        return refuse(502, str(error))
    return StreamingResponse(streamed(deltas), media_type="text/event-stream")


async def unless_left(request: Request, work: Coroutine) -> AsyncIterator[dict]:
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
    return refuse(404, "there is no such route")
