//! Jobs of tasks.

use std::fmt;

/// A job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// This many tasks that only wait.
    Idle(u64),
    /// Two tasks that hand a token back and forth.
    Switch,
    /// Reading a tree of files.
    Read,
    /// Integer arithmetic on all CPUs.
    Compute,
    /// Reading files and hashing their bytes.
    Mix,
}

impl Job {
    /// Jobs that are not idle.
    pub const WORK: [Self; 4] = [Self::Switch, Self::Read, Self::Compute, Self::Mix];

    /// Returns the unit by which costs are divided.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Idle(_) => "per task",
            Self::Switch => "per switch",
            Self::Read | Self::Mix => "per file",
            Self::Compute => "in total",
        }
    }
}

impl fmt::Display for Job {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle(count) => write!(to, "idle-{count}"),
            Self::Switch => to.write_str("switch"),
            Self::Read => to.write_str("read"),
            Self::Compute => to.write_str("compute"),
            Self::Mix => to.write_str("mix"),
        }
    }
}
