"""One answer of the model, published to all members of a room."""

from collections.abc import AsyncIterator

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from events import data
from rooms import Rooms

router = APIRouter()


class PubsubRequest(BaseModel):
    room: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    message: str = Field(min_length=1)
    members: int = Field(ge=1, le=1000, strict=True)


@router.post("/pubsub")
async def pubsub(body: PubsubRequest, request: Request) -> Response:
    return StreamingResponse(member_events(body, request.app.state.rooms), media_type="text/event-stream")


async def member_events(body: PubsubRequest, rooms: Rooms) -> AsyncIterator[str]:
    """Yields a member's events. The member joins with the first one, and leaves when the generator ends."""
    async with rooms.member(body.room, body.message, body.members) as (joined, member):
        yield data({"joined": joined})
        while (event := await member.get()) is not None:
            yield event
