//! Threads and their messages, in a database.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

#[derive(Deserialize, Serialize)]
pub struct Thread {
    pub id: String,
    pub title: String,
}

#[derive(Clone, Deserialize, Serialize)]
pub struct StoredMessage {
    pub role: String,
    pub content: String,
}

/// All threads; clones share them.
pub type Threads = Arc<dyn Store>;

/// The operations of a database of threads.
#[async_trait]
pub trait Store: Send + Sync {
    /// Creates a thread. Returns whether the id was free.
    async fn create(&self, id: String, title: String) -> anyhow::Result<bool>;

    async fn read(&self, id: String) -> anyhow::Result<Option<Thread>>;

    async fn list(&self, after: String, limit: u32) -> anyhow::Result<Vec<Thread>>;

    /// Renames a thread. Returns whether it exists.
    async fn rename(&self, id: String, title: String) -> anyhow::Result<bool>;

    /// Deletes a thread. Returns whether it existed.
    async fn remove(&self, id: String) -> anyhow::Result<bool>;

    async fn messages(&self, id: String) -> anyhow::Result<Vec<StoredMessage>>;

    /// Returns the last messages, oldest first.
    async fn latest(&self, id: String, limit: u32) -> anyhow::Result<Vec<StoredMessage>>;

    async fn append(&self, id: String, stored: StoredMessage) -> anyhow::Result<()>;

    /// Appends to a thread in one transaction, and creates the thread if it is new.
    async fn record(
        &self,
        id: String,
        title: String,
        stored: [StoredMessage; 2],
    ) -> anyhow::Result<()>;
}
