"""A chat with message history: LangGraph stores the state of each thread in SQLite."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated

import aiosqlite
from fastapi import FastAPI, Request
from fastapi.responses import Response
from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest, ModelResponse, wrap_model_call
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph.state import CompiledStateGraph
from pydantic import BaseModel, Field

from agent import Event, check, model, run
from answer import answer

# The most messages of a thread that the model gets.
REMEMBERED = 20


class HistoryRequest(BaseModel):
    thread: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    # Not every database stores a NUL.
    message: Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]


@wrap_model_call
async def tell_the_latest(request: ModelRequest, handler: Callable) -> ModelResponse:
    response = await handler(request.override(messages=request.messages[-REMEMBERED - 1 :]))
    # Fails before the message is stored.
    for message in response.result:
        check(message)
    return response


def remember(app: FastAPI, path: str) -> None:
    """Adds the route. Its threads are in the SQLite file."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with aiosqlite.connect(path) as connection:
            saver = AsyncSqliteSaver(connection)
            await saver.setup()
            await connection.execute("PRAGMA synchronous = NORMAL")
            app.state.agent = create_agent(model, middleware=[tell_the_latest], checkpointer=saver)
            yield

    app.router.lifespan_context = lifespan

    @app.post("/history")
    async def history(body: HistoryRequest, request: Request) -> Response:
        return await answer(chat(request.app.state.agent, body.thread, body.message), request)


async def chat(agent: CompiledStateGraph, thread: str, message: str) -> AsyncIterator[Event]:
    config = await finished(agent, {"configurable": {"thread_id": thread}})
    # The state is written once, at the end.
    async for event in run(agent, [{"role": "user", "content": message}], config=config, durability="exit"):
        yield event


async def finished(agent: CompiledStateGraph, config: RunnableConfig) -> RunnableConfig:
    """Returns the last state with a complete answer: LangGraph also stores failed runs."""
    state = await agent.aget_state(config)
    while state.next and state.parent_config:
        state = await agent.aget_state(state.parent_config)
    if state.next:
        await agent.checkpointer.adelete_thread(config["configurable"]["thread_id"])
        return config
    return state.config
