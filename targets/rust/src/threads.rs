//! Threads and their messages, in a database.

use crate::{postgres, sqlite};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize, Serialize)]
pub struct Thread {
    pub id: String,
    pub title: String,
}

#[derive(Clone, Deserialize, Serialize)]
pub struct Said {
    pub role: String,
    pub content: String,
}

/// All threads; clones share them.
pub type Threads = Arc<dyn Store>;

/// The threads in a database: a file, or a server's if it has a URL.
pub async fn open(database: &str) -> anyhow::Result<Threads> {
    Ok(match database.starts_with("postgres:") {
        true => Arc::new(postgres::Store::open(database).await?),
        false => Arc::new(sqlite::Store::open(database).await?),
    })
}

/// What a database does with threads.
#[async_trait]
pub trait Store: Send + Sync {
    /// Whether it is new.
    async fn create(&self, id: String, title: String) -> anyhow::Result<bool>;

    async fn read(&self, id: String) -> anyhow::Result<Option<Thread>>;

    async fn list(&self, after: String, limit: u32) -> anyhow::Result<Vec<Thread>>;

    /// Whether it is there.
    async fn rename(&self, id: String, title: String) -> anyhow::Result<bool>;

    /// Whether it was there.
    async fn remove(&self, id: String) -> anyhow::Result<bool>;

    async fn messages(&self, id: String) -> anyhow::Result<Vec<Said>>;

    /// The last messages, oldest first.
    async fn latest(&self, id: String, limit: u32) -> anyhow::Result<Vec<Said>>;

    async fn append(&self, id: String, said: Said) -> anyhow::Result<()>;

    /// Appends to a thread, which is created if it is new, all or nothing.
    async fn record(&self, id: String, title: String, said: [Said; 2]) -> anyhow::Result<()>;
}
