//! `cargo xtask run`: set-up and build, then `kontrast run` in our place.

use std::convert::Infallible;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;

use anyhow::{Context, Result};

use crate::bench::noise;
use crate::setup::{self, Need};
use crate::{build, process, project};

/// Compared when no arms are named.
pub const DEFAULT_ARMS: &str = "go,bun,bun-1.4";
const ARMS: &str = "--arms";

/// Makes ready what these arguments need, then becomes `kontrast run` with them, so that signals
/// and the exit code are its own.
///
/// # Errors
/// Set-up or build fails, or the binary cannot be started.
pub fn run(mut arguments: Vec<OsString>) -> Result<Infallible> {
    let postgres = value(&arguments, "--db").is_some_and(|database| database == "postgres");
    let needs_nothing = arguments
        .iter()
        .any(|word| word == "--help" || word == "-h");
    if value(&arguments, ARMS).is_none() && !needs_nothing {
        arguments.extend([ARMS.into(), DEFAULT_ARMS.into()]);
    }
    let given_noise = arguments
        .iter()
        .any(|word| word.to_string_lossy().starts_with("--noise"));
    let targets = value(&arguments, ARMS).map_or_else(Vec::new, |arms| own_targets(&arms));
    let mut needs = vec![Need::Ebpf, Need::Targets(targets)];
    needs.extend((value(&arguments, "--bus").as_deref() == Some("redis")).then_some(Need::Redis));
    needs.extend(postgres.then_some(Need::Postgres));
    setup::ensure(&needs)?;
    build::everything()?;
    let mut kontrast = process::kontrast_run(&project::binary("kontrast"));
    kontrast.args(arguments);
    // Given by the user it would be there twice.
    if noise::path().is_file() && !given_noise {
        kontrast.arg("--noise").arg(noise::path());
    }
    Err(kontrast.exec()).with_context(|| format!("cannot start {}", process::shown(&kontrast)))
}

/// The targets of the default arms.
pub fn targets() -> Vec<String> {
    own_targets(DEFAULT_ARMS)
}

/// The value of an option.
fn value(arguments: &[OsString], option: &str) -> Option<String> {
    let mut words = arguments.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        if word == option {
            return words.next().map(String::from);
        }
        let rest = word.strip_prefix(option);
        if let Some(value) = rest.and_then(|rest| rest.strip_prefix('=')) {
            return Some(value.to_owned());
        }
    }
    None
}

/// The folders under targets/ among the arms, each once: not users' own folders and processes,
/// and without variants.
fn own_targets(arms: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for arm in arms.split(',').filter(|arm| !arm.contains(['/', '=', '@'])) {
        let name = arm.split(':').next().unwrap_or(arm).trim().to_owned();
        let is_ours = project::root().join("targets").join(&name).is_dir();
        if is_ours && !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_found_in_both_spellings() {
        let words = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        let arms = |text: &str| value(&words(text), ARMS);
        assert_eq!(arms("--arms go,bun").as_deref(), Some("go,bun"));
        assert_eq!(arms("--rounds 2 --arms=go").as_deref(), Some("go"));
        assert_eq!(arms("--rounds 2"), None);
        assert_eq!(arms("--arms"), None);
        assert_eq!(arms("--armsful=go"), None);
        assert_eq!(
            value(&words("--bus=redis"), "--bus").as_deref(),
            Some("redis")
        );
    }

    #[test]
    fn only_our_own_targets_are_set_up() {
        let arms = "go:gomaxprocs1,go,../mine,api=pid:7@http://127.0.0.1:1/chat,bun,unknown";
        assert_eq!(own_targets(arms), ["go", "bun"]);
    }
}
