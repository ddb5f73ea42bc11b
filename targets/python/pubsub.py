"""One answer of the model, published to all members of a room."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from answers import model
from events import contents, data
from model import Model, ModelError

router = APIRouter()


class PubsubRequest(BaseModel):
    room: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    message: str = Field(min_length=1)
    members: int = Field(ge=1, le=1000, strict=True)


class Round:
    """Those who hear the same answer, each from a queue of its own. After the last event comes None."""

    def __init__(self) -> None:
        self.members: set[asyncio.Queue[str | None]] = set()
        self.task: asyncio.Task | None = None

    def start(self, model: Model, message: str) -> None:
        self.task = asyncio.create_task(self.publish(model, message))

    async def publish(self, model: Model, message: str) -> None:
        try:
            deltas = await model.ask([{"role": "user", "content": message}])
        except ModelError as error:
            self.say(data({"error": str(error)}))
        else:
            async for event in contents(deltas):
                self.say(event)
        finally:
            # Whatever happens, nobody is left waiting.
            self.say(None)

    def say(self, event: str | None) -> None:
        for member in self.members:
            member.put_nowait(event)


# Rounds that wait for more members, by room.
waiting: dict[str, Round] = {}


@router.post("/pubsub")
async def pubsub(body: PubsubRequest, request: Request) -> Response:
    return StreamingResponse(hear(body, model(request)), media_type="text/event-stream")


async def hear(body: PubsubRequest, model: Model) -> AsyncIterator[str]:
    """What one member is sent. It joins with the first event, and leaves however this ends."""
    member: asyncio.Queue[str | None] = asyncio.Queue()
    round = waiting.setdefault(body.room, Round())
    round.members.add(member)
    if len(round.members) >= body.members:
        del waiting[body.room]
        round.start(model, body.message)
    try:
        yield data({"joined": len(round.members)})
        while (event := await member.get()) is not None:
            yield event
    finally:
        leave(body.room, round, member)


def leave(room: str, round: Round, member: asyncio.Queue) -> None:
    round.members.remove(member)
    if round.members:
        return
    if round.task:
        round.task.cancel()
    if waiting.get(room) is round:
        del waiting[room]
