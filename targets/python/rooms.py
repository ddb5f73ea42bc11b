"""Rooms of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from events import contents, data
from model import Model, ModelError


class Member(asyncio.Queue[str | None]):
    """A member's queue of events; None is the end."""


class Rooms(Protocol):
    """Rooms that members can join."""

    def member(
        self, room: str, message: str, members: int
    ) -> AbstractAsyncContextManager[tuple[int, Member]]:
        """Joins a room, and leaves it on exit. Returns the number of members. The last member starts the model call."""


async def answering(model: Model, message: str) -> AsyncIterator[str]:
    """Yields the answer's events, and an error event if the model fails."""
    try:
        deltas = await model.ask([{"role": "user", "content": message}])
    except ModelError as error:
        yield data({"error": str(error)})
    else:
        async for event in contents(deltas):
            yield event


class Round:
    """The members that receive the same answer, and the task that asks for it."""

    def __init__(self) -> None:
        self.members: set[Member] = set()
        self.task: asyncio.Task | None = None

    def broadcast(self, event: str | None) -> None:
        for member in self.members:
            member.put_nowait(event)


class OwnRooms:
    """Rooms of this process."""

    def __init__(self, model: Model) -> None:
        self.model = model
        # Rounds that wait for more members, by room.
        self.waiting: dict[str, Round] = {}

    @asynccontextmanager
    async def member(self, room: str, message: str, members: int) -> AsyncIterator[tuple[int, Member]]:
        member = Member()
        round = self.waiting.setdefault(room, Round())
        round.members.add(member)
        if len(round.members) >= members:
            del self.waiting[room]
            round.task = asyncio.create_task(self.publish(round, message))
        try:
            yield len(round.members), member
        finally:
            self.leave(room, round, member)

    async def publish(self, round: Round, message: str) -> None:
        try:
            async for event in answering(self.model, message):
                round.broadcast(event)
        finally:
            # In any case, all members get the end.
            round.broadcast(None)

    def leave(self, room: str, round: Round, member: Member) -> None:
        round.members.remove(member)
        if round.members:
            return
        if round.task:
            round.task.cancel()
        if self.waiting.get(room) is round:
            del self.waiting[room]
