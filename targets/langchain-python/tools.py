"""The tools that the model may call; each waits as long as a fast service would take."""

import asyncio
import json

from langchain.tools import tool


@tool
async def get_weather(city: str) -> str:
    """The weather in a city."""
    await asyncio.sleep(0.005)
    return json.dumps({"city": city, "celsius": 21})


@tool
async def get_time(city: str) -> str:
    """The time in a city."""
    await asyncio.sleep(0.003)
    return json.dumps({"city": city, "time": "12:00"})


@tool
async def search(query: str) -> str:
    """Searches the web."""
    await asyncio.sleep(0.008)
    return json.dumps({"query": query, "results": [f"{query} {n}" for n in (1, 2, 3)]})


@tool
async def add(a: int | float, b: int | float) -> str:
    """Adds two numbers."""
    await asyncio.sleep(0.002)
    return json.dumps({"sum": a + b})


TOOLS = [get_weather, get_time, search, add]
