//! Choices of what to attach and to keep.

use super::Record;
use crate::outcome::WrongUsage;
use anyhow::Result;
use recording::observer::Mode;

/// Probes to attach.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Probes {
    /// Attach no eBPF program: record CPU time and memory from /proc, without privileges.
    None,
    /// Record the kernel's accounting of each thread; run nothing at switches and system calls.
    Counters,
    /// Attach every probe group that this kernel supports.
    All,
    /// Alternate the modes every second to measure the cost of each; record nothing else.
    #[value(alias = "turns")]
    Overhead,
}

/// Call stacks to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StackKind {
    /// Keep the stacks of user code.
    User,
    /// Keep the stacks of the kernel.
    Kernel,
    /// Keep no stack; it excludes the others.
    None,
}

/// Whether to do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Switch {
    /// Do it.
    On,
    /// Leave it out.
    Off,
}

impl Probes {
    /// Returns the mode of the recording.
    pub fn mode(self) -> Mode {
        match self {
            Probes::None => Mode::None,
            Probes::Counters => Mode::Counters,
            Probes::All => Mode::All,
            Probes::Overhead => Mode::Overhead,
        }
    }
}

impl Record {
    /// Rejects options whose results only the probes of [`Probes::All`] give.
    pub(super) fn check_probes(&self) -> Result<()> {
        if self.probes == Probes::All {
            return Ok(());
        }
        let given = [
            ("--slow", self.events.keeps_slow_tokens()),
            ("--timeline", self.events.size().is_some()),
            ("--off-cpu-stacks", self.off_cpu_stacks == Switch::On),
            ("--runtime-symbols", self.runtime_symbols.is_some()),
            ("--prometheus", self.prometheus.is_some()),
            ("--otlp", self.otlp.is_some()),
        ];
        match given.into_iter().find(|(_, given)| *given) {
            Some((option, _)) => Err(WrongUsage::error(format!(
                "{option} needs --probes all: --probes {} records nothing for it",
                self.probes.mode().name()
            ))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        record: Record,
    }

    fn rejected(probes: &str, option: &[&str]) -> Option<String> {
        let arguments = [&["record", "--pid", "1", "--probes", probes], option].concat();
        let record = Cli::try_parse_from(arguments).expect("options").record;
        let error = record.check_probes().and_then(|()| record.check_work());
        let error = error.err()?;
        assert!(error.is::<WrongUsage>(), "{error}");
        Some(error.to_string())
    }

    #[test]
    fn rejects_options_that_need_other_probes() {
        for option in [
            &["--slow", "proxy_latency>5ms"][..],
            &["--timeline"],
            &["--off-cpu-stacks", "on"],
            &["--runtime-symbols", "/tmp"],
            &["--prometheus", "9090"],
            &["--otlp", "http://127.0.0.1:4318"],
            &["--work", "request=kernel:requests"],
            &["--work", "sync=syscall:fsync"],
        ] {
            for probes in ["none", "counters", "overhead"] {
                let error = rejected(probes, option).expect(option[0]);
                assert!(error.starts_with(option[0]), "{error}");
                assert!(error.contains("--probes all"), "{error}");
            }
            assert_eq!(rejected("all", option), None);
        }
        assert_eq!(rejected("none", &["--off-cpu-stacks", "off"]), None);
    }
}
