//! `cargo xtask setup`: finds the programs that a task needs and installs missing ones.
//!
//! All of them come through ordinary package clients, and go into `.cache/` or a target's folder
//! where the client allows it. Nothing is remembered between calls: a check takes milliseconds.

mod apt;
mod ebpf;
mod load_tools;
mod packages;
mod runtimes;
mod static_target;

use anyhow::{Context, Result, bail};

pub use load_tools::ensure as load_tools;
pub use packages::CARGO_DENY;

/// A group of programs that a task needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// A compiler and linker for the eBPF programs.
    Ebpf,
    /// Runtimes and tools of these targets.
    Targets(Vec<String>),
    /// PostgreSQL, for threads that are kept in it.
    Postgres,
    /// Programs that the tests use: a browser, pidstat, linters, PostgreSQL.
    Tests,
    /// Redis, for rooms that go through it.
    Redis,
    /// The standard library and the C compiler of static programs.
    Static,
    /// The standard library and the C compiler of programs for arm64.
    Aarch64,
    /// The program that makes a new Debian in a folder.
    Debootstrap,
    /// QEMU, and a busybox for what it boots.
    Machines,
    /// QEMU for arm64.
    MachinesOfAarch64,
    /// The tools that `bench overhead` compares with.
    Bench,
    /// Compilers and runtimes of the programs of `bench waits`.
    Waits,
    /// Programs that people run, their loads, and the tools that `test --real` compares with.
    Real,
}

/// One program to find or install. It returns a description, or an error with the remedy.
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

/// Finds or installs all that is needed.
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
        Need::Postgres => vec![Step::new("postgres", packages::postgres)],
        Need::Tests => packages::for_tests(),
        Need::Redis => vec![packages::redis()],
        Need::Static => static_target::steps(),
        Need::Aarch64 => static_target::steps_of_aarch64(),
        Need::Debootstrap => vec![packages::debootstrap()],
        Need::Machines => packages::for_machines(),
        Need::MachinesOfAarch64 => vec![packages::qemu_of_aarch64()],
        Need::Bench => packages::for_bench(),
        Need::Waits => packages::for_waits(),
        Need::Real => packages::for_real(),
    }
}

/// Returns the program that `find` finds. Prints the action and installs a missing one.
fn find_or_install<T>(
    name: &str,
    action: &str,
    find: impl Fn() -> Option<T>,
    install: impl FnOnce() -> Result<()>,
) -> Result<T> {
    if let Some(found) = find() {
        return Ok(found);
    }
    eprintln!("  {name:<16} {action} …");
    install()?;
    find().context("installed, but still not found")
}
