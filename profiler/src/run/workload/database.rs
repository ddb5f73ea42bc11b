//! The database of one round: new, and gone afterwards.

use crate::record::output::give_back;
use anyhow::Context;
use tempfile::TempDir;

/// What the server is told of it by.
const VARIABLE: &str = "DATABASE";

/// A folder for an SQLite file, which the server makes.
#[derive(Debug)]
pub struct Database(TempDir);

impl Database {
    /// A new one. Under sudo it belongs to the user who called it, as whom the server runs.
    ///
    /// # Errors
    /// When the folder for temporary files cannot be written to.
    pub fn create() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("kontrast-").tempdir();
        let folder =
            folder.context("cannot create a folder for the database; TMPDIR says where")?;
        give_back(folder.path());
        Ok(Self(folder))
    }

    /// The variable that names it, and its value.
    pub fn variable(&self) -> (&'static str, String) {
        let file = self.0.path().join("threads.sqlite");
        (VARIABLE, file.display().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::Path};

    #[test]
    fn nothing_is_left_of_it() {
        let database = Database::create().unwrap();
        let (name, path) = database.variable();
        assert_eq!(name, "DATABASE");
        fs::write(&path, "rows").unwrap();
        fs::write(format!("{path}-wal"), "more rows").unwrap();
        drop(database);
        assert!(!Path::new(&path).parent().unwrap().exists());
    }
}
