//! Evidence: typed references to the numbers that a statement rests on.
//!
//! In files a reference is text, `PATH#/json/pointer` (RFC 6901):
//! `go/1/recording.json#/threads/3/on_cpu_ns`. The path of a recording is relative to the
//! comparison; `comparison` cites the comparison itself. References are made by the constructors
//! here, so that no statement can cite a field that does not exist.

mod place;

use crate::vocabulary::{MetricId, serde_by_text};
pub use place::{Field, List, Part, Rows};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Name under which evidence cites the comparison itself.
pub const COMPARISON: &str = "comparison";

/// A reference to one place of a recording or of the comparison.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    document: String,
    /// Keys and indexes from the document's root on, unescaped.
    steps: Vec<Cow<'static, str>>,
}

/// Text that is no reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no reference of the form PATH#/json/pointer")]
pub struct Malformed(pub String);

impl Evidence {
    /// Cites a whole recording.
    pub fn recording(path: &str) -> Self {
        Evidence {
            document: path.into(),
            steps: Vec::new(),
        }
    }

    /// Cites a whole list of a recording.
    pub fn list(path: &str, list: List) -> Self {
        let keys = list.keys().iter();
        keys.fold(Self::recording(path), |place, key| place.key(key))
    }

    /// Cites an entry of a list of a recording.
    pub fn entry(path: &str, list: List, index: usize) -> Self {
        Self::list(path, list).index(index)
    }

    /// Cites a part of a recording.
    pub fn part(path: &str, part: Part) -> Self {
        Self::recording(path).key(part.key())
    }

    /// Cites a distribution of a recording's `latency` by its name.
    pub fn latency(path: &str, name: &str) -> Self {
        Self::part(path, Part::Latency).named(name)
    }

    /// Cites a system call of a thread.
    pub fn thread_syscall(path: &str, thread: usize, syscall: usize) -> Self {
        Self::entry(path, List::Threads, thread)
            .key("syscalls")
            .index(syscall)
    }

    /// Cites a pair of a metric, both by their place in the comparison.
    pub fn pair(metric: usize, pair: usize) -> Self {
        Self::recording(COMPARISON)
            .key("metrics")
            .index(metric)
            .key("pairs")
            .index(pair)
    }

    /// Cites a row of a pair, where `self` cites the pair.
    pub fn row(&self, rows: Rows, index: usize) -> Self {
        self.clone().key(rows.key()).index(index)
    }

    /// Cites the value of an arm.
    pub fn value(metric: usize, arm: &str) -> Self {
        Self::recording(COMPARISON)
            .key("metrics")
            .index(metric)
            .key("arms")
            .named(arm)
    }

    /// Cites a call stack of a finding, both by their place in the comparison.
    pub fn finding_stack(finding: usize, stack: usize) -> Self {
        let finding = Self::recording(COMPARISON).key("findings").index(finding);
        finding.key("stacks").index(stack)
    }

    /// Cites a row of an arm's own ledger.
    pub fn arm_row(arm: usize, metric: MetricId, row: usize) -> Self {
        let arm = Self::recording(COMPARISON).key("arms").index(arm);
        arm.key("ledger").key(metric.name()).index(row)
    }

    /// Cites a field of the place that `self` cites.
    pub fn field(self, field: Field) -> Self {
        self.key(field.key())
    }

    /// Returns the path of the recording, or [`COMPARISON`].
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Returns the JSON pointer inside the document.
    pub fn pointer(&self) -> String {
        // RFC 6901: `~` and `/` belong to the pointer's own syntax.
        let escaped = self
            .steps
            .iter()
            .map(|step| step.replace('~', "~0").replace('/', "~1"));
        escaped.map(|step| format!("/{step}")).collect()
    }

    fn key(mut self, key: &'static str) -> Self {
        self.steps.push(Cow::Borrowed(key));
        self
    }

    fn named(mut self, key: &str) -> Self {
        self.steps.push(Cow::Owned(key.into()));
        self
    }

    fn index(self, index: usize) -> Self {
        self.named(&index.to_string())
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}#{}", self.document, self.pointer())
    }
}

impl FromStr for Evidence {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || Malformed(text.into());
        let (document, pointer) = text.rsplit_once('#').ok_or_else(malformed)?;
        let mut parts = pointer.split('/');
        if document.is_empty() || parts.next() != Some("") {
            return Err(malformed());
        }
        let step = |part: &str| Cow::Owned(part.replace("~1", "/").replace("~0", "~"));
        Ok(Evidence {
            document: document.into(),
            steps: parts.map(step).collect(),
        })
    }
}

serde_by_text!(Evidence, |evidence: &Evidence| evidence.to_string());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_json_pointers() {
        let thread = Evidence::entry("go/1/recording.json", List::Threads, 3);
        let text = thread.field(Field::OnCpuNs).to_string();
        assert_eq!(text, "go/1/recording.json#/threads/3/on_cpu_ns");
        let value = Evidence::value(2, "a/b~c").to_string();
        assert_eq!(value, "comparison#/metrics/2/arms/a~1b~0c");
        let row = Evidence::pair(0, 1).row(Rows::Terms, 4).to_string();
        assert_eq!(row, "comparison#/metrics/0/pairs/1/terms/4");
    }

    #[test]
    fn reads_them_back() {
        let references = [
            Evidence::recording("r"),
            Evidence::entry("r#1", List::MemoryRegions, 0).field(Field::RssBytes),
            Evidence::latency("r", "proxy_latency"),
            Evidence::value(1, "go:a/b"),
            Evidence::value(1, "2"),
        ];
        for reference in references {
            assert_eq!(reference.to_string().parse(), Ok(reference));
        }
        for wrong in ["", "a", "a#b", "#/a"] {
            assert_eq!(wrong.parse::<Evidence>(), Err(Malformed(wrong.into())));
        }
    }
}
