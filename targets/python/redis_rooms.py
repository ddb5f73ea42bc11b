"""Rooms of all servers that share a Redis: it counts the members, and passes on what is published."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from model import Model
from rooms import Member, Round, answering

# Counts a member of a round, which is over for newcomers once it is complete. 0 if it was complete before.
JOIN = """
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
  local present = redis.call('INCR', KEYS[2])
  redis.call('EXPIRE', KEYS[2], 3600)
  if present >= tonumber(ARGV[2]) then
    redis.call('INCR', KEYS[1])
    redis.call('EXPIRE', KEYS[1], 3600)
  end
  return present"""
# Uncounts one; if all have left a round that was complete, its end tells whoever asks the model.
LEAVE = """
  if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
  redis.call('DEL', KEYS[2])
  if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end"""
# Ends a round: an empty text says so.
END = "redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')"


class Heard(Round):
    """A round as far as it is heard at this server."""

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
        self.heard: dict[str, Heard] = {}
        self.tasks: set[asyncio.Task] = set()

    @asynccontextmanager
    async def member(self, room: str, message: str, members: int) -> AsyncIterator[tuple[int, Member]]:
        member = Member()
        # Somebody who leaves in the middle of it has joined all the same.
        joining = self.go(self.join(f"room:{room}", message, members, member))
        try:
            round, joined = await asyncio.shield(joining)
            yield joined, member
        finally:
            joining.add_done_callback(lambda done: self.leave(done.result()[0], member))

    async def join(self, room: str, message: str, members: int, member: Member) -> tuple[Heard, int]:
        while True:
            number = await self.client.get(room) or "0"
            round = self.enter(Heard(room, number), member)
            await asyncio.shield(round.ready)
            joined = await self.count_in(round.keys, [number, members])
            if joined >= members:
                round.task = self.go(self.publish(round, message))
            if joined > 0:
                return round, joined
            # It was complete before we were counted.
            self.exit(round, member)

    def enter(self, wanted: Heard, member: Member) -> Heard:
        """Has a member hear what is published from now on. It is not counted yet."""
        round = self.heard.setdefault(wanted.channel, wanted)
        round.members.add(member)
        if round is wanted:
            round.listener = self.go(self.listen(round))
        return round

    async def listen(self, round: Heard) -> None:
        async with self.client.pubsub() as subscription:
            await subscription.subscribe(round.channel)
            async for message in subscription.listen():
                if message["type"] == "subscribe":
                    round.ready.set_result(None)
                elif message["data"]:
                    round.say(message["data"])
                else:
                    break
        round.over = True
        round.say(None)
        self.drop(round)
        if round.task:
            round.task.cancel()

    async def publish(self, round: Heard, message: str) -> None:
        # Until it is done, the round is heard here, even without a member.
        publisher = Member()
        round.members.add(publisher)
        try:
            async for event in answering(self.model, message):
                await self.client.publish(round.channel, event)
            await self.end([round.channel])
        finally:
            self.exit(round, publisher)

    def leave(self, round: Heard, member: Member) -> None:
        self.exit(round, member)
        if not round.over:
            self.go(self.count_out(round.keys, [round.number]))

    def exit(self, round: Heard, member: Member) -> None:
        round.members.discard(member)
        if not round.members:
            self.drop(round)

    def drop(self, round: Heard) -> None:
        if self.heard.get(round.channel) is round:
            del self.heard[round.channel]
            if round.listener and not round.over:
                round.listener.cancel()

    def go(self, work: Coroutine) -> asyncio.Task:
        """A task that is not forgotten before it is done."""
        task = asyncio.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return task
