//! The evidence of one row in words: counts, cost of each, thread role, top function.

use super::entry::Entry;
use crate::clean::clean;
use recording::comparison::{Amount, FunctionShare, Metric};
use recording::format::{self, quantity};
use recording::vocabulary::{CodeCategory, Per, Role, TermKind};

/// A part of a difference that comes from the cost of each is worth both costs from this share on.
const UNIT_COST_MATTERS: f64 = 0.2;
/// Functions and places of user code that no rule describes that are listed.
const LARGEST: usize = 5;

/// The one row of a kind that has most of it.
#[derive(Default)]
pub struct Source<'a> {
    role: Option<&'a Role>,
    name: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// Finds the row that has more than half of `entry`, in the arm where `entry` is larger.
    pub fn of(entry: &Entry, details: &[Entry<'a>]) -> Self {
        let size = |row: &Entry| match row.reference {
            Some(reference) if entry.value < 0.0 => reference.value,
            _ => row.amount.value,
        };
        let rows = details.iter().filter(|row| entry.includes(row));
        let largest = rows.max_by(|one, other| size(one).total_cmp(&size(other)));
        let most = largest.filter(|row| 2.0 * size(row) > size(entry));
        most.map_or_else(Source::default, |row| Source {
            role: row.role,
            name: Some(row.cause),
        })
    }
}

/// Context of the words about rows of one ledger.
pub struct Detail<'a> {
    /// The metric of the ledger.
    pub metric: &'a Metric,
    /// Functions of the arm that the rows are about, most samples first.
    pub functions: &'a [FunctionShare],
    /// Garbage collection of that arm in words.
    pub gc: Option<&'a str>,
}

impl Detail<'_> {
    /// Returns `3.30 syscalls per token against 1.40, 2.38 µs each; main loop; epoll_pwait2`.
    pub fn sentence(&self, entry: &Entry, source: &Source) -> String {
        let mut parts = vec![self.amounts(entry)];
        parts.extend(source.role.map(|role| clean(role.label())));
        let repeats = |name: &&str| *name == entry.kind.label();
        let cause = source.name;
        parts.extend(cause.filter(|name| !repeats(name)).map(clean));
        let function = entry.function.or_else(|| self.top_function(entry.kind));
        parts.extend(function.map(|function| format!("most in {}", clean(function))));
        let gc = self.gc.filter(|_| entry.kind == TermKind::Gc);
        parts.extend(gc.map(clean));
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    /// Returns counts and the cost of each, or the two values where nothing was counted.
    fn amounts(&self, entry: &Entry) -> String {
        let (amount, reference) = (entry.amount, entry.reference);
        let counted = |amount: Amount| ![0.0, 1.0].contains(&amount.count);
        let per = self.metric.per;
        let is_counted = counted(amount) || reference.is_some_and(counted);
        let occurrences = occurrences(entry.kind).filter(|_| is_counted && per != Per::Total);
        let Some(occurrences) = occurrences else {
            return self.values(amount, reference);
        };
        let mut text = format!(
            "{} {occurrences} per {}",
            format::number(amount.count),
            per.label()
        );
        if let Some(reference) = reference {
            text += &format!(" against {}", format::number(reference.count));
        }
        text + &self.costs(entry)
    }

    fn values(&self, amount: Amount, reference: Option<Amount>) -> String {
        let shown = |amount: Amount| quantity(amount.value, self.metric.unit);
        match reference {
            Some(reference) => format!("{} against {}", shown(amount), shown(reference)),
            None => String::new(),
        }
    }

    /// Returns the cost of each, of both arms where the difference comes from it.
    fn costs(&self, entry: &Entry) -> String {
        let each = |amount: Amount| {
            (amount.count > 0.0).then(|| quantity(amount.value / amount.count, self.metric.unit))
        };
        let matters = entry.unit_cost_effect.abs() >= UNIT_COST_MATTERS * entry.value.abs();
        match (each(entry.amount), entry.reference.and_then(each)) {
            (Some(cost), Some(reference)) if matters => {
                format!(", {cost} each against {reference}")
            }
            (Some(cost), _) | (None, Some(cost)) => format!(", {cost} each"),
            (None, None) => String::new(),
        }
    }

    /// Returns the function with the most samples in a category of user code.
    fn top_function(&self, kind: TermKind) -> Option<&str> {
        let category = match kind {
            TermKind::Code(category) => category,
            TermKind::Gc => CodeCategory::Gc,
            TermKind::Jit => CodeCategory::Jit,
            _ => return None,
        };
        // A smaller function would stand for code that it is not.
        let mut functions = self.functions.iter();
        let top = functions.find(|found| found.category == category)?;
        (!top.name.is_empty()).then_some(&*top.name)
    }
}

/// Returns the word for the occurrences that a row counts; nothing where they have no common unit.
/// User code counts wake-ups, but the cost of one explains nothing.
fn occurrences(kind: TermKind) -> Option<&'static str> {
    match kind {
        TermKind::Syscall(_) => Some("syscalls"),
        TermKind::Fault | TermKind::FaultRegion(_) => Some("faults"),
        TermKind::ContextSwitch => Some("preemptions"),
        _ => None,
    }
}

impl Detail<'_> {
    /// Returns the words for user code without a name, with its context where that is known.
    pub fn label_of_unnamed(&self, kind: TermKind) -> String {
        match kind {
            TermKind::Code(CodeCategory::Unnamed) => "no name found".into(),
            kind => format!(
                "no name found: {}",
                kind.label().trim_end_matches(" (no name)")
            ),
        }
    }

    /// Returns the values and the costliest addresses, or places of code, that no symbol names:
    /// `30.1 µs against 460 ns; 4 % of user time at bun+0x5c633f0 (from bun+0x5eda4b0)`.
    pub fn of_unnamed(&self, entry: &Entry) -> String {
        let values = self.values(entry.amount, entry.reference);
        let of_kind = self.functions.iter();
        let of_kind = of_kind.filter(|found| TermKind::Code(found.category) == entry.kind);
        let largest = of_kind.take(LARGEST).enumerate();
        let largest = largest.map(|(at, found)| {
            let of = if at == 0 { " of user time" } else { "" };
            let share = format::percent_tenths(found.share);
            let place = clean(found.label());
            let word = if found.address.is_empty() { "in" } else { "at" };
            let from = match found.caller.as_str() {
                "" => String::new(),
                caller => format!(" (from {})", clean(caller)),
            };
            format!("{share}{of} {word} {place}{from}")
        });
        let largest = largest.collect::<Vec<_>>().join(", ");
        let mut parts = vec![values, largest];
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }
}
