//! Threads in PostgreSQL.

use crate::threads::{self, StoredMessage, Thread};
use async_trait::async_trait;
use deadpool_postgres::{Config, GenericClient, Object, Pool, PoolConfig, Runtime};
use tokio_postgres::{NoTls, Row, types::ToSql};

/// Orders ids by their bytes, independent of the database's collation.
const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS threads (id TEXT COLLATE \"C\" PRIMARY KEY, title TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS messages (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        content TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);";

/// The connection pool.
pub struct Store(Pool);

impl Store {
    pub async fn open(url: &str) -> anyhow::Result<Self> {
        let config = Config {
            url: Some(url.to_owned()),
            pool: Some(PoolConfig::new(10)),
            ..Config::default()
        };
        let store = Self(config.create_pool(Some(Runtime::Tokio1), NoTls)?);
        store.client().await?.batch_execute(SCHEMA).await?;
        Ok(store)
    }

    async fn client(&self) -> anyhow::Result<Object> {
        Ok(self.0.get().await?)
    }

    async fn query(&self, text: &str, values: &Values<'_>) -> anyhow::Result<Vec<Row>> {
        let client = self.client().await?;
        let statement = client.prepare_cached(text).await?;
        Ok(client.query(&statement, values).await?)
    }

    async fn execute(&self, text: &str, values: &Values<'_>) -> anyhow::Result<u64> {
        execute(&self.client().await?, text, values).await
    }
}

type Values<'a> = [&'a (dyn ToSql + Sync)];

#[async_trait]
impl threads::Store for Store {
    async fn create(&self, id: String, title: String) -> anyhow::Result<bool> {
        create(&self.client().await?, &id, &title).await
    }

    async fn read(&self, id: String) -> anyhow::Result<Option<Thread>> {
        let text = "SELECT id, title FROM threads WHERE id = $1";
        Ok(self.query(text, &[&id]).await?.first().map(thread))
    }

    async fn list(&self, after: String, limit: u32) -> anyhow::Result<Vec<Thread>> {
        let text = "SELECT id, title FROM threads WHERE id > $1 ORDER BY id LIMIT $2";
        let rows = self.query(text, &[&after, &i64::from(limit)]).await?;
        Ok(rows.iter().map(thread).collect())
    }

    async fn rename(&self, id: String, title: String) -> anyhow::Result<bool> {
        let text = "UPDATE threads SET title = $1 WHERE id = $2";
        Ok(self.execute(text, &[&title, &id]).await? > 0)
    }

    async fn remove(&self, id: String) -> anyhow::Result<bool> {
        let text = "DELETE FROM threads WHERE id = $1";
        Ok(self.execute(text, &[&id]).await? > 0)
    }

    async fn messages(&self, id: String) -> anyhow::Result<Vec<StoredMessage>> {
        let text = "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id";
        Ok(self
            .query(text, &[&id])
            .await?
            .iter()
            .map(message_of_row)
            .collect())
    }

    async fn latest(&self, id: String, limit: u32) -> anyhow::Result<Vec<StoredMessage>> {
        let text = "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id DESC LIMIT $2";
        let rows = self.query(text, &[&id, &i64::from(limit)]).await?;
        Ok(rows.iter().rev().map(message_of_row).collect())
    }

    async fn append(&self, id: String, stored: StoredMessage) -> anyhow::Result<()> {
        append(&self.client().await?, &id, &stored).await
    }

    async fn record(
        &self,
        id: String,
        title: String,
        stored: [StoredMessage; 2],
    ) -> anyhow::Result<()> {
        let mut client = self.client().await?;
        let transaction = client.transaction().await?;
        create(&transaction, &id, &title).await?;
        for stored in &stored {
            append(&transaction, &id, stored).await?;
        }
        Ok(transaction.commit().await?)
    }
}

async fn create(on: &impl GenericClient, id: &str, title: &str) -> anyhow::Result<bool> {
    let text = "INSERT INTO threads (id, title) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    Ok(execute(on, text, &[&id, &title]).await? > 0)
}

async fn append(on: &impl GenericClient, id: &str, stored: &StoredMessage) -> anyhow::Result<()> {
    let text = "INSERT INTO messages (thread, role, content) VALUES ($1, $2, $3)";
    execute(on, text, &[&id, &stored.role, &stored.content]).await?;
    Ok(())
}

async fn execute(on: &impl GenericClient, text: &str, values: &Values<'_>) -> anyhow::Result<u64> {
    let statement = on.prepare_cached(text).await?;
    Ok(on.execute(&statement, values).await?)
}

fn thread(row: &Row) -> Thread {
    Thread {
        id: row.get(0),
        title: row.get(1),
    }
}

fn message_of_row(row: &Row) -> StoredMessage {
    StoredMessage {
        role: row.get(0),
        content: row.get(1),
    }
}
