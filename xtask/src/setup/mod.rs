//! `cargo xtask setup`: finds what a task needs, installs what is missing, one line each.
//!
//! Everything goes through ordinary package clients, and into `.cache/` or a target's own folder
//! where the client allows it. Nothing is remembered between calls: looking takes milliseconds.

mod apt;
mod ebpf;
mod packages;
mod runtimes;

use anyhow::{Result, bail};

pub use packages::CARGO_DENY;

/// What a task needs before it can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Compile the eBPF programs.
    Ebpf,
    /// Build and run the servers under test with these names.
    Targets(Vec<String>),
    /// What the tests check with: a browser, pidstat, linters.
    Tests,
    /// The tools that `bench overhead` compares with.
    Bench,
}

/// One thing looked for: what it was found to be, or why it is missing and what to do.
pub struct Found {
    name: String,
    state: Result<String>,
}

impl Found {
    fn new(name: impl Into<String>, state: Result<String>) -> Self {
        Self {
            name: name.into(),
            state,
        }
    }
}

/// Finds or installs what is needed.
///
/// # Errors
/// Something is missing and cannot be installed; each such thing is named, with the remedy.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let mut missing = 0;
    for need in needs {
        for found in look(need) {
            missing += usize::from(found.state.is_err());
            show(&found);
        }
    }
    if missing > 0 {
        bail!("{missing} missing; `cargo xtask setup` tries again");
    }
    Ok(())
}

fn look(need: &Need) -> Vec<Found> {
    match need {
        Need::Ebpf => vec![Found::new("eBPF toolchain", ebpf::ensure())],
        Need::Targets(names) => names.iter().map(|name| runtimes::ensure(name)).collect(),
        Need::Tests => packages::for_tests(),
        Need::Bench => packages::for_bench(),
    }
}

fn show(found: &Found) {
    match &found.state {
        Ok(detail) => eprintln!("  {:<16} {detail}", found.name),
        Err(error) => eprintln!("  {:<16} MISSING: {error:#}", found.name),
    }
}

/// Tells that something slow begins.
fn begin(name: &str, what: &str) {
    eprintln!("  {name:<16} {what} …");
}
