//! Programs for other targets: those without libraries of the system, which musl's standard library
//! and C compiler make, and those for arm64.

use std::process::Command;

use anyhow::Context;

use super::{Step, find_or_install, packages};
use crate::{process, project};

/// Returns the steps for all that static programs need.
pub fn steps() -> Vec<Step> {
    vec![
        standard_library("static programs", project::static_target()),
        // Some libraries have parts in C.
        packages::program("C compiler", &["musl-gcc"], "musl-tools"),
    ]
}

/// Returns the steps for all that programs for arm64 need.
pub fn steps_of_aarch64() -> Vec<Step> {
    vec![
        standard_library("arm64 programs", project::AARCH64.to_owned()),
        packages::program(
            "C compiler",
            &["aarch64-linux-gnu-gcc"],
            "gcc-aarch64-linux-gnu",
        ),
    ]
}

fn standard_library(name: &'static str, target: String) -> Step {
    Step::new(name, move || {
        let add = ["target", "add", &target];
        let look = || find(&target);
        find_or_install(name, "adding a target with rustup", look, || {
            process::run(Command::new("rustup").args(add)).with_context(|| {
                format!("install the standard library of {target} for your Rust toolchain")
            })
        })
    })
}

/// Returns the target if its standard library is there.
fn find(target: &str) -> Option<String> {
    let mut rustc = Command::new("rustc");
    let folder = process::output(rustc.args(["--print", "target-libdir", "--target", target]))?;
    let is_there = std::path::Path::new(&folder).is_dir();
    is_there.then(|| target.to_owned())
}
