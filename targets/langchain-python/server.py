"""An agent server: LangChain runs the agents, and the server streams their steps to the client."""

import os

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, Field, field_validator

from agent import run
from agents import helper, planner, image_agent, chat_agent
from answer import answer
from images import decode, picture

app = FastAPI()


class Message(BaseModel):
    message: str = Field(min_length=1)


class Picture(Message):
    image: str

    @field_validator("image")
    @classmethod
    def is_image(cls, url: str) -> str:
        decode(url)
        return url


def serve(path: str, agent: CompiledStateGraph) -> None:
    @app.post(path)
    async def post(body: Message, request: Request) -> Response:
        return await answer(run(agent, [{"role": "user", "content": body.message}]), request)


serve("/chat", chat_agent)
serve("/agent", helper)
serve("/sub-agents", planner)


@app.post("/multimodal")
async def multimodal(body: Picture, request: Request) -> Response:
    return await answer(run(image_agent, [picture(body.message, body.image)]), request)


@app.exception_handler(RequestValidationError)
async def bad_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    return JSONResponse({"error": str(error)}, 400)


@app.exception_handler(404)
@app.exception_handler(405)
async def not_found(_request: Request, _error: Exception) -> JSONResponse:
    return JSONResponse({"error": "there is no such route"}, 404)


if path := os.environ.get("DATABASE"):
    # Loaded only when used.
    from history import remember

    remember(app, path)
