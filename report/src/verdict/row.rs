//! The evidence of one row in words: counts, cost of each, thread role, top function.

use super::entry::Entry;
use crate::clean::clean;
use recording::comparison::{Amount, FunctionShare, Metric};
use recording::format::{self, quantity};
use recording::vocabulary::{CodeCategory, Per, Role, TermKind};

/// A part of a difference that comes from the cost of each is worth both costs from this share on.
const UNIT_COST_MATTERS: f64 = 0.2;
/// Functions and places of user code that no rule describes that are listed.
const LARGEST: usize = 3;

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
            name: row.function.or(Some(row.cause)),
        })
    }
}

/// Context of the words about rows of one ledger.
pub struct Detail<'a> {
    /// The metric of the ledger.
    pub metric: &'a Metric,
    /// Functions of the arm that the rows are about, most samples first.
    pub functions: &'a [FunctionShare],
}

impl Detail<'_> {
    /// Returns `3.30 syscalls per token against 1.40, 2.38 µs each; main loop; epoll_pwait2`.
    pub fn sentence(&self, entry: &Entry, source: &Source) -> String {
        let mut parts = vec![self.amounts(entry)];
        parts.extend(source.role.map(|role| clean(role.label())));
        let name = self.top_function(entry.kind).or(source.name);
        let repeats = |name: &&str| *name == entry.kind.label() || Some(*name) == entry.function;
        parts.extend(name.filter(|name| !repeats(name)).map(clean));
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
fn occurrences(kind: TermKind) -> Option<&'static str> {
    match kind {
        TermKind::Syscall(_) => Some("syscalls"),
        TermKind::Fault | TermKind::FaultRegion(_) => Some("faults"),
        TermKind::ContextSwitch => Some("preemptions"),
        TermKind::UserCode | TermKind::Code(_) => Some("wake-ups"),
        _ => None,
    }
}

impl Detail<'_> {
    /// Returns the words for user code that no rule describes. Most of it may have names all the
    /// same.
    pub fn label_of_unnamed(&self) -> &'static str {
        let samples = |found: &FunctionShare| found.samples;
        let all: u64 = self.uncategorized().map(samples).sum();
        let named = self.uncategorized().filter(|found| !found.name.is_empty());
        match 2 * named.map(samples).sum::<u64>() > all {
            true => "functions without a category",
            false => "no name found",
        }
    }

    /// Returns the values and the largest functions, or places of code that no symbol names:
    /// `30.1 µs against 460 ns; 54 % of user time in bun, 3 % in libc.so.6`.
    pub fn of_unnamed(&self, entry: &Entry) -> String {
        let values = self.values(entry.amount, entry.reference);
        let largest = self.uncategorized().take(LARGEST).enumerate();
        let largest = largest.map(|(at, found)| {
            let of = if at == 0 { " of user time" } else { "" };
            let share = format::percent(found.share);
            match found.name.as_str() {
                "" => format!("{share}{of} in {}", clean(&found.place)),
                name => format!("{share}{of} in {}", clean(name)),
            }
        });
        let largest = largest.collect::<Vec<_>>().join(", ");
        let mut parts = vec![values, largest];
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
    }

    fn uncategorized(&self) -> impl Iterator<Item = &FunctionShare> {
        let functions = self.functions.iter();
        functions.filter(|found| found.category == CodeCategory::Unnamed)
    }
}
