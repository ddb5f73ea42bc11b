"""Threads and their messages, in a database."""

from typing import Annotated, Literal, Protocol

from pydantic import BaseModel, Field

# The id of a thread.
ID = r"^[A-Za-z0-9_-]{1,64}$"
# A string without NUL, which not every database stores.
Keepable = Annotated[str, Field(min_length=1, pattern=r"^[^\x00]*$")]


class Thread(BaseModel):
    id: str = Field(pattern=ID)
    title: Keepable


class StoredMessage(BaseModel):
    role: Literal["user", "assistant"]
    content: Keepable


class Threads(Protocol):
    """The operations of a database of threads."""

    async def create(self, thread: Thread) -> bool:
        """Creates a thread. Returns whether the id was free."""

    async def read(self, id: str) -> dict | None:
        """Returns the thread with all its messages."""

    async def page(self, after: str, limit: int) -> list[dict]:
        """Returns the threads after an id, in the order of ids."""

    async def rename(self, id: str, title: str) -> bool:
        """Renames a thread. Returns whether it exists."""

    async def remove(self, id: str) -> bool:
        """Deletes a thread. Returns whether it existed."""

    async def latest(self, id: str, limit: int) -> list[dict]:
        """Returns the last messages, oldest first."""

    async def append(self, id: str, stored: StoredMessage) -> bool:
        """Appends a message. Returns whether the thread exists."""

    async def record(self, id: str, question: str, answer: str) -> None:
        """Appends to a thread in one transaction, and creates the thread if it is new."""
