"""Threads in PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from threads import StoredMessage, Thread

# Orders ids by their bytes, independent of the database's collation.
SCHEMA = """
    CREATE TABLE IF NOT EXISTS threads (id TEXT COLLATE "C" PRIMARY KEY, title TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS messages (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        content TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);
"""

CREATE = "INSERT INTO threads (id, title) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id"
APPEND = "INSERT INTO messages (thread, role, content) VALUES ($1, $2, $3)"


class PostgresThreads:
    """All threads. asyncpg prepares each statement once per connection."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def create(self, thread: Thread) -> bool:
        return await self.pool.fetchval(CREATE, thread.id, thread.title) is not None

    async def read(self, id: str) -> dict | None:
        async with self.pool.acquire() as db:
            row = await db.fetchrow("SELECT id, title FROM threads WHERE id = $1", id)
            query = "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id"
            return row and dict(row) | {"messages": [dict(each) for each in await db.fetch(query, id)]}

    async def page(self, after: str, limit: int) -> list[dict]:
        query = "SELECT id, title FROM threads WHERE id > $1 ORDER BY id LIMIT $2"
        return [dict(row) for row in await self.pool.fetch(query, after, limit)]

    async def rename(self, id: str, title: str) -> bool:
        return await self.pool.fetchval("UPDATE threads SET title = $2 WHERE id = $1 RETURNING id", id, title) is not None

    async def remove(self, id: str) -> bool:
        return await self.pool.fetchval("DELETE FROM threads WHERE id = $1 RETURNING id", id) is not None

    async def latest(self, id: str, limit: int) -> list[dict]:
        query = "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id DESC LIMIT $2"
        return [dict(row) for row in await self.pool.fetch(query, id, limit)][::-1]

    async def append(self, id: str, stored: StoredMessage) -> bool:
        async with self.pool.acquire() as db:
            if not await db.fetchval("SELECT 1 FROM threads WHERE id = $1", id):
                return False
            await db.execute(APPEND, id, stored.role, stored.content)
            return True

    async def record(self, id: str, question: str, answer: str) -> None:
        async with self.pool.acquire() as db, db.transaction():
            await db.execute(CREATE, id, question)
            await db.execute(APPEND, id, "user", question)
            await db.execute(APPEND, id, "assistant", answer)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[PostgresThreads]:
    """Returns the threads in the database at this URL."""
    async with asyncpg.create_pool(url, min_size=0, max_size=10) as pool:
        await pool.execute(SCHEMA)
        yield PostgresThreads(pool)
