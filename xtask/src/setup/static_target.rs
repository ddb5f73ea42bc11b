//! Programs without libraries of the system: musl's standard library, and its C compiler.

use std::process::Command;

use anyhow::{Context, Result};

use super::{Step, find_or_install, packages};
use crate::{process, project};

const NAME: &str = "static programs";

/// Returns the steps for all that static programs need.
pub fn steps() -> Vec<Step> {
    vec![
        Step::new(NAME, standard_library),
        // Some libraries have parts in C.
        packages::program("C compiler", &["musl-gcc"], "musl-tools"),
    ]
}

fn standard_library() -> Result<String> {
    let target = project::static_target();
    let add = ["target", "add", &target];
    find_or_install(NAME, "adding a target with rustup", find, || {
        process::run(Command::new("rustup").args(add)).with_context(|| {
            format!("install the standard library of {target} for your Rust toolchain")
        })
    })
}

/// Returns the target if its standard library is there.
fn find() -> Option<String> {
    let target = project::static_target();
    let mut rustc = Command::new("rustc");
    let folder = process::output(rustc.args(["--print", "target-libdir", "--target", &target]))?;
    std::path::Path::new(&folder).is_dir().then_some(target)
}
