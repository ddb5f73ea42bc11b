"""The agents behind the routes."""

import asyncio
import json
from collections.abc import Callable

from langchain.agents import create_agent
from langchain.agents.middleware import ModelRequest, ModelResponse, wrap_model_call
from langchain.tools import ToolRuntime, tool

from agent import SETTINGS, Event, model, run
from images import Drawing
from tools import TOOLS, search

chat_agent = create_agent(model)
image_agent = create_agent(Drawing(**SETTINGS))


@wrap_model_call
async def report_mistakes(request: ModelRequest, handler: Callable) -> ModelResponse:
    """Passes calls whose arguments are not an object on to the model as errors. LangChain would drop them."""
    response = await handler(request)
    for message in response.result:
        for call in getattr(message, "invalid_tool_calls", []):
            message.tool_calls.append({"id": call["id"], "name": call["name"], "args": {}, "type": "tool_call"})
    return response


helper = create_agent(model, TOOLS, middleware=[report_mistakes])
researcher = create_agent(model, [search], system_prompt="You research. Search first, then answer.")


@tool
async def delegate(task: str, runtime: ToolRuntime) -> str:
    """Gives a task to a researcher."""
    work = asyncio.create_task(research(task, runtime.stream_writer))
    try:
        # When another sub-agent fails, LangGraph cancels this one twice, which would interrupt its
        # cleanup.
        return await asyncio.shield(work)
    finally:
        work.cancel()


async def research(task: str, emit: Callable[[Event], None]) -> str:
    answer = ""
    async for event in run(researcher, [{"role": "user", "content": task}], depth=1):
        answer = answer + event["content"] if "content" in event else ""
        emit(event | {"agent": task})
    return json.dumps({"answer": answer})


planner = create_agent(model, [delegate], system_prompt="You plan. Delegate, then sum up.")
