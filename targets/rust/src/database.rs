//! The database that the threads are in.

use crate::{postgres, sqlite, threads::Threads};
use std::sync::Arc;

/// Opens the threads in a file, or on a server if given a URL.
pub async fn open(database: &str) -> anyhow::Result<Threads> {
    Ok(match database.starts_with("postgres:") {
        true => Arc::new(postgres::Store::open(database).await?),
        false => Arc::new(sqlite::Store::open(database).await?),
    })
}
