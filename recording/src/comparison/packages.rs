//! User code by package.

use super::Estimate;
use crate::evidence::Evidence;
use crate::vocabulary::{MetricId, Per, vocabulary};
use serde::{Deserialize, Serialize};

vocabulary! {
    /// The owner of user code.
    #[derive(Default)]
    PackageKind {
        /// A Python or npm package, a Go module, a Rust crate, a library of Java.
        Package = "package", "package";
        /// The program itself.
        Application = "application", "application";
        /// The runtime with its standard library, called from no package.
        Runtime = "runtime", "runtime";
        /// A shared library of the system, called from no package.
        Library = "library", "library";
        /// Code of which neither the function nor a caller has a package.
        #[default]
        Unknown = "unknown", "package not known";
        /// Time that no call stack shows.
        NoSample = "no-sample", "no sample";
        /// Small packages, added up.
        Smaller = "smaller", "smaller packages";
    }
}

/// CPU time of an arm's user code by package. The rows add up to `user`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PackageCosts {
    /// The metric whose rows of user code are split.
    pub metric: MetricId,
    /// Denominator of all values.
    pub per: Per,
    /// User code in the arm's ledger, in the metric's unit.
    pub user: f64,
    /// Samples of user code in all rounds.
    pub samples: u64,
    /// Samples of the instrumented round whose shares are applied; 0 where none are.
    #[serde(default, skip_serializing_if = "crate::process::is_zero")]
    pub instrumented_samples: u64,
    /// Packages, largest first, then the rest.
    pub rows: Vec<PackageRow>,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// User code of one package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PackageRow {
    /// The package, or words for code without one. Never trusted, renderers escape it.
    pub package: String,
    /// Kind of its owner.
    pub kind: PackageKind,
    /// CPU time of user code whose innermost function with a package belongs to this one.
    #[serde(flatten)]
    pub own: Estimate,
    /// Share of the arm's user code, 0 to 1.
    pub share: f64,
    /// Half the width of the 95 % interval of the value that sampling causes.
    pub sampling_error: f64,
    /// Samples of the measured rounds.
    pub samples: u64,
    /// CPU time, system calls and page faults included, of all stacks with this package; absent
    /// for rows that are no package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_callees: Option<f64>,
    /// Part of the value that was split by shares of an instrumented round.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub instrumented: f64,
}

/// User code by package of arm `b` against arm `a`. The rows add up to `delta`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PackagePair {
    /// The reference.
    pub a: String,
    /// The arm that is compared with it.
    pub b: String,
    /// User code of b minus that of a.
    pub delta: f64,
    /// Differences, largest first.
    pub rows: Vec<PackageDelta>,
}

/// The difference in one package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PackageDelta {
    /// The package, or words for code without one. Never trusted, renderers escape it.
    pub package: String,
    /// Kind of its owner.
    pub kind: PackageKind,
    /// User code in arm a.
    pub in_a: f64,
    /// User code in arm b.
    pub in_b: f64,
    /// `in_b` − `in_a`.
    pub delta: f64,
    /// 95 % interval of `delta` over rounds; absent with a single round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci95: Option<[f64; 2]>,
    /// Half the width of the 95 % interval of `delta` that sampling causes.
    pub sampling_error: f64,
    /// Whether shares of an instrumented round are part of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub instrumented: bool,
}

impl PackageCosts {
    /// Returns whether the row of some package or of the program is known.
    pub fn has_packages(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| matches!(row.kind, PackageKind::Package | PackageKind::Application))
    }
}

fn is_nothing(value: &f64) -> bool {
    *value == 0.0
}
