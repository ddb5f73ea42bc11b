//! What tasks are asked to do.

use std::fmt;

/// One job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Job {
    /// So many that only wait.
    Idle(u64),
    /// Two that hand a token to and fro.
    Switch,
    /// A tree of files.
    Read,
    /// Integers, on all CPUs.
    Compute,
    /// Files, and hashing their bytes.
    Mix,
}

impl Job {
    /// Those beside being idle.
    pub const WORK: [Self; 4] = [Self::Switch, Self::Read, Self::Compute, Self::Mix];

    /// What the work of this is counted in.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Idle(_) => "a task",
            Self::Switch => "a switch",
            Self::Read | Self::Mix => "a file",
            Self::Compute => "in all",
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
