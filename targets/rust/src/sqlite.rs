//! Threads in SQLite.

use crate::threads::{self, StoredMessage, Thread};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
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

/// The only connection, on a separate thread because SQLite blocks.
pub struct Store(tokio_rusqlite::Connection);

impl Store {
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
}

#[async_trait]
impl threads::Store for Store {
    async fn create(&self, id: String, title: String) -> anyhow::Result<bool> {
        self.call(move |db| create(db, &id, &title)).await
    }

    async fn read(&self, id: String) -> anyhow::Result<Option<Thread>> {
        self.call(move |db| {
            db.prepare_cached("SELECT id, title FROM threads WHERE id = ?")?
                .query_row([id], thread)
                .optional()
        })
        .await
    }

    async fn list(&self, after: String, limit: u32) -> anyhow::Result<Vec<Thread>> {
        self.call(move |db| {
            db.prepare_cached("SELECT id, title FROM threads WHERE id > ? ORDER BY id LIMIT ?")?
                .query_map(params![after, limit], thread)?
                .collect()
        })
        .await
    }

    async fn rename(&self, id: String, title: String) -> anyhow::Result<bool> {
        self.call(move |db| {
            let renamed = db
                .prepare_cached("UPDATE threads SET title = ? WHERE id = ?")?
                .execute([title, id])?;
            Ok(renamed > 0)
        })
        .await
    }

    async fn remove(&self, id: String) -> anyhow::Result<bool> {
        self.call(move |db| {
            let removed = db
                .prepare_cached("DELETE FROM threads WHERE id = ?")?
                .execute([id])?;
            Ok(removed > 0)
        })
        .await
    }

    async fn messages(&self, id: String) -> anyhow::Result<Vec<StoredMessage>> {
        self.call(move |db| {
            db.prepare_cached("SELECT role, content FROM messages WHERE thread = ? ORDER BY id")?
                .query_map([id], message_of_row)?
                .collect()
        })
        .await
    }

    async fn latest(&self, id: String, limit: u32) -> anyhow::Result<Vec<StoredMessage>> {
        self.call(move |db| {
            let mut messages: Vec<StoredMessage> = db
                .prepare_cached(
                    "SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?",
                )?
                .query_map(params![id, limit], message_of_row)?
                .collect::<Result<_, _>>()?;
            messages.reverse();
            Ok(messages)
        })
        .await
    }

    async fn append(&self, id: String, stored: StoredMessage) -> anyhow::Result<()> {
        self.call(move |db| append(db, &id, &stored)).await
    }

    async fn record(
        &self,
        id: String,
        title: String,
        stored: [StoredMessage; 2],
    ) -> anyhow::Result<()> {
        self.call(move |db| {
            let transaction = db.transaction()?;
            create(&transaction, &id, &title)?;
            for stored in &stored {
                append(&transaction, &id, stored)?;
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

fn append(db: &Connection, id: &str, stored: &StoredMessage) -> rusqlite::Result<()> {
    db.prepare_cached("INSERT INTO messages (thread, role, content) VALUES (?, ?, ?)")?
        .execute([id, &stored.role, &stored.content])?;
    Ok(())
}

fn thread(row: &Row) -> rusqlite::Result<Thread> {
    Ok(Thread {
        id: row.get(0)?,
        title: row.get(1)?,
    })
}

fn message_of_row(row: &Row) -> rusqlite::Result<StoredMessage> {
    Ok(StoredMessage {
        role: row.get(0)?,
        content: row.get(1)?,
    })
}
