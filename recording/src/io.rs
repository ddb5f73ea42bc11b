//! Loading and saving. A file is written beside its place and renamed, so readers never see half a
//! file.

mod limits;

use crate::{COMPARISON_SCHEMA, Comparison, RECORDING_SCHEMA, Recording};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_path_to_error::Segment;
use std::{fs, io::Write, path::Path, path::PathBuf};

/// File name of a recording inside its directory.
pub const RECORDING_FILE: &str = "recording.json";
/// File name of a comparison inside its directory.
pub const COMPARISON_FILE: &str = "comparison.json";

/// Errors of loading and saving.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be read.
    #[error("cannot read {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file could not be written.
    #[error("cannot write {path} (free some space, or choose another place)")]
    Write {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file does not follow the schema.
    #[error("{path} is not a {schema} file: {reason}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// The schema that was expected.
        schema: &'static str,
        /// The fault.
        reason: String,
    },
}

/// Loads `DIR/recording.json`.
pub fn load_recording(dir: &Path) -> Result<Recording, Error> {
    load(&dir.join(RECORDING_FILE), RECORDING_SCHEMA)
}

/// Loads recordings that are added up, as the rounds of an arm are.
#[derive(Debug, Default)]
pub struct Together {
    /// Sum of all their numbers.
    sum: u128,
}

impl Together {
    /// Loads another recording from its file.
    ///
    /// # Errors
    /// As [`load`], where sums over all recordings so far are larger than any measurement too.
    pub fn load(&mut self, file: &Path) -> Result<Recording, Error> {
        load_after(file, RECORDING_SCHEMA, &mut self.sum)
    }
}

/// Saves `DIR/recording.json`; the directory must exist.
pub fn save_recording(dir: &Path, recording: &Recording) -> Result<(), Error> {
    save(&dir.join(RECORDING_FILE), recording)
}

/// Loads `DIR/comparison.json`.
pub fn load_comparison(dir: &Path) -> Result<Comparison, Error> {
    load(&dir.join(COMPARISON_FILE), COMPARISON_SCHEMA)
}

/// Saves `DIR/comparison.json`; the directory must exist.
pub fn save_comparison(dir: &Path, comparison: &Comparison) -> Result<(), Error> {
    save(&dir.join(COMPARISON_FILE), comparison)
}

/// Returns when the recording in this file began, in nanoseconds since 1970, without keeping the
/// rest of it; `None` where the file is no recording.
pub fn recorded_at(file: &Path) -> Option<u64> {
    #[derive(Deserialize)]
    struct Head {
        window: Window,
    }
    #[derive(Deserialize)]
    struct Window {
        start_unix_ns: u64,
    }
    let text = fs::read(file).ok()?;
    let head: Head = serde_json::from_slice(&text).ok()?;
    Some(head.window.start_unix_ns)
}

/// Loads a file.
///
/// # Errors
/// The file cannot be read, is no JSON, or its `schema` field is not `schema`; a field has a wrong
/// type, or a number is larger than any measurement.
pub fn load<T: DeserializeOwned>(path: &Path, schema: &'static str) -> Result<T, Error> {
    load_after(path, schema, &mut 0)
}

/// Loads a file, and adds its numbers to `sum`.
fn load_after<T: DeserializeOwned>(
    path: &Path,
    schema: &'static str,
    sum: &mut u128,
) -> Result<T, Error> {
    let text = fs::read_to_string(path).map_err(|source| Error::Read {
        path: path.into(),
        source,
    })?;
    let malformed = |reason: String| Error::Malformed {
        path: path.into(),
        schema,
        reason,
    };
    let value: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    match value.get("schema").and_then(|schema| schema.as_str()) {
        Some(found) if found == schema => {}
        Some(found) => {
            return Err(malformed(format!(
                "its schema is {found:?}; record again with this version, or use the version of kontrast that wrote it"
            )));
        }
        None => return Err(malformed("it has no schema field".into())),
    }
    limits::check(&value, sum).map_err(&malformed)?;
    serde_json::from_value(value).map_err(|error| {
        // Looking for the field takes longer, and is needed only now.
        let field = wrong_field::<T>(&text).unwrap_or_default();
        malformed(format!("{field} {error}").trim_start().to_owned())
    })
}

/// Returns the path of the first field that is wrong.
fn wrong_field<T: DeserializeOwned>(text: &str) -> Option<String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let error = serde_path_to_error::deserialize::<_, T>(&mut json).err()?;
    let segment = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        named => format!("/{named}"),
    };
    Some(error.path().iter().map(segment).collect())
}

/// Writes a value as JSON, whole or not at all.
pub fn save<T: Serialize>(path: &Path, value: &T) -> Result<(), Error> {
    let text = serde_json::to_string_pretty(value).expect("plain data serializes");
    write_whole(path, text.as_bytes())
}

/// Writes a file whole or not at all: beside its place, then renamed.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let beside = path.with_extension("partial");
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|source| {
        // The partial file is useless; failing to remove it changes nothing for the caller.
        let _ = fs::remove_file(&beside);
        Error::Write {
            path: path.into(),
            source,
        }
    })
}
