"""Threads in SQLite."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from threads import StoredMessage, Thread

T = TypeVar("T")

SCHEMA = """
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS threads (id TEXT PRIMARY KEY, title TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY,
        thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        content TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);
"""

class SqliteThreads:
    """All threads. SQLite blocks, so it runs on a separate thread, one operation after the other."""

    def __init__(self, path: str) -> None:
        self.worker = ThreadPoolExecutor(1, "sqlite")
        self.db = sqlite3.connect(path, isolation_level="IMMEDIATE", check_same_thread=False)
        self.db.executescript(SCHEMA)

    async def call(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs work in one transaction."""

        def whole() -> T:
            with self.db as db:
                return work(db)

        return await asyncio.get_running_loop().run_in_executor(self.worker, whole)

    async def create(self, thread: Thread) -> bool:
        return await self.call(lambda db: create(db, thread.id, thread.title))

    async def read(self, id: str) -> dict | None:
        def work(db: sqlite3.Connection) -> dict | None:
            row = db.execute("SELECT id, title FROM threads WHERE id = ?", (id,)).fetchone()
            query = "SELECT role, content FROM messages WHERE thread = ? ORDER BY id"
            return row and thread(row) | {"messages": [message(each) for each in db.execute(query, (id,))]}

        return await self.call(work)

    async def page(self, after: str, limit: int) -> list[dict]:
        query = "SELECT id, title FROM threads WHERE id > ? ORDER BY id LIMIT ?"
        return await self.call(lambda db: [thread(row) for row in db.execute(query, (after, limit))])

    async def rename(self, id: str, title: str) -> bool:
        query = "UPDATE threads SET title = ? WHERE id = ?"
        return await self.call(lambda db: db.execute(query, (title, id)).rowcount > 0)

    async def remove(self, id: str) -> bool:
        return await self.call(lambda db: db.execute("DELETE FROM threads WHERE id = ?", (id,)).rowcount > 0)

    async def latest(self, id: str, limit: int) -> list[dict]:
        query = "SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?"
        return await self.call(lambda db: [message(row) for row in db.execute(query, (id, limit))][::-1])

    async def append(self, id: str, stored: StoredMessage) -> bool:
        def work(db: sqlite3.Connection) -> bool:
            if not db.execute("SELECT 1 FROM threads WHERE id = ?", (id,)).fetchone():
                return False
            append(db, id, stored.role, stored.content)
            return True

        return await self.call(work)

    async def record(self, id: str, question: str, answer: str) -> None:
        def work(db: sqlite3.Connection) -> None:
            create(db, id, question)
            append(db, id, "user", question)
            append(db, id, "assistant", answer)

        await self.call(work)


def create(db: sqlite3.Connection, id: str, title: str) -> bool:
    return db.execute("INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?)", (id, title)).rowcount > 0


def append(db: sqlite3.Connection, id: str, role: str, content: str) -> None:
    db.execute("INSERT INTO messages (thread, role, content) VALUES (?, ?, ?)", (id, role, content))


def thread(row: tuple) -> dict:
    return {"id": row[0], "title": row[1]}


def message(row: tuple) -> dict:
    return {"role": row[0], "content": row[1]}
