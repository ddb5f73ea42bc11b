//! An arm as the user writes it, and its server.

use super::{
    error::{Error, Result},
    manifest::{self, Manifest, Variant},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// One server under test: a folder with a `target.toml`, or a process that already runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arm {
    name: String,
    pub(super) source: Source,
}

/// Where an arm's server comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// A folder whose server this process builds and starts.
    Folder(Box<Folder>),
    /// A process that already runs and is left alone.
    Process { pid: u32, url: String },
}

/// A target's folder and the chosen variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Folder {
    pub path: PathBuf,
    pub manifest: Manifest,
    pub variant: Variant,
}

impl Folder {
    /// Returns the environment of the server: the target's, then the variant's on top.
    pub fn env(&self) -> BTreeMap<&String, &String> {
        self.manifest.env.iter().chain(&self.variant.env).collect()
    }
}

impl Arm {
    /// Parses an arm; names of targets are folders of `targets_dir`.
    ///
    /// # Errors
    /// Fails if it is malformed or unknown, with a correct form.
    pub fn resolve(spec: &str, targets_dir: &Path) -> Result<Self> {
        let (alias, rest) = match spec.split_once('=') {
            Some((alias, rest)) if !alias.contains('/') => (Some(alias), rest),
            _ => (None, spec),
        };
        if let Some(alias) = alias {
            manifest::check_name("NAME", alias).map_err(|why| bad(spec, why))?;
        }
        match rest.strip_prefix("pid:") {
            Some(process) => Self::running(spec, alias, process),
            None => Self::folder(spec, alias, rest, targets_dir),
        }
    }

    fn running(spec: &str, alias: Option<&str>, process: &str) -> Result<Self> {
        let name = alias.ok_or_else(|| {
            bad(
                spec,
                "a running process needs a name, as in api=pid:1234@URL",
            )
        })?;
        let (pid, url) = process
            .split_once('@')
            .ok_or_else(|| bad(spec, "the URL after @ is missing"))?;
        // The kernel's pid_t is positive and at most i32::MAX.
        let number = pid
            .parse::<i32>()
            .ok()
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid > 0);
        let pid = number.ok_or_else(|| bad(spec, format!("{pid:?} is not a process id")))?;
        let is_scheme = |scheme: &str| {
            let letters = scheme.chars().all(|c| c.is_ascii_lowercase());
            letters && !scheme.is_empty() && scheme != "https"
        };
        let authority = url.split_once("://").filter(|(scheme, rest)| {
            is_scheme(scheme) && !rest.starts_with('/') && !rest.is_empty()
        });
        if authority.is_none() || !url.chars().all(|c| c.is_ascii_graphic()) {
            let why = format!(
                "{url:?} is not an http:// URL, nor one of another protocol, as in redis://HOST:PORT"
            );
            return Err(bad(spec, why));
        }
        let source = Source::Process {
            pid,
            url: url.trim_end_matches('/').to_owned(),
        };
        Ok(Self {
            name: name.to_owned(),
            source,
        })
    }

    fn folder(spec: &str, alias: Option<&str>, rest: &str, targets_dir: &Path) -> Result<Self> {
        // A colon in a folder's name opens no variant: variants have no slash.
        let (place, variant) = match rest.rsplit_once(':') {
            Some((place, variant)) if !variant.contains('/') => (place, Some(variant)),
            _ => (rest, None),
        };
        let path = locate(spec, place, targets_dir)?;
        let manifest = Manifest::load(&path.join(manifest::FILE_NAME))?;
        let name = match (alias, variant) {
            (Some(alias), _) => alias.to_owned(),
            (None, Some(variant)) => format!("{}:{variant}", manifest.name),
            (None, None) => manifest.name.clone(),
        };
        let variant = match variant {
            Some(variant) => find_variant(spec, variant, &manifest)?,
            None => Variant::default(),
        };
        Ok(Self {
            name,
            source: Source::Folder(Box::new(Folder {
                path,
                manifest,
                variant,
            })),
        })
    }

    /// Returns the arm's name, as in `go` or `go:gomaxprocs1`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the content of `target.toml`; `None` for a process that already runs.
    pub fn manifest(&self) -> Option<&Manifest> {
        match &self.source {
            Source::Folder(folder) => Some(&folder.manifest),
            Source::Process { .. } => None,
        }
    }

    /// Returns runtime family and version: the variant's where it has them. `None` for a process
    /// that already runs.
    pub fn runtime(&self) -> Option<(String, String)> {
        let Source::Folder(folder) = &self.source else {
            return None;
        };
        let first = |own: &Option<String>, other: &String| own.as_ref().unwrap_or(other).clone();
        let (variant, manifest) = (&folder.variant, &folder.manifest);
        Some((
            first(&variant.runtime, &manifest.runtime),
            first(&variant.version, &manifest.version),
        ))
    }

    /// Returns whether our load generator can load it: it speaks HTTP.
    pub fn speaks_http(&self) -> bool {
        match &self.source {
            Source::Folder(_) => true,
            Source::Process { url, .. } => url.starts_with("http://"),
        }
    }

    /// Returns the target's folder; `None` for a process that already runs.
    pub fn path(&self) -> Option<&Path> {
        match &self.source {
            Source::Folder(folder) => Some(&folder.path),
            Source::Process { .. } => None,
        }
    }
}

fn bad(spec: &str, why: impl Into<String>) -> Error {
    Error::Spec {
        arm: spec.escape_debug().to_string(),
        why: why.into(),
    }
}

/// Returns the folder that `place` names: a path if it looks like one, else a folder of
/// `targets_dir`.
fn locate(spec: &str, place: &str, targets_dir: &Path) -> Result<PathBuf> {
    let is_path = place.contains('/') || place == "." || place == "..";
    if !is_path {
        manifest::check_name("the target", place).map_err(|why| bad(spec, why))?;
    }
    let folder = if is_path {
        PathBuf::from(place)
    } else {
        targets_dir.join(place)
    };
    if !folder.join(manifest::FILE_NAME).is_file() {
        let hint = if is_path {
            "docs/targets.md describes it".to_owned()
        } else {
            known(targets_dir)
        };
        return Err(Error::NoManifest {
            arm: spec.escape_debug().to_string(),
            folder,
            hint,
        });
    }
    std::path::absolute(&folder).map_err(|source| Error::Io {
        what: format!("{}", folder.display()),
        source,
    })
}

/// Lists the targets of the folder, for a message.
fn known(targets_dir: &Path) -> String {
    let entries = fs::read_dir(targets_dir).into_iter().flatten().flatten();
    let targets = entries.filter(|entry| entry.path().join(manifest::FILE_NAME).is_file());
    let mut names: Vec<String> = targets
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() {
        "there are no targets in that folder".to_owned()
    } else {
        format!("there are: {}", names.join(", "))
    }
}

fn find_variant(spec: &str, variant: &str, manifest: &Manifest) -> Result<Variant> {
    manifest.variants.get(variant).cloned().ok_or_else(|| {
        let names: Vec<&str> = manifest.variants.keys().map(String::as_str).collect();
        let known = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        };
        bad(
            spec,
            format!(
                "{} has no variant {variant:?} (variants: {known})",
                manifest.name
            ),
        )
    })
}

#[cfg(test)]
mod tests;
