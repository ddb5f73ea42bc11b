"""Runs LangChain agents, and sends their steps as events."""

import json
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_core.runnables import RunnableConfig
from langchain_openai import ChatOpenAI
from langgraph.graph.state import CompiledStateGraph

from images import parts

Event = dict[str, Any]

MAX_TURNS = 20

# Without retries, a failure shows immediately. A pause of the model is not a failure.
SETTINGS: dict[str, Any] = {
    "model": "stub",
    "api_key": "none",
    "base_url": os.environ["UPSTREAM"] + "/v1",
    "max_retries": 0,
    "timeout": None,
    "stream_chunk_timeout": 0,
}
model = ChatOpenAI(**SETTINGS)


async def run(
    agent: CompiledStateGraph,
    messages: list[dict[str, Any]],
    depth: int = 0,
    config: RunnableConfig | None = None,
    **options: Any,
) -> AsyncIterator[Event]:
    """Yields the tokens, tool calls and results of an agent. Depth is the number of agents around it.

    Closing the iterator cancels the agent.
    """
    # Each turn has one step for the model and one for its tools.
    config = (config or {}) | {"recursion_limit": 2 * MAX_TURNS}
    modes = ["messages", "updates", "custom"]
    turns = 0
    async for mode, data in agent.astream({"messages": messages}, config, stream_mode=modes, **options):
        if mode == "custom":
            yield data
        elif mode == "messages":
            for event in token(*data, depth):
                yield event
        else:
            for message in (message for update in data.values() for message in update["messages"]):
                turns += isinstance(message, AIMessage)
                for event in whole(message, turns):
                    yield event


def token(message: AnyMessage, metadata: dict[str, Any], depth: int) -> Iterator[Event]:
    # The stream includes inner agents, which send their own events.
    own = metadata["langgraph_checkpoint_ns"].count("|") == depth
    if not own or isinstance(message, ToolMessage):
        return
    if message.text:
        yield {"content": message.text}
    for image in message.additional_kwargs.get("images", []):
        yield from parts(image["image_url"]["url"])


def whole(message: AnyMessage, turns: int) -> Iterator[Event]:
    """Yields the events of a complete message."""
    if isinstance(message, AIMessage):
        check(message)
        if message.tool_calls and turns == MAX_TURNS:
            raise RuntimeError(f"no answer after {MAX_TURNS} turns")
        for call in message.tool_calls:
            yield {"tool_call": {"id": call["id"], "name": call["name"], "arguments": call["args"]}}
    elif isinstance(message, ToolMessage):
        result = {"error": message.text} if message.status == "error" else json.loads(message.text)
        yield {"tool_result": {"id": message.tool_call_id, "name": message.name, "result": result}}


def check(message: AIMessage) -> None:
    """A stream that ends early without an error would look like a complete answer."""
    if not message.response_metadata.get("finish_reason"):
        raise RuntimeError("the model broke off")
