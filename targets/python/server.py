"""An agent server: it asks the model and streams events to the client."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, field_validator
from starlette.exceptions import HTTPException

import images
import pubsub
import tools
from agent import Agent, planner
from answers import answer, model, refuse, stream_of
from events import contents
from model import Model
from rooms import OwnRooms


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
    # The defaults end a stream after 5 s without data, and allow 100 connections.
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with AsyncExitStack() as open:
        client = httpx.AsyncClient(base_url=os.environ["UPSTREAM"], timeout=None, limits=limits)
        app.state.model = Model(await open.enter_async_context(client))
        app.state.rooms = OwnRooms(app.state.model)
        if url := os.environ.get("REDIS"):
            # Loaded only when used.
            from redis.asyncio import Redis

            from redis_rooms import SharedRooms

            redis = await open.enter_async_context(Redis.from_url(url, decode_responses=True))
            await redis.ping()
            app.state.rooms = SharedRooms(redis, app.state.model)
        yield


app = FastAPI(lifespan=lifespan)
app.include_router(pubsub.router)


@app.post("/chat")
async def chat(body: ChatRequest, request: Request) -> Response:
    """One question, one answer."""
    messages = [{"role": "user", "content": body.message}]
    return await answer(request, model(request).ask(messages), contents)


@app.post("/agent")
async def agent(body: ChatRequest, request: Request) -> Response:
    """Answers with all tools."""
    agent = Agent(model(request), tools.ALL, [{"role": "user", "content": body.message}])
    return await answer(request, agent.ask(), stream_of(agent.run))


@app.post("/sub-agents")
async def sub_agents(body: ChatRequest, request: Request) -> Response:
    """Answers with a planner whose tool runs a sub-agent."""
    agent = planner(model(request), body.message)
    return await answer(request, agent.ask(), stream_of(agent.run))


@app.post("/multimodal")
async def multimodal(body: ImageRequest, request: Request) -> Response:
    """Takes an image, and sends the model's text and images."""
    content = [{"type": "text", "text": body.message}, {"type": "image_url", "image_url": {"url": body.image}}]
    return await answer(request, model(request).ask([{"role": "user", "content": content}]), stream_of(images.show))


@app.exception_handler(RequestValidationError)
async def bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    return refuse(400, str(error))


@app.exception_handler(HTTPException)
async def refused(_request: Request, error: HTTPException) -> JSONResponse:
    # Another method of a route is 404, too.
    return refuse(404 if error.status_code == 405 else error.status_code, error.detail)


if database := os.environ.get("DATABASE"):
    # Loaded only when used.
    from database import routes

    app.include_router(routes(database))
