"""Runs LangChain agents, and tells what they do as events."""

import json
import os
from collections.abc import AsyncIterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.messages import AIMessage, AnyMessage, ToolMessage
from langchain_openai import ChatOpenAI
from langgraph.graph.state import CompiledStateGraph

Event = dict[str, Any]

# Each turn is a step for the model and one for its tools.
RECURSION_LIMIT = 2 * 20

# A failure is to be seen, as soon as it happens; silence of the model is none.
model = ChatOpenAI(
    model="stub",
    api_key="none",
    base_url=os.environ["UPSTREAM"] + "/v1",
    max_retries=0,
    timeout=None,
    stream_chunk_timeout=0,
)
talker = create_agent(model)


async def run(agent: CompiledStateGraph, messages: list[dict[str, Any]]) -> AsyncIterator[Event]:
    """The tokens, tool calls and results of an agent that is given messages. Closing the iterator ends it."""
    parts = agent.astream({"messages": messages}, {"recursion_limit": RECURSION_LIMIT}, stream_mode=["messages", "updates"])
    async for mode, data in parts:
        if mode == "messages":
            message, _metadata = data
            if not isinstance(message, ToolMessage) and message.text:
                yield {"content": message.text}
        else:
            for update in data.values():
                for message in (update or {}).get("messages", []):
                    for event in told(message):
                        yield event


def told(message: AnyMessage) -> list[Event]:
    """What is to be told of a message that is whole."""
    if isinstance(message, AIMessage):
        # A stream that breaks off without an error would pass for an answer that ends.
        if not message.response_metadata.get("finish_reason"):
            raise RuntimeError("the model broke off")
        return [{"tool_call": {"id": call["id"], "name": call["name"], "arguments": call["args"]}} for call in message.tool_calls]
    if isinstance(message, ToolMessage):
        return [{"tool_result": {"id": message.tool_call_id, "name": message.name, "result": json.loads(message.text)}}]
    return []
