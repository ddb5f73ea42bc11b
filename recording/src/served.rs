//! What the target did while it was recorded, as `kontrast run` asked of it.

use serde::{Deserialize, Serialize};

/// A workload, and what it was served with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Served {
    /// Name of the workload, `chat` for instance.
    pub workload: String,
    /// The database that the target was given, if the workload has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
}

/// A database.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Database {
    /// `sqlite` or `postgres`, as `kontrast run --db` takes it.
    pub engine: String,
    /// Version of its server; empty where the target brings the database itself.
    pub version: String,
}
