"""Rooms of this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from events import contents, data
from model import Model, ModelError


class Member(asyncio.Queue[str | None]):
    """What a member is still to be sent; None is the end."""


class Rooms(Protocol):
    """Where members of a room come together."""

    def member(
        self, room: str, message: str, members: int
    ) -> AbstractAsyncContextManager[tuple[int, Member]]:
        """Joins a room, and leaves it; gives how many are there. Whoever completes it has the model asked."""


async def answering(model: Model, message: str) -> AsyncIterator[str]:
    """The answer as events, whether the model fails or not."""
    try:
        deltas = await model.ask([{"role": "user", "content": message}])
    except ModelError as error:
        yield data({"error": str(error)})
    else:
        async for event in contents(deltas):
            yield event


class Round:
    """Those who hear the same answer, and the task that asks for it."""

    def __init__(self) -> None:
        self.members: set[Member] = set()
        self.task: asyncio.Task | None = None

    def say(self, event: str | None) -> None:
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
                round.say(event)
        finally:
            # Whatever happens, nobody is left waiting.
            round.say(None)

    def leave(self, room: str, round: Round, member: Member) -> None:
        round.members.remove(member)
        if round.members:
            return
        if round.task:
            round.task.cancel()
        if self.waiting.get(room) is round:
            del self.waiting[room]
