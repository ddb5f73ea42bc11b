"""The tools that the model may call."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from events import Emit


@dataclass
class Tool:
    """A function that the model may call."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[..., Awaitable[dict]]

    def definition(self) -> dict:
        function = {
            "name": self.name,
            "description": self.description,
            "parameters": self.arguments.model_json_schema(),
        }
        return {"type": "function", "function": function}

    async def __call__(self, arguments: str, emit: Emit) -> dict:
        """Runs the tool. Its events go to the client, its result to the model."""
        try:
            read = self.arguments.model_validate_json(arguments)
        except ValidationError as error:
            return {"error": str(error)}
        return await self.run(read, emit)


class Place(BaseModel):
    city: str


class Query(BaseModel):
    query: str


class Summands(BaseModel):
    a: int | float
    b: int | float


# Each waits as long as a fast service would take.


async def get_weather(place: Place, _emit: Emit) -> dict:
    await asyncio.sleep(0.005)
    return {"city": place.city, "celsius": 21}


async def get_time(place: Place, _emit: Emit) -> dict:
    await asyncio.sleep(0.003)
    return {"city": place.city, "time": "12:00"}


async def search(query: Query, _emit: Emit) -> dict:
    await asyncio.sleep(0.008)
    return {"query": query.query, "results": [f"{query.query} {n}" for n in (1, 2, 3)]}


async def add(summands: Summands, _emit: Emit) -> dict:
    await asyncio.sleep(0.002)
    return {"sum": summands.a + summands.b}


SEARCH = Tool("search", "Searches the web", Query, search)
ALL = [
    Tool("get_weather", "The weather in a city", Place, get_weather),
    Tool("get_time", "The time in a city", Place, get_time),
    SEARCH,
    Tool("add", "Adds two numbers", Summands, add),
]
