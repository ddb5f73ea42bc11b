//! The unit of work of a verdict in words: its rate, and what it is where no one named one.

use crate::clean::clean;
use recording::comparison::{Comparison, Metric};
use recording::format;
use recording::vocabulary::{Per, Unit};

/// Returns `64,500 against 36,900 kernel-requests/s, 774 ms against 975 ms CPU/s`: how much work
/// the arms did, and what it cost them a second. Nothing for a metric that is not per unit of work.
pub fn rates(comparison: &Comparison, metric: &Metric, arms: &[&String]) -> Option<String> {
    let work = comparison.work.as_ref()?;
    if !metric.name.is_cpu_time() || !matches!(metric.per, Per::Work(_)) {
        return None;
    }
    let against = |shown: Vec<String>| shown.join(" against ");
    let rate = |arm: &&String| work.rates.get(*arm).map_or(f64::NAN, |rate| rate.value);
    let rates = arms.iter().map(|arm| match rate(arm) {
        rate if rate >= 100.0 => format::count(rate.round() as u64),
        rate => format::number(rate),
    });
    let cpu = arms.iter().map(|arm| {
        let cpu = work.cpu_ns_per_second.get(*arm);
        format::quantity(cpu.copied().unwrap_or(f64::NAN), Unit::Ns)
    });
    Some(format!(
        "{} {}s/s, {} CPU/s",
        against(rates.collect()),
        clean(metric.per.label()),
        against(cpu.collect())
    ))
}

/// Returns what the unit is, where the kernel's own count stands in for one that no one named.
pub fn note(comparison: &Comparison, metric: &Metric) -> Option<String> {
    let work = comparison.work.as_ref()?;
    let is_per_unit = work.assumed && metric.per == work.per;
    is_per_unit.then(|| {
        format!(
            "a {} is a turn from receive to send on an accepted connection, since no one named the unit of work; \
             --work NAME=SOURCE names it",
            clean(work.per.label())
        )
    })
}
