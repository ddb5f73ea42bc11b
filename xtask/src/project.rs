//! Paths of this repository.

use std::env;
use std::path::{Path, PathBuf};

/// Returns the root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root of the repository")
}

/// Returns a path for downloads and builds of set-up, which git ignores.
pub fn cache(name: &str) -> PathBuf {
    root().join(".cache").join(name)
}

/// Returns the path of a binary that `cargo xtask build` builds.
pub fn binary(name: &str) -> PathBuf {
    built("release", name)
}

/// Returns the path of a binary that was built with the tests.
pub fn tested_binary(name: &str) -> PathBuf {
    built("debug", name)
}

fn built(profile: &str, name: &str) -> PathBuf {
    target().join(profile).join(name)
}

/// The target of programs for arm64.
pub const AARCH64: &str = "aarch64-unknown-linux-gnu";

/// Returns the target of packed programs: with musl they need no library of the system.
pub fn static_target() -> String {
    format!("{}-unknown-linux-musl", env::consts::ARCH)
}

/// Returns the folder of cargo's output.
pub fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

/// Returns a path for messages: relative to the checkout where it is inside.
pub fn short(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Returns the file in which `bench noise` keeps the noise of this host, for later recordings.
pub fn noise() -> PathBuf {
    cache("noise.json")
}
