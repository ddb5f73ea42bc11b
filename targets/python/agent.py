"""An agent: asks the model and runs its tools, turn by turn, until the model answers."""

import asyncio
import json
from collections.abc import AsyncIterator

from pydantic import BaseModel

from events import Emit
from model import Model, ModelError
from tools import SEARCH, Tool

MAX_TURNS = 20


class Agent:
    def __init__(self, model: Model, tools: list[Tool], messages: list[dict]) -> None:
        self.model = model
        self.tools = {tool.name: tool for tool in tools}
        self.messages = messages

    async def ask(self) -> AsyncIterator[dict]:
        """Asks the model for its next turn."""
        return await self.model.ask(self.messages, [tool.definition() for tool in self.tools.values()])

    async def run(self, deltas: AsyncIterator[dict], emit: Emit) -> str:
        """Runs until the model calls no tool, and returns the text of that turn."""
        for turn in range(1, MAX_TURNS + 1):
            text, calls = await forward(deltas, emit)
            if not calls:
                return text
            if turn == MAX_TURNS:
                break
            self.messages.append({"role": "assistant", "content": text, "tool_calls": calls})
            self.messages += await self.call_all(calls, emit)
            deltas = await self.ask()
        raise ModelError(f"no answer after {MAX_TURNS} turns")

    async def call_all(self, calls: list[dict], emit: Emit) -> list[dict]:
        """Runs all calls concurrently, and returns their messages to the model in the order of the calls."""
        for call in calls:
            function = call["function"]
            asked = {"id": call["id"], "name": function["name"], "arguments": parse(function["arguments"])}
            emit({"tool_call": asked})
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.call(call, emit)) for call in calls]
        return [task.result() for task in tasks]

    async def call(self, call: dict, emit: Emit) -> dict:
        name = call["function"]["name"]
        if tool := self.tools.get(name):
            result = await tool(call["function"]["arguments"], emit)
        else:
            result = {"error": f"there is no tool {name}"}
        emit({"tool_result": {"id": call["id"], "name": name, "result": result}})
        return {"role": "tool", "tool_call_id": call["id"], "content": json.dumps(result)}


async def forward(deltas: AsyncIterator[dict], emit: Emit) -> tuple[str, list[dict]]:
    """Sends the model's tokens, and returns the text and the tool calls."""
    text, calls = "", []
    async for delta in deltas:
        if content := delta.get("content"):
            text += content
            emit({"content": content})
        # The first delta of a call has its id and name; each has a fragment of its arguments.
        for part in delta.get("tool_calls") or []:
            if part["index"] >= len(calls):
                function = {"name": part["function"]["name"], "arguments": ""}
                calls.append({"id": part["id"], "type": "function", "function": function})
            calls[-1]["function"]["arguments"] += part["function"].get("arguments", "")
    return text, calls


def parse(arguments: str) -> object:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


class Task(BaseModel):
    task: str


def planner(model: Model, message: str) -> Agent:
    """Returns a planner whose tool runs a sub-agent."""

    async def delegate(arguments: Task, emit: Emit) -> dict:
        task = arguments.task
        agent = Agent(model, [SEARCH], conversation("You research. Search first, then answer.", task))
        answer = await agent.run(await agent.ask(), lambda event: emit(event | {"agent": task}))
        return {"answer": answer}

    tool = Tool("delegate", "Gives a task to a researcher", Task, delegate)
    return Agent(model, [tool], conversation("You plan. Delegate, then sum up.", message))


def conversation(system: str, user: str) -> list[dict]:
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]
