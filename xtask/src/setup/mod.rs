//! `cargo xtask setup`: finds what a task needs, installs what is missing, one line each.
//!
//! Everything goes through ordinary package clients, and into `.cache/` or a target's own folder
//! where the client allows it. Nothing is remembered between calls: looking takes milliseconds.

mod apt;
mod ebpf;
mod load_tools;
mod packages;
mod postgres;
mod runtimes;

use anyhow::{Result, bail};

pub use load_tools::ensure as load_tools;
pub use packages::CARGO_DENY;

/// What a task needs before it can start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// Compile the eBPF programs.
    Ebpf,
    /// Build and run the servers under test with these names.
    Targets(Vec<String>),
    /// A database server, for threads that are kept in PostgreSQL.
    Postgres,
    /// What the tests check with: a browser, pidstat, linters, PostgreSQL.
    Tests,
    /// Redis, for rooms that go through it.
    Redis,
    /// The tools that `bench overhead` compares with.
    Bench,
}

/// One thing to find or install: says what it was found to be, or why it is missing and what to do.
struct Step {
    name: String,
    look: Box<dyn FnOnce() -> Result<String>>,
}

impl Step {
    fn new(name: impl Into<String>, look: impl FnOnce() -> Result<String> + 'static) -> Self {
        Self {
            name: name.into(),
            look: Box::new(look),
        }
    }
}

/// Finds or installs what is needed.
///
/// # Errors
/// Something is missing and cannot be installed; each such thing is named, with the remedy.
pub fn ensure(needs: &[Need]) -> Result<()> {
    let mut missing = 0;
    for step in needs.iter().flat_map(steps) {
        match (step.look)() {
            Ok(detail) => eprintln!("  {:<16} {detail}", step.name),
            Err(error) => {
                missing += 1;
                eprintln!("  {:<16} MISSING: {error:#}", step.name);
            }
        }
    }
    if missing > 0 {
        bail!("{missing} missing; `cargo xtask setup` tries again");
    }
    Ok(())
}

fn steps(need: &Need) -> Vec<Step> {
    match need {
        Need::Ebpf => vec![Step::new("eBPF toolchain", ebpf::ensure)],
        Need::Targets(names) => names.iter().map(|name| runtimes::step(name)).collect(),
        Need::Postgres => vec![Step::new("postgres", postgres::ensure)],
        Need::Tests => packages::for_tests(),
        Need::Redis => vec![packages::redis()],
        Need::Bench => packages::for_bench(),
    }
}

/// Tells that something slow begins.
fn begin(name: &str, what: &str) {
    eprintln!("  {name:<16} {what} …");
}
