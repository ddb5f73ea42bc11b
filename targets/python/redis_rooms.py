"""Rooms of all servers that share a Redis. Redis counts the members and distributes the events."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from model import Model
from rooms import Member, Round, answering

# Adds a member to the current round. Returns 0 if that round was already complete; the next one
# starts then.
JOIN = """
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
  local present = redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], 3600)
  if present >= tonumber(ARGV[2]) then
    redis.call('INCR', KEYS[1])
    redis.call('EXPIRE', KEYS[1], 3600)
  end
  return present"""
# Removes a member. If all have left a complete round, publishes its end, which stops the model
# call.
LEAVE = """
  if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
  redis.call('DEL', KEYS[2])
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end"""
# Ends a round by publishing an empty text.
END = "redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')"


class LocalRound(Round):
    """The local part of a round."""

    def __init__(self, room: str, number: str) -> None:
        super().__init__()
        self.number = number
        self.keys = [room, f"{room}:{number}"]
        self.channel = self.keys[1]
        self.over = False
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.listener: asyncio.Task | None = None


class SharedRooms:
    """Rooms of all servers with this Redis."""

    def __init__(self, client: Redis, model: Model) -> None:
        self.client, self.model = client, model
        self.count_in, self.count_out = client.register_script(JOIN), client.register_script(LEAVE)
        self.end = client.register_script(END)
        self.local: dict[str, LocalRound] = {}
        self.tasks: set[asyncio.Task] = set()

    @asynccontextmanager
    async def member(self, room: str, message: str, members: int) -> AsyncIterator[tuple[int, Member]]:
        member = Member()
        # A client that disconnects meanwhile has joined anyway.
        joining = self.go(self.join(f"room:{room}", message, members, member))
        try:
            round, joined = await asyncio.shield(joining)
            yield joined, member
        finally:
            joining.add_done_callback(lambda done: self.leave(done.result()[0], member))

    async def join(self, room: str, message: str, members: int, member: Member) -> tuple[LocalRound, int]:
        while True:
            number = await self.client.get(room) or "0"
            round = self.enter(LocalRound(room, number), member)
            await asyncio.shield(round.ready)
            joined = await self.count_in(round.keys, [number, members])
            if joined >= members:
                round.task = self.go(self.publish(round, message))
            if joined > 0:
                return round, joined
            # The round was complete before this member was counted.
            self.exit(round, member)

    def enter(self, wanted: LocalRound, member: Member) -> LocalRound:
        """Subscribes a member to the round's channel. The member is not counted yet."""
        round = self.local.setdefault(wanted.channel, wanted)
        round.members.add(member)
        if round is wanted:
            round.listener = self.go(self.listen(round))
        return round

    async def listen(self, round: LocalRound) -> None:
        async with self.client.pubsub() as subscription:
            await subscription.subscribe(round.channel)
            async for message in subscription.listen():
                if message["type"] == "subscribe":
                    round.ready.set_result(None)
                elif message["data"]:
                    round.broadcast(message["data"])
                else:
                    break
        round.over = True
        round.broadcast(None)
        self.drop(round)
        if round.task:
            round.task.cancel()

    async def publish(self, round: LocalRound, message: str) -> None:
        # The server stays subscribed to the round until publishing ends, even without a local
        # member.
        publisher = Member()
        round.members.add(publisher)
        try:
            async for event in answering(self.model, message):
                await self.client.publish(round.channel, event)
            await self.end([round.channel])
        finally:
            self.exit(round, publisher)

    def leave(self, round: LocalRound, member: Member) -> None:
        self.exit(round, member)
        if not round.over:
            self.go(self.count_out(round.keys, [round.number]))

    def exit(self, round: LocalRound, member: Member) -> None:
        round.members.discard(member)
        if not round.members:
            self.drop(round)

    def drop(self, round: LocalRound) -> None:
        if self.local.get(round.channel) is round:
            del self.local[round.channel]
            if round.listener and not round.over:
                round.listener.cancel()

    def go(self, work: Coroutine) -> asyncio.Task:
        """Starts a task and keeps a reference until it is done."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task
