//! The oldest and the newest kernel at once, with the programs that `cargo xtask test` builds: its
//! last step, and `cargo xtask test --kernels` alone.

use std::process::ExitCode;
use std::thread::{self, JoinHandle};

use anyhow::{Result, anyhow};

use super::column::Column;
use super::kernels::{self, Files, Kernel, MINIMUM, NEWEST};
use super::{Programs, programs};
use crate::build;
use crate::setup::{self, Need};
use crate::tally::{Counts, Tally};

/// One recording that has counts of all kinds: an emulated machine takes longest to load programs.
const TESTS: &str = "counts::counts_work_of_all_kinds_at_once";

/// The part of the test that `--kernels` runs alone: sets up, builds while kernels are downloaded,
/// and boots both.
///
/// # Errors
/// Without the toolchain of the eBPF programs.
pub fn run() -> Result<ExitCode> {
    setup::ensure(&[Need::Ebpf])?;
    let fetching = Fetching::begin();
    let mut tally = Tally::default();
    let mut built = None;
    tally.step("build", || {
        build::kernel_side()?;
        built = Some(programs::of_tests()?);
        Ok(Counts::default())
    });
    if let Some(packed) = built {
        tally.step("kernels", || fetching.boot(packed));
    }
    Ok(tally.close())
}

/// A kernel with its files, or with the reason why they cannot be had.
type Fetched = (Kernel, Result<Files>);

/// QEMU and two kernels, the oldest that is supported and the newest, on their way.
pub struct Fetching(JoinHandle<Result<Vec<Fetched>>>);

impl Fetching {
    /// Begins to install QEMU and to download the kernels.
    pub fn begin() -> Self {
        Fetching(thread::spawn(|| {
            setup::ensure(&[Need::Machines])?;
            let kernels = kernels::known(&[MINIMUM, NEWEST].map(str::to_owned))?;
            let fetch = |kernel: Kernel| {
                let files = kernel.fetch();
                (kernel, files)
            };
            Ok(kernels.into_iter().map(fetch).collect())
        }))
    }

    /// Waits for the kernels, boots those that can be had with the programs of the tests, and
    /// counts what passed.
    ///
    /// # Errors
    /// A machine does not start.
    pub fn boot(self, packed: programs::Packed) -> Result<Counts> {
        let mut counts = Counts::default();
        let fetched = self.0.join().map_err(|_| anyhow!("fetching panicked"))?;
        let fetched = fetched.unwrap_or_else(|error| {
            counts.left_out.push(format!("all kernels: {error:#}"));
            Vec::new()
        });
        let mut kernels = Vec::new();
        for (kernel, files) in fetched {
            match files {
                Ok(files) => kernels.push((files, kernel)),
                Err(error) => {
                    let reason = format!("Linux {}: {error:#}", kernel.name);
                    counts.left_out.push(reason);
                }
            }
        }
        let programs = Programs::with_init(TESTS, packed);
        for column in programs.try_on_all(&kernels)? {
            add(&mut counts, &column);
        }
        Ok(counts)
    }
}

/// Adds results of a kernel. Every probe group needs a source there, and the test has to run.
fn add(counts: &mut Counts, column: &Column) {
    let mut failures = column.failures.clone();
    let missing = column.without_source();
    failures.extend(missing.map(|group| format!("(no source of the probe group {group})")));
    if column.passed == 0 && failures.is_empty() {
        failures.push(format!("{TESTS} (did not run)"));
    }
    counts.passed += column.passed;
    counts.failed += failures.len() as u64;
    let of_kernel = |failure: String| format!("{failure} on Linux {}", column.release);
    counts.names.extend(failures.into_iter().map(of_kernel));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(source: &str, passed: u64) -> Column {
        Column {
            release: "6.1".into(),
            groups: vec![("sockets".into(), source.into())],
            passed,
            ..Column::default()
        }
    }

    #[test]
    fn fails_for_a_probe_group_without_a_source_or_a_test_that_did_not_run() {
        let mut counts = Counts::default();
        add(&mut counts, &column("tp_btf", 1));
        assert_eq!((counts.passed, counts.failed), (1, 0));
        add(&mut counts, &column("none", 1));
        add(&mut counts, &column("tp_btf", 0));
        assert_eq!((counts.passed, counts.failed), (2, 2));
        let no_source = "(no source of the probe group sockets) on Linux 6.1";
        assert_eq!(counts.names[0], no_source);
    }
}
