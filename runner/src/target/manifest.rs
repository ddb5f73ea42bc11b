//! `target.toml`: how one server is built and run.

use super::error::{Error, Result};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path, path::PathBuf};

/// The name of the file that makes a folder a target.
pub const FILE_NAME: &str = "target.toml";

/// Content of a `target.toml`. Commands run in its folder, by `sh -c`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Name of the arm in every output.
    pub name: String,
    /// Runtime family, which decides how threads are named: `go`, `bun`, `node`, and so on.
    pub runtime: String,
    /// Version of the runtime, or of the build.
    pub version: String,
    /// Agent framework of the server; `None` for one that uses the runtime's library alone.
    pub framework: Option<String>,
    /// Command that builds the server; `None` for one that needs no build.
    pub build: Option<String>,
    /// Command that runs the server in the foreground, with placeholders `{port}`, `{upstream}` and
    /// `{args}`.
    pub run: String,
    /// Command that prints the files and folders that the server needs to run, one per line.
    pub installed: Option<String>,
    /// URL path that answers 2xx once the server is ready; `None` if an accepted connection
    /// suffices.
    pub ready: Option<String>,
    /// Environment of all commands.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The same build, run differently.
    #[serde(default)]
    pub variants: BTreeMap<String, Variant>,
    /// Workloads that the server serves.
    #[serde(default = "chat")]
    pub workloads: Vec<String>,
    /// Buses that rooms of `pubsub` may use: `memory`, and names of services.
    #[serde(default = "memory")]
    pub bus: Vec<String>,
    /// Databases that it can keep threads in: `sqlite`, and names of services.
    #[serde(default = "sqlite")]
    pub databases: Vec<String>,
    /// Workloads that it cannot serve and databases that it cannot use, each with the reason.
    #[serde(default)]
    pub cannot: BTreeMap<String, String>,
    /// Settings of the runtime for instrumented rounds; by default those of the runtime family.
    #[serde(alias = "detail")]
    pub instrumented: Option<Instrumentation>,
    /// Further files or folders that the build reads, relative to this one.
    #[serde(default)]
    pub sources: Vec<PathBuf>,
}

/// Differences of a variant. The build is the same.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variant {
    /// Runtime family, where `env` or `args` make another one run it.
    pub runtime: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Environment on top of the target's.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Arguments for `{args}` in `run`, or at its end.
    #[serde(default)]
    pub args: Vec<String>,
}

/// Settings that make a runtime write symbols. `{dir}` in a value stands for the folder they go to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Instrumentation {
    /// Environment on top of the target's and the variant's.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Arguments before the variant's.
    #[serde(default)]
    pub args: Vec<String>,
}

fn chat() -> Vec<String> {
    vec!["chat".to_owned()]
}

fn memory() -> Vec<String> {
    vec!["memory".to_owned()]
}

fn sqlite() -> Vec<String> {
    vec!["sqlite".to_owned()]
}

impl Manifest {
    /// Reads a `target.toml`.
    ///
    /// # Errors
    /// Fails with file and line if it cannot be read, or has an unknown key or an invalid value.
    pub fn load(path: &Path) -> Result<Self> {
        let refuse = |why: String| Error::Manifest {
            path: path.to_owned(),
            why,
        };
        let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
        Self::parse(&text).map_err(refuse)
    }

    /// Parses the text of a `target.toml`; the error is the reason.
    fn parse(text: &str) -> std::result::Result<Self, String> {
        let manifest: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> std::result::Result<(), String> {
        check_name("name", &self.name)?;
        check_name("runtime", &self.runtime)?;
        check_name("version", &self.version)?;
        check_command("run", &self.run)?;
        self.build
            .as_deref()
            .map_or(Ok(()), |build| check_command("build", build))?;
        self.installed
            .as_deref()
            .map_or(Ok(()), |command| check_command("installed", command))?;
        self.ready.as_deref().map_or(Ok(()), check_ready)?;
        check_env("env", &self.env)?;
        for (name, variant) in &self.variants {
            check_name("variants", name)?;
            check_env(&format!("variants.{name}.env"), &variant.env)?;
            for (key, value) in [("runtime", &variant.runtime), ("version", &variant.version)] {
                let key = format!("variants.{name}.{key}");
                value
                    .as_deref()
                    .map_or(Ok(()), |value| check_name(&key, value))?;
            }
        }
        if let Some(settings) = &self.instrumented {
            check_env("instrumented.env", &settings.env)?;
            if settings.args.iter().any(|word| word.contains('\0')) {
                return Err("instrumented.args: a word holds a NUL character".into());
            }
        }
        self.check_workloads()
    }

    fn check_workloads(&self) -> std::result::Result<(), String> {
        for workload in self.workloads.iter().chain(self.cannot.keys()) {
            check_name("workloads", workload)?;
        }
        for bus in &self.bus {
            check_name("bus", bus)?;
        }
        for database in &self.databases {
            check_name("databases", database)?;
        }
        for (workload, reason) in &self.cannot {
            if reason.trim().is_empty() || reason.chars().any(char::is_control) {
                return Err(format!("cannot.{workload} must be the reason, in one line"));
            }
            if self.workloads.contains(workload) || self.databases.contains(workload) {
                return Err(format!("{workload} is both served and in cannot"));
            }
        }
        Ok(())
    }
}

/// Checks a name that becomes a directory name and is printed.
pub(super) fn check_name(key: &str, name: &str) -> std::result::Result<(), String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric()) && name.chars().all(plain) {
        return Ok(());
    }
    Err(format!(
        "{key} = {name:?} must begin with a letter or digit and hold only letters, digits and . _ + -"
    ))
}

fn check_command(key: &str, command: &str) -> std::result::Result<(), String> {
    if command.trim().is_empty() {
        return Err(format!("{key} is empty; it is the command for sh"));
    }
    if command.contains('\0') {
        return Err(format!("{key} holds a NUL character"));
    }
    Ok(())
}

fn check_ready(path: &str) -> std::result::Result<(), String> {
    if path.starts_with('/') && path.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(());
    }
    Err(format!(
        "ready = {path:?} must be the path of a URL, such as \"/healthz\""
    ))
}

fn check_env(key: &str, env: &BTreeMap<String, String>) -> std::result::Result<(), String> {
    for (name, value) in env {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(format!("{key}: {name:?} cannot be an environment variable"));
        }
        if name == "PORT" || name == "UPSTREAM" {
            return Err(format!(
                "{key}: {name} is set by kontrast and cannot be given"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
