//! One difference as the rules see it: the costly arm compared with the baseline, and the rows that
//! no rule has claimed.

use super::rows::sum;
use crate::thresholds::Thresholds;
use crate::{arms::Rounds, kinds, pair_view::PairView};
use recording::comparison::{Amount, Term};
use recording::evidence::Rows;
use recording::format;
use recording::vocabulary::{Per, Role, SyscallClass, TermKind};
use recording::work::common_unit;
use recording::{Evidence, Recording};

/// A row of the ledger, seen from the costly arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    index: usize,
    /// Role of the threads, where there is one.
    pub role: Role,
    /// Kind of the row.
    pub kind: TermKind,
    /// The cause.
    pub cause: String,
    /// Amount that the costly arm takes more.
    pub delta: f64,
    /// Half the width of the 95 % interval of `delta` that sampling causes.
    pub sampling_error: Option<f64>,
    /// In the costly arm.
    pub costly: Amount,
    /// In the baseline.
    pub baseline: Amount,
}

impl Delta {
    fn new(index: usize, term: &Term, sign: f64) -> Self {
        let (costly, baseline) = if sign > 0.0 {
            (term.in_b, term.in_a)
        } else {
            (term.in_a, term.in_b)
        };
        Delta {
            index,
            role: term.role.clone().unwrap_or_default(),
            kind: term.kind,
            cause: term.cause.clone(),
            delta: sign * term.delta,
            sampling_error: term.sampling_error,
            costly,
            baseline,
        }
    }

    /// Returns the kind under which the row is added up with those of other arms.
    pub fn work(&self) -> TermKind {
        kinds::across_arms(Some(&self.role), self.kind)
    }

    /// Returns whether the row is system calls of a class, made by threads that have more than one
    /// job.
    pub fn is_of(&self, class: SyscallClass) -> bool {
        self.work() == TermKind::Syscall(class)
    }

    /// Returns the row with so much of its delta, at most all.
    pub fn part(&self, more: f64) -> Delta {
        self.with(more.min(self.delta))
    }

    fn with(&self, more: f64) -> Delta {
        let mut row = self.clone();
        row.costly.value = row.baseline.value + more;
        row.delta = more;
        row
    }
}

/// Rows that match a rule.
pub struct Match {
    /// The rows that the rule explains.
    pub rows: Vec<Delta>,
    /// Words about them in this pair: a sentence without its full stop.
    pub text: String,
    /// Further evidence.
    pub evidence: Vec<Evidence>,
}

impl Match {
    /// Returns a match that rests on its rows alone.
    pub fn of(rows: Vec<Delta>, text: String) -> Self {
        Match {
            rows,
            text,
            evidence: Vec::new(),
        }
    }
}

/// One difference.
pub struct Comparison<'a> {
    /// Metric and pair.
    pub view: &'a PairView<'a>,
    /// The arm that takes more.
    pub costly: &'a Rounds<'a>,
    /// The arm that takes less.
    pub baseline: &'a Rounds<'a>,
    /// Thresholds of rules.
    pub limits: &'a Thresholds,
    rows: Vec<Delta>,
}

impl<'a> Comparison<'a> {
    /// Returns the comparison of a metric and pair of arms.
    pub fn new(
        view: &'a PairView<'a>,
        [a, b]: [&'a Rounds<'a>; 2],
        limits: &'a Thresholds,
    ) -> Self {
        let b_is_costly = view.difference() > 0.0;
        let (costly, baseline, sign) = if b_is_costly {
            (b, a, 1.0)
        } else {
            (a, b, -1.0)
        };
        let terms = view.pair.terms.iter().enumerate();
        let rows = terms
            .map(|(index, term)| Delta::new(index, term, sign))
            .collect();
        Comparison {
            view,
            costly,
            baseline,
            limits,
            rows,
        }
    }

    /// Returns how much more the costly arm takes.
    pub fn gap(&self) -> f64 {
        self.view.difference().abs()
    }

    /// Returns the unclaimed rows that fit; `None` if together they cost nothing more.
    pub fn rows(&self, fits: impl Fn(&Delta) -> bool) -> Option<Vec<Delta>> {
        let rows: Vec<Delta> = self.rows.iter().filter(|row| fits(row)).cloned().collect();
        (rows.iter().map(|row| row.delta).sum::<f64>() > 0.0).then_some(rows)
    }

    /// Returns all unclaimed rows, also where together they cost nothing more.
    pub fn unclaimed(&self) -> &[Delta] {
        &self.rows
    }

    /// Returns the unclaimed rows of one kind.
    pub fn work(&self, kind: TermKind) -> Option<Vec<Delta>> {
        self.rows(|row| row.work() == kind)
    }

    /// Removes rows that have their cause. Of a row that has one in part, the rest stays.
    pub(super) fn claim(&mut self, rows: &[Delta]) {
        self.rows.retain_mut(|row| {
            let Some(taken) = rows.iter().find(|taken| taken.index == row.index) else {
                return true;
            };
            let rest = row.delta - taken.delta;
            *row = row.with(rest);
            rest != 0.0
        });
    }

    /// Cites a row.
    pub fn cite(&self, row: &Delta) -> Evidence {
        self.view.at.row(Rows::Terms, row.index)
    }

    /// Returns the unit that counts are per: the metric's, or the one that both arms have where the
    /// metric is a total.
    fn unit(&self) -> Per {
        match self.view.metric.per {
            Per::Total => {
                let rounds = self.costly.rounds.iter().chain(&self.baseline.rounds);
                common_unit(rounds.map(|(_, recording)| *recording))
            }
            per => per,
        }
    }

    /// Returns a number of an arm's recordings per unit of work, or per second without one.
    pub fn per(&self, arm: &Rounds<'_>, of: impl Fn(&Recording) -> u64) -> f64 {
        let unit = self.unit();
        let rounds = || arm.rounds.iter().map(|(_, recording)| *recording);
        let sum: f64 = rounds().map(|recording| of(recording) as f64).sum();
        let units: f64 = rounds().map(|recording| recording.units(unit)).sum();
        if units > 0.0 { sum / units } else { 0.0 }
    }

    /// Returns ` per token` where the metric is per token; nothing for totals.
    pub fn per_unit(&self) -> String {
        match self.view.metric.per {
            Per::Total => String::new(),
            per => format!(" per {per}"),
        }
    }

    /// Returns `3.10 syscalls per token against 0.400`, by the count of rows.
    pub fn counts(&self, events: &str, rows: &[Delta]) -> String {
        let count = |of: fn(&Delta) -> Amount| sum(rows, of).count;
        self.compared(events, count(|row| row.costly), count(|row| row.baseline))
    }

    /// Returns `3.10 syscalls per token against 0.400`, of any two numbers.
    pub fn compared(&self, events: &str, costly: f64, baseline: f64) -> String {
        let (unit, costly) = (self.unit(), format::number(costly));
        format!(
            "{costly} {events} per {unit} against {}",
            format::number(baseline)
        )
    }

    /// Returns `4.20 µs against 3.10 µs`, by the value of rows.
    pub fn values(&self, rows: &[Delta]) -> String {
        let unit = self.view.metric.unit;
        let text = |of: fn(&Delta) -> Amount| format::quantity(sum(rows, of).value, unit);
        format!(
            "{} against {}",
            text(|row| row.costly),
            text(|row| row.baseline)
        )
    }

    /// Cites the same place in every recording of both arms.
    pub fn cite_all(&self, place: impl Fn(&str) -> Evidence) -> Vec<Evidence> {
        let rounds = self.costly.rounds.iter().chain(&self.baseline.rounds);
        rounds.map(|(path, _)| place(path)).collect()
    }
}
