//! The workload that the target served while it was recorded.

use serde::{Deserialize, Serialize};

/// A workload of `kontrast run`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Workload {
    /// Name, `chat` for instance.
    pub name: String,
    /// Database that the target was given, if the workload has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
}

/// A database.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Database {
    /// Engine, `sqlite` or `postgres` for instance.
    pub engine: String,
    /// Version of its server; empty where the target brings the database itself.
    pub version: String,
}
