//! The SQLite database of one round: a new folder, removed afterwards.

use crate::output::give_back_one;
use anyhow::Context;
use tempfile::TempDir;

/// The variable that names the database to the server.
const VARIABLE: &str = "DATABASE";
/// The engine's name in `target.toml`.
pub const SQLITE: &str = "sqlite";

/// A folder for the file of an SQLite database, which the server creates. The folder is removed
/// when this is dropped.
#[derive(Debug)]
pub struct Database(TempDir);

impl Database {
    /// Creates the folder. Under sudo it belongs to the user behind it, as whom the server runs.
    ///
    /// # Errors
    /// Fails if the folder for temporary files cannot be written to.
    pub fn create() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kontrast-").tempdir();
        let folder = folder
            .context("cannot create a folder for the database: set TMPDIR to a writable folder")?;
        give_back_one(folder.path());
        Ok(Self(folder))
    }

    /// Returns the variable that names the file, and its value.
    pub fn variable(&self) -> (String, String) {
        let file = self.0.path().join("threads.sqlite");
        (VARIABLE.to_owned(), file.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn removes_the_database_and_its_journal() {
        let database = Database::create().unwrap();
        let (name, path) = database.variable();
        assert_eq!(name, "DATABASE");
        fs::write(&path, "rows").unwrap();
        fs::write(format!("{path}-wal"), "more rows").unwrap();
        drop(database);
        assert!(!Path::new(&path).parent().unwrap().exists());
    }
}
