//! Units and denominators of metrics.

use super::{Unknown, serde_by_text, vocabulary};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

vocabulary! {
    /// The unit of a value.
    #[derive(Default)]
    Unit {
        /// Nanoseconds.
        #[default]
        Ns = "ns", "ns";
        /// Bytes.
        Bytes = "bytes", "bytes";
        /// Page faults.
        Faults = "faults", "page faults";
        /// System calls.
        Syscalls = "syscalls", "syscalls";
        /// Context switches.
        Switches = "switches", "switches";
        /// Wake-ups.
        Wakeups = "wakeups", "wake-ups";
        /// Iterations of an event loop.
        Iterations = "iterations", "iterations";
        /// Calls that ask for events.
        Polls = "polls", "polls";
        /// Bursts of activity, as of garbage collection threads.
        Bursts = "bursts", "bursts";
    }
}

/// The denominator of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Per {
    /// A content token of the load.
    Token,
    /// A completed request of the load.
    Request,
    /// A unit of work that has its own name; see [`crate::work::Work`].
    Work(WorkName),
    /// A second of the window.
    Second,
    /// A start of the server.
    Start,
    /// An iteration of an event loop.
    Iteration,
    /// An open connection.
    Connection,
    /// Nothing: the value is a total, or a duration.
    #[default]
    Total,
}

impl Per {
    /// Every variant, in the order of the definition.
    pub const ALL: &'static [Self] = &[
        Per::Token,
        Per::Request,
        Per::Work(WorkName::UNIT),
        Per::Second,
        Per::Start,
        Per::Iteration,
        Per::Connection,
        Per::Total,
    ];

    /// Returns the name that files use: `token`, or `work:command` for a unit with its own name.
    pub fn name(&self) -> Cow<'static, str> {
        match self {
            Per::Work(name) => format!("{WORK}{name}").into(),
            Per::Token => "token".into(),
            Per::Request => "request".into(),
            Per::Second => "second".into(),
            Per::Start => "start".into(),
            Per::Iteration => "iteration".into(),
            Per::Connection => "connection".into(),
            Per::Total => "".into(),
        }
    }

    /// Returns the words that people read.
    pub fn label(&self) -> &str {
        match self {
            Per::Token => "token",
            Per::Request => "request",
            Per::Work(name) => name.as_str(),
            Per::Second => "second",
            Per::Start => "start",
            Per::Iteration => "iteration",
            Per::Connection => "connection",
            Per::Total => "",
        }
    }
}

/// Begins the name of a unit of work in files.
const WORK: &str = "work:";

impl fmt::Display for Per {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.label())
    }
}

impl FromStr for Per {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        if let Some(name) = text.strip_prefix(WORK) {
            return name.parse().map(Per::Work);
        }
        let known = Self::ALL.iter().find(|known| known.name() == text);
        known.copied().ok_or_else(|| Unknown {
            text: text.into(),
            vocabulary: "Per",
            known: Self::ALL
                .iter()
                .map(Per::name)
                .collect::<Vec<_>>()
                .join(", "),
        })
    }
}

serde_by_text!(Per, |per: &Per| per.name());

/// The name of a unit of work, such as `command`: 1 to 24 ASCII letters, digits, `-` and `_`.
///
/// It has no heap memory, so that it is as easy to pass on as every other denominator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WorkName {
    letters: [u8; WorkName::LONGEST],
    length: u8,
}

impl WorkName {
    /// Longest name, in letters.
    pub const LONGEST: usize = 24;
    /// The name of a unit that has no better one.
    pub const UNIT: Self = Self::fixed("unit");
    /// The name of a request as the kernel counts it: a turn from receive to send on an accepted
    /// connection.
    pub const KERNEL_REQUEST: Self = Self::fixed("kernel-request");

    /// Returns a name that this crate knows to be valid.
    const fn fixed(name: &str) -> Self {
        let (from, mut letters, mut at) = (name.as_bytes(), [0; Self::LONGEST], 0);
        while at < from.len() {
            letters[at] = from[at];
            at += 1;
        }
        WorkName {
            letters,
            length: from.len() as u8,
        }
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        let letters = &self.letters[..usize::from(self.length)];
        // Only ASCII letters get in.
        std::str::from_utf8(letters).unwrap_or_default()
    }
}

impl fmt::Display for WorkName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl FromStr for WorkName {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let allowed = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
        let fits = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(allowed);
        match fits {
            true => Ok(Self::fixed(text)),
            false => Err(Unknown {
                text: text.chars().take(Self::LONGEST + 1).collect(),
                vocabulary: "name of a unit of work",
                known: format!("those of 1 to {} letters, digits, - and _", Self::LONGEST),
            }),
        }
    }
}

serde_by_text!(WorkName, |name: &WorkName| name.to_string());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_name_of_a_unit_of_work() {
        let per: Per = "work:command".parse().expect("a unit");
        assert_eq!((per.label(), &*per.name()), ("command", "work:command"));
        let longest = "x".repeat(WorkName::LONGEST);
        let name: WorkName = longest.parse().expect("a name");
        assert_eq!(name.as_str(), longest);
        assert_ne!("work:request".parse::<Per>(), "request".parse::<Per>());
    }

    #[test]
    fn rejects_names_that_could_not_be_shown() {
        let long = "x".repeat(WorkName::LONGEST + 1);
        for wrong in ["", "a b", "<b>", "\u{1b}[2J", "größe", &long] {
            assert!(wrong.parse::<WorkName>().is_err(), "{wrong}");
            assert!(format!("work:{wrong}").parse::<Per>().is_err(), "{wrong}");
        }
    }
}
