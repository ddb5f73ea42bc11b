//! Choices of what to attach and to keep.

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
