//! The database of one round: new, and gone afterwards.

use crate::{
    cpus::Cpus,
    output::give_back_one,
    postgres::{Installation, Server},
};
use anyhow::Context;
use recording::served;
use serde::{Serialize, Serializer};
use std::path::Path;
use tempfile::TempDir;

/// What the server is told of it by.
const VARIABLE: &str = "DATABASE";
/// Where PostgreSQL's own words go, in the round's folder.
const LOG: &str = "database.log";

/// Which database a server keeps its threads in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// A file of the server's own.
    #[default]
    Sqlite,
    /// PostgreSQL, started by us on loopback for each round.
    Postgres,
}

impl Engine {
    /// Its name, as users write it and `target.toml` has it.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    }
}

impl Serialize for Engine {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

/// Where new databases come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// A folder each; the server brings SQLite.
    Sqlite,
    /// A server of its own each.
    Postgres(Installation),
}

impl Source {
    /// What the engine takes.
    ///
    /// # Errors
    /// When it is not installed.
    pub fn find(engine: Engine) -> anyhow::Result<Self> {
        match engine {
            Engine::Sqlite => Ok(Self::Sqlite),
            Engine::Postgres => Installation::find().map(Self::Postgres),
        }
    }

    /// What a recording says of it.
    pub fn described(&self) -> served::Database {
        let (engine, version) = match self {
            Self::Sqlite => (Engine::Sqlite, String::new()),
            Self::Postgres(installation) => (Engine::Postgres, installation.version.clone()),
        };
        served::Database {
            engine: engine.name().into(),
            version,
        }
    }

    /// A new database; a server for it runs on `cpus`, and logs into `dir`.
    ///
    /// # Errors
    /// When the folder for temporary files cannot be written to, or the server does not start.
    pub fn create(&self, cpus: Option<&Cpus>, dir: &Path) -> anyhow::Result<Database> {
        match self {
            Self::Sqlite => folder().map(Database::Sqlite),
            Self::Postgres(installation) => {
                Server::start(installation, &[], cpus, &dir.join(LOG)).map(Database::Postgres)
            }
        }
    }
}

/// A folder for an SQLite file, which the server makes. Under sudo it belongs to the user who called it, as whom the
/// server runs.
fn folder() -> anyhow::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("kontrast-").tempdir();
    let folder = folder.context("cannot create a folder for the database; TMPDIR says where")?;
    give_back_one(folder.path());
    Ok(folder)
}

/// A database; nothing is left of it when it is dropped.
#[derive(Debug)]
pub enum Database {
    /// The folder of a file.
    Sqlite(TempDir),
    /// The server.
    Postgres(Server),
}

impl Database {
    /// The variable that names it, and its value.
    pub fn variable(&self) -> (&'static str, String) {
        let value = match self {
            Self::Sqlite(folder) => folder.path().join("threads.sqlite").display().to_string(),
            Self::Postgres(server) => server.url(),
        };
        (VARIABLE, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;
    use std::fs;

    fn create(engine: Engine, dir: &Path) -> Database {
        Source::find(engine).unwrap().create(None, dir).unwrap()
    }

    #[test]
    fn nothing_is_left_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let database = create(Engine::Sqlite, dir.path());
        let (name, path) = database.variable();
        assert_eq!(name, "DATABASE");
        fs::write(&path, "rows").unwrap();
        fs::write(format!("{path}-wal"), "more rows").unwrap();
        drop(database);
        assert!(!Path::new(&path).parent().unwrap().exists());
    }

    #[test]
    fn postgres_is_named_by_a_url_and_logs_beside_the_recording() {
        let dir = tempfile::tempdir().unwrap();
        let database = create(Engine::Postgres, dir.path());
        let (_, url) = database.variable();
        assert!(url.starts_with("postgres://kontrast:"), "{url}");
        let log = fs::read_to_string(dir.path().join(LOG)).unwrap();
        assert!(log.contains("ready to accept connections"), "{log}");
    }

    #[test]
    fn what_a_recording_says_of_it() {
        let described = |engine| Source::find(engine).unwrap().described();
        assert_eq!(described(Engine::Sqlite).engine, "sqlite");
        let postgres = described(Engine::Postgres);
        assert_eq!(postgres.engine, "postgres");
        assert!(postgres.version.starts_with(|c: char| c.is_ascii_digit()));
    }

    #[test]
    fn names_are_those_of_the_command_line() {
        for engine in Engine::value_variants() {
            let value = engine.to_possible_value().unwrap();
            assert_eq!(value.get_name(), engine.name());
        }
    }
}
