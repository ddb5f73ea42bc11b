"""Threads and their messages, in a database."""

from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, Field

# What the id of a thread looks like.
ID = r"^[A-Za-z0-9_-]{1,64}$"
# A text that is to be kept; not every database keeps a NUL.
Keepable = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]


class Thread(BaseModel):
    id: str = Field(pattern=ID)
    title: Keepable


class Said(BaseModel):
    role: Literal["user", "assistant"]
    content: Keepable


class Threads(Protocol):
    """What a database does with threads."""

    async def create(self, thread: Thread) -> bool:
        """Whether it is new."""

    async def read(self, id: str) -> dict | None:
        """The thread with all its messages."""

    async def page(self, after: str, limit: int) -> list[dict]:
        """Those after an id, in the order of ids."""

    async def rename(self, id: str, title: str) -> bool:
        """Whether it is there."""

    async def remove(self, id: str) -> bool:
        """Whether it was there."""

    async def latest(self, id: str, limit: int) -> list[dict]:
        """The last messages, oldest first."""

    async def append(self, id: str, said: Said) -> bool:
        """Whether the thread is there."""

    async def record(self, id: str, question: str, answer: str) -> None:
        """Appends to a thread, which is created if it is new, all or nothing."""
