//! Threads and their messages, in SQLite.

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::{Deserialize, Serialize};
use tokio_rusqlite::rusqlite;

const SCHEMA: &str = "
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
    CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);";

#[derive(Deserialize, Serialize)]
pub struct Thread {
    pub id: String,
    pub title: String,
}

impl Thread {
    fn from(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            title: row.get(1)?,
        })
    }
}

#[derive(Clone, Deserialize, Serialize)]
pub struct Said {
    pub role: String,
    pub content: String,
}

impl Said {
    fn from(row: &Row) -> rusqlite::Result<Self> {
        Ok(Self {
            role: row.get(0)?,
            content: row.get(1)?,
        })
    }
}

/// All threads; clones share the one connection, which has a thread of its own since SQLite blocks.
#[derive(Clone)]
pub struct Threads(tokio_rusqlite::Connection);

impl Threads {
    pub async fn open(path: &str) -> anyhow::Result<Self> {
        let threads = Self(tokio_rusqlite::Connection::open(path).await?);
        threads.call(|db| db.execute_batch(SCHEMA)).await?;
        Ok(threads)
    }

    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> anyhow::Result<T> {
        Ok(self.0.call(work).await?)
    }

    /// Whether it is new.
    pub async fn create(&self, id: String, title: String) -> anyhow::Result<bool> {
        self.call(move |db| create(db, &id, &title)).await
    }

    pub async fn read(&self, id: String) -> anyhow::Result<Option<Thread>> {
        self.call(move |db| {
            db.prepare_cached("SELECT id, title FROM threads WHERE id = ?")?
                .query_row([id], Thread::from)
                .optional()
        })
        .await
    }

    pub async fn list(&self, after: String, limit: u32) -> anyhow::Result<Vec<Thread>> {
        self.call(move |db| {
            db.prepare_cached("SELECT id, title FROM threads WHERE id > ? ORDER BY id LIMIT ?")?
                .query_map(params![after, limit], Thread::from)?
                .collect()
        })
        .await
    }

    /// Whether it is there.
    pub async fn rename(&self, id: String, title: String) -> anyhow::Result<bool> {
        self.call(move |db| {
            let renamed = db
                .prepare_cached("UPDATE threads SET title = ? WHERE id = ?")?
                .execute([title, id])?;
            Ok(renamed > 0)
        })
        .await
    }

    /// Whether it was there.
    pub async fn remove(&self, id: String) -> anyhow::Result<bool> {
        self.call(move |db| {
            let removed = db
                .prepare_cached("DELETE FROM threads WHERE id = ?")?
                .execute([id])?;
            Ok(removed > 0)
        })
        .await
    }

    pub async fn messages(&self, id: String) -> anyhow::Result<Vec<Said>> {
        self.call(move |db| {
            db.prepare_cached("SELECT role, content FROM messages WHERE thread = ? ORDER BY id")?
                .query_map([id], Said::from)?
                .collect()
        })
        .await
    }

    /// The last messages, oldest first.
    pub async fn latest(&self, id: String, limit: u32) -> anyhow::Result<Vec<Said>> {
        self.call(move |db| {
            let mut messages: Vec<Said> = db
                .prepare_cached(
                    "SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?",
                )?
                .query_map(params![id, limit], Said::from)?
                .collect::<Result<_, _>>()?;
            messages.reverse();
            Ok(messages)
        })
        .await
    }

    pub async fn append(&self, id: String, said: Said) -> anyhow::Result<()> {
        self.call(move |db| append(db, &id, &said)).await
    }

    /// Appends to a thread, which is created if it is new, all or nothing.
    pub async fn record(&self, id: String, title: String, said: [Said; 2]) -> anyhow::Result<()> {
        self.call(move |db| {
            let transaction = db.transaction()?;
            create(&transaction, &id, &title)?;
            for said in &said {
                append(&transaction, &id, said)?;
            }
            transaction.commit()
        })
        .await
    }
}

fn create(db: &Connection, id: &str, title: &str) -> rusqlite::Result<bool> {
    let created = db
        .prepare_cached("INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?)")?
        .execute([id, title])?;
    Ok(created > 0)
}

fn append(db: &Connection, id: &str, said: &Said) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO messages (thread, role, content) VALUES (?, ?, ?)")?
        .execute([id, &said.role, &said.content])?;
    Ok(())
}
