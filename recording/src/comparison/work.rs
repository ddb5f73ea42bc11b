//! The unit of work of a comparison.

use super::Estimate;
use crate::vocabulary::Per;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The unit of work that costs are divided by.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitOfWork {
    /// The unit.
    pub per: Per,
    /// Who counted it, for instance `load: wrk` or `kernel:requests`; empty for seconds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Whether no one named a unit, so that the kernel's own count of requests stands in for it.
    #[serde(default)]
    pub assumed: bool,
    /// Units a second, by arm; empty for seconds.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, Estimate>,
    /// CPU time a second, by arm.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub cpu_ns_per_second: BTreeMap<String, f64>,
}
