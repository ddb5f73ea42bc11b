"""The agents that the routes run."""

import json

from langchain.agents import create_agent
from langchain.tools import ToolRuntime, tool

from agent import model, run
from tools import TOOLS, search

talker = create_agent(model)
helper = create_agent(model, TOOLS)
researcher = create_agent(model, [search], system_prompt="You research. Search first, then answer.")


@tool
async def delegate(task: str, runtime: ToolRuntime) -> str:
    """Gives a task to a researcher."""
    answer = ""
    async for event in run(researcher, [{"role": "user", "content": task}], depth=1):
        answer = answer + event["content"] if "content" in event else ""
        runtime.stream_writer(event | {"agent": task})
    return json.dumps({"answer": answer})


planner = create_agent(model, [delegate], system_prompt="You plan. Delegate, then sum up.")
