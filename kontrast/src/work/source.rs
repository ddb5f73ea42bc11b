//! Sources of a count, as the user writes them.

use super::{number, prometheus};
use profiler::record::names::is_syscall;
use recording::vocabulary::WorkName;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The sources, for messages.
const KNOWN: &str = "load, prometheus:URL#METRIC, command:CMD, file:PATH, kernel:requests, kernel:bytes, \
kernel:accepts, syscall:NAME";

/// System calls that accept a connection.
pub const ACCEPTS: [&str; 2] = ["accept", "accept4"];

/// A unit of work and the source of its count: `NAME=SOURCE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Name of one unit.
    pub name: WorkName,
    /// Who counts.
    pub source: Source,
}

/// Who counts the work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The load command: its output has the count.
    Load,
    /// A counter that is read at both ends of the window.
    Counter(Counter),
    /// The kernel, as the recording has it.
    Kernel(KernelCount),
    /// Calls of one system call.
    Syscall(String),
}

/// A counter outside of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Counter {
    /// A metric in the Prometheus text format, over HTTP.
    Prometheus(prometheus::Metric),
    /// A command that prints a number, or a `KEY` with one.
    Command {
        /// The command, for a shell.
        line: String,
        /// Key of the number in the output.
        key: Option<String>,
    },
    /// A file that holds a number, or a `KEY` with one.
    File {
        /// The file.
        path: PathBuf,
        /// Key of the number in the file.
        key: Option<String>,
    },
}

/// A count that the recording has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelCount {
    /// Turns from receive to send on accepted connections.
    Requests,
    /// Bytes received and sent over TCP.
    Bytes,
    /// Accepted connections.
    Accepts,
}

impl Spec {
    /// Returns the system calls that are counted.
    pub fn syscalls(&self) -> Vec<String> {
        match &self.source {
            Source::Kernel(KernelCount::Accepts) => ACCEPTS.map(String::from).to_vec(),
            Source::Syscall(name) => vec![name.clone()],
            _ => Vec::new(),
        }
    }
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, source) = text
            .split_once('=')
            .ok_or("write it as NAME=SOURCE, as in command=syscall:read")?;
        Ok(Spec {
            name: name.parse().map_err(|error| format!("{error}"))?,
            source: source.parse()?,
        })
    }
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        if rest.is_empty() && kind != "load" {
            return Err(format!(
                "{text:?} names no source of a count; known are {KNOWN}"
            ));
        }
        match (kind, rest) {
            ("load", "") => Ok(Source::Load),
            ("kernel", "requests") => Ok(Source::Kernel(KernelCount::Requests)),
            ("kernel", "bytes") => Ok(Source::Kernel(KernelCount::Bytes)),
            ("kernel", "accepts") => Ok(Source::Kernel(KernelCount::Accepts)),
            ("syscall", name) if is_syscall(name) => Ok(Source::Syscall(name.into())),
            ("syscall", name) => Err(format!("{name:?} is the name of no system call")),
            ("prometheus", metric) => Ok(Source::Counter(Counter::Prometheus(metric.parse()?))),
            ("command", line) => {
                let (line, key) = number::split_key(line);
                let line = line.to_owned();
                Ok(Source::Counter(Counter::Command { line, key }))
            }
            ("file", path) => {
                let (path, key) = number::split_key(path);
                let path = path.into();
                Ok(Source::Counter(Counter::File { path, key }))
            }
            _ => Err(format!(
                "{text:?} names no source of a count; known are {KNOWN}"
            )),
        }
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}={}", self.name, self.source)
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Load => write!(out, "load"),
            Source::Kernel(KernelCount::Requests) => write!(out, "kernel:requests"),
            Source::Kernel(KernelCount::Bytes) => write!(out, "kernel:bytes"),
            Source::Kernel(KernelCount::Accepts) => write!(out, "kernel:accepts"),
            Source::Syscall(name) => write!(out, "syscall:{name}"),
            Source::Counter(counter) => counter.fmt(out),
        }
    }
}

impl fmt::Display for Counter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key =
            |key: &Option<String>| key.as_ref().map_or(String::new(), |key| format!("#{key}"));
        match self {
            Counter::Prometheus(metric) => write!(out, "prometheus:{metric}"),
            Counter::Command { line, key: name } => write!(out, "command:{line}{}", key(name)),
            Counter::File { path, key: name } => {
                write!(out, "file:{}{}", path.display(), key(name))
            }
        }
    }
}
