//! Where things are in this repository.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask lies in the root of the repository")
}

/// What set-up downloads and builds, ignored by git.
pub fn cache(name: &str) -> PathBuf {
    root().join(".cache").join(name)
}

/// A binary that `cargo xtask build` makes.
pub fn binary(name: &str) -> PathBuf {
    built("release", name)
}

/// A binary that the tests were built with.
pub fn tested_binary(name: &str) -> PathBuf {
    built("debug", name)
}

fn built(profile: &str, name: &str) -> PathBuf {
    let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
    root().join(target).join(profile).join(name)
}

/// The path as people read it: from the root of the checkout, where it lies inside.
pub fn short(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Where `bench noise` keeps the noise of this host, for the fingerprint of later recordings.
pub fn noise() -> PathBuf {
    cache("noise.json")
}
