//! Waste: CPU time that an arm alone could save, from its own ledger and counts.
//!
//! Each rule counts events that bring the server nothing and prices them: at the measured cost of
//! the rows that are nothing else, or at the mean cost of the call where only some calls are waste.
//! Waste is no identity: rules may overlap, and their sum means nothing.

mod rules;

use crate::arms::Rounds;
use crate::metrics;
use crate::thresholds::{Limit, Thresholds};
use recording::comparison::{LedgerRow, Waste};
use recording::vocabulary::Per;
use recording::{Evidence, Recording, comparison};
use rules::RULES;

/// Citations that one kind of waste carries.
const MOST_EVIDENCE: usize = 12;

/// One arm as the rules see it: its CPU ledger and its counts, per unit of work.
struct View<'a> {
    rounds: &'a Rounds<'a>,
    limits: &'a Thresholds,
    rows: &'a [LedgerRow],
    per: Per,
    /// Units of work, or seconds, of all rounds.
    units: f64,
    /// CPU time per unit.
    cpu: f64,
}

/// Waste that a rule found, before it is priced against the arm's CPU time.
struct Found {
    count: f64,
    cost: f64,
    /// Words for the occurrences, with their price's origin: `reads return EAGAIN`.
    text: String,
    evidence: Vec<Evidence>,
}

/// Returns the waste of an arm, costliest first; nothing where the arm has no CPU ledger.
pub fn find(
    arm: &comparison::Arm,
    rounds: &Rounds<'_>,
    unit: Per,
    limits: &Thresholds,
) -> Vec<Waste> {
    let Some(view) = View::of(arm, rounds, unit, limits) else {
        return Vec::new();
    };
    let found = RULES.iter().filter_map(|rule| {
        let found = (rule.find)(&view)?;
        let share = found.cost / view.cpu;
        let frequent = view.per == Per::Token && found.count >= limits[Limit::WasteCount];
        (share >= limits[Limit::WasteShare] || frequent).then(|| waste(&view, rule, found, share))
    });
    let mut found: Vec<Waste> = found.collect();
    found.sort_by(|one, other| other.cost_per_unit.total_cmp(&one.cost_per_unit));
    found
}

fn waste(view: &View<'_>, rule: &rules::Rule, found: Found, share: f64) -> Waste {
    use recording::format;
    let text = format!(
        "{} {} per {}: {} of CPU time ({})",
        format::number(found.count),
        found.text,
        view.per,
        format::quantity(found.cost, recording::vocabulary::Unit::Ns),
        format::percent(share),
    );
    let mut evidence = found.evidence;
    evidence.truncate(MOST_EVIDENCE);
    Waste {
        id: rule.id,
        count_per_unit: found.count,
        cost_per_unit: found.cost,
        share,
        text,
        advice: rule.advice.into(),
        evidence,
    }
}

impl<'a> View<'a> {
    fn of(
        arm: &'a comparison::Arm,
        rounds: &'a Rounds<'a>,
        per: Per,
        limits: &'a Thresholds,
    ) -> Option<Self> {
        if per == Per::Start {
            return None;
        }
        let rows = arm.ledger.get(&metrics::cpu_time_per(per))?;
        let units = rounds.rounds.iter().map(|(_, round)| round.units(per));
        let units: f64 = units.sum();
        let cpu: f64 = rows.iter().map(|row| row.amount.value).sum();
        (units > 0.0 && cpu > 0.0).then_some(View {
            rounds,
            limits,
            rows,
            per,
            units,
            cpu,
        })
    }

    /// Returns a count of all rounds per unit.
    fn count(&self, of: impl Fn(&Recording) -> u64) -> f64 {
        let rounds = self.rounds.rounds.iter();
        rounds.map(|(_, round)| of(round) as f64).sum::<f64>() / self.units
    }

    /// Returns the rows that fit.
    fn rows(&self, fits: impl Fn(&LedgerRow) -> bool) -> Vec<&'a LedgerRow> {
        self.rows.iter().filter(|row| fits(row)).collect()
    }

    /// Cites a place in each round.
    fn cite(&self, place: impl Fn(&str) -> Evidence) -> Vec<Evidence> {
        self.rounds
            .rounds
            .iter()
            .map(|(path, _)| place(path))
            .collect()
    }
}

/// Returns value and count of rows together.
fn sum(rows: &[&LedgerRow]) -> (f64, f64) {
    let values = rows.iter().map(|row| row.amount.value);
    let counts = rows.iter().map(|row| row.amount.count);
    (values.sum(), counts.sum())
}

/// Returns the citations of rows.
fn cited(rows: &[&LedgerRow]) -> Vec<Evidence> {
    rows.iter()
        .flat_map(|row| row.evidence.iter().cloned())
        .collect()
}

#[cfg(test)]
mod tests;
