//! The packages that an arm's user code belongs to, in one line.

use crate::clean::clean;
use recording::comparison::{Arm, Comparison, PackageCosts, PackageKind};
use recording::format::Scale;
use recording::vocabulary::Unit;

/// Packages that the line has by name.
const NAMED: usize = 6;
/// Share of user code that packages need together for the line: without, a program is hardly
/// written with any.
const WORTH_A_LINE: f64 = 0.05;

/// Returns a line for each of these arms whose packages are known.
pub fn lines(comparison: &Comparison, names: &[&String]) -> Vec<String> {
    let arms = comparison.arms.iter();
    let arms = arms.filter(|arm| names.contains(&&arm.arm));
    arms.filter_map(line).collect()
}

fn line(arm: &Arm) -> Option<String> {
    let costs = arm.packages.as_ref()?;
    let packages = costs.rows.iter();
    let packages = packages.filter(|row| row.kind == PackageKind::Package);
    let share: f64 = packages.map(|row| row.share).sum();
    (share >= WORTH_A_LINE).then(|| words(&arm.arm, costs))
}

fn words(arm: &str, costs: &PackageCosts) -> String {
    let scale = Scale::of(Unit::Ns, [costs.user]);
    let mut rows: Vec<_> = costs.rows.iter().collect();
    rows.sort_by(|one, other| other.own.value.total_cmp(&one.own.value));
    let (first, others) = rows.split_at(rows.len().min(NAMED));
    let first = first.iter();
    let mut parts: Vec<String> = first
        .map(|row| format!("{} {}", clean(&row.package), scale.show(row.own.value)))
        .collect();
    if !others.is_empty() {
        let sum = others.iter().map(|row| row.own.value).sum();
        parts.push(format!("{} others {}", others.len(), scale.show(sum)));
    }
    let instrumented = match costs.instrumented_samples {
        0 => "",
        _ => " (shares from an instrumented round)",
    };
    format!(
        "of {}'s {} of user code per {}: {}{instrumented}",
        clean(arm),
        scale.full(costs.user),
        costs.per.label(),
        parts.join(", ")
    )
}
