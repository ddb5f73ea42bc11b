//! One difference as the rules see it: the costly arm compared with the baseline, and the rows that no rule has claimed.

use crate::thresholds::Thresholds;
use crate::{arms::Rounds, kinds, ledger::sampling, pair_view::PairView};
use recording::comparison::{Amount, Term};
use recording::evidence::Rows;
use recording::format;
use recording::vocabulary::{Per, Role, SyscallClass, TermKind, Unit};
use recording::{Evidence, Recording};
use std::collections::{BTreeMap, BTreeSet};

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

    /// Returns whether the row is system calls of a class, made by threads that have more than one job.
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
    /// The rows that it explains.
    pub rows: Vec<Delta>,
    /// What they say in this pair: a sentence without its full stop.
    pub text: String,
    /// What else it rests on.
    pub evidence: Vec<Evidence>,
}

impl Match {
    /// Rests on its rows alone.
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
    /// Of a metric and pair of arms.
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

    /// The citation of a row.
    pub fn cite(&self, row: &Delta) -> Evidence {
        self.view.at.row(Rows::Terms, row.index)
    }

    /// Something of an arm's recordings per token (per second, without tokens).
    pub fn per(&self, arm: &Rounds<'_>, of: impl Fn(&Recording) -> u64) -> f64 {
        let by_token = self.view.metric.per != Per::Second;
        let over = |recording: &Recording| {
            if by_token {
                recording.tokens() as f64
            } else {
                recording.window.duration_ns as f64 / 1e9
            }
        };
        let sum: f64 = arm
            .rounds
            .iter()
            .map(|(_, recording)| of(recording) as f64)
            .sum();
        let unit: f64 = arm
            .rounds
            .iter()
            .map(|(_, recording)| over(recording))
            .sum();
        if unit > 0.0 { sum / unit } else { 0.0 }
    }

    /// What [`Self::per`] is per, for sentences: `a token`.
    pub fn a_unit(&self) -> &'static str {
        if self.view.metric.per == Per::Second {
            "a second"
        } else {
            "a token"
        }
    }

    /// `3.10 calls a token where go has 0.400`.
    pub fn counts(&self, what: &str, rows: &[Delta]) -> String {
        self.compared(
            what,
            sum(rows, |row| row.costly).count,
            sum(rows, |row| row.baseline).count,
        )
    }

    /// The same, of any two numbers.
    pub fn compared(&self, what: &str, costly: f64, baseline: f64) -> String {
        format!(
            "{} has {} {what} {} where {} has {}",
            self.costly.arm,
            format::number(costly),
            self.a_unit(),
            self.baseline.arm,
            format::number(baseline)
        )
    }

    /// A value of both arms: `go 3.1 µs, bun 4.2 µs`.
    pub fn values(&self, rows: &[Delta]) -> String {
        let text = |amount: Amount| format::quantity(amount.value, self.view.metric.unit);
        format!(
            "{} {}, {} {}",
            self.costly.arm,
            text(sum(rows, |row| row.costly)),
            self.baseline.arm,
            text(sum(rows, |row| row.baseline))
        )
    }

    /// The same place in every recording of both arms.
    pub fn cite_all(&self, place: impl Fn(&str) -> Evidence) -> Vec<Evidence> {
        let rounds = self.costly.rounds.iter().chain(&self.baseline.rounds);
        rounds.map(|(path, _)| place(path)).collect()
    }
}

/// Each role that has rows, once.
pub fn roles<'a>(rows: impl IntoIterator<Item = &'a Delta>) -> BTreeSet<&'a Role> {
    rows.into_iter().map(|row| &row.role).collect()
}

/// Rows added up.
pub fn sum(rows: &[Delta], of: impl Fn(&Delta) -> Amount) -> Amount {
    rows.iter()
        .map(of)
        .fold(Amount::default(), |one, other| Amount {
            value: one.value + other.value,
            count: one.count + other.count,
            sampling_error: sampling::together(one.sampling_error, other.sampling_error),
        })
}

/// Returns the user-code rows of roles that make more of certain calls, or faults, and whose user code, all together, costs
/// less than `most_ns` more for each: it is the code around them. More than that may be anything.
pub fn surrounding_code(
    rows: &[Delta],
    is_call: impl Fn(&Delta) -> bool,
    most_ns: f64,
) -> Vec<Delta> {
    // Collectors and compilers do not run around calls.
    let is_user = |row: &Delta| kinds::across_arms(None, row.kind) == TermKind::UserCode;
    let is_around = |role: &Role| {
        let own = || rows.iter().filter(|row| row.role == *role);
        let calls = own().filter(|row| is_call(row));
        let more: f64 = calls.map(|row| row.costly.count - row.baseline.count).sum();
        let user: f64 = own().filter(|row| is_user(row)).map(|row| row.delta).sum();
        user > 0.0 && user < most_ns * more
    };
    let rows = rows
        .iter()
        .filter(|row| is_user(row) && is_around(&row.role));
    rows.cloned().collect()
}

/// Returns whether most of the rows' delta, all together, comes from their count.
pub fn is_by_count(rows: &[Delta]) -> bool {
    let more: f64 = rows.iter().map(|row| row.delta).sum();
    let (costly, baseline) = (sum(rows, |row| row.costly), sum(rows, |row| row.baseline));
    crate::ledger::count_effect(baseline, costly) > more / 2.0
}

/// The largest causes among rows, where there are several: `; most of it sendto (3.1 µs)`.
pub fn largest(rows: &[Delta], unit: Unit) -> String {
    let mut causes = BTreeMap::<&str, f64>::new();
    for row in rows {
        *causes.entry(&row.cause).or_default() += row.delta;
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|one, other| other.1.total_cmp(&one.1));
    let costly = causes.iter().filter(|(_, more)| *more > 0.0).take(3);
    let told: Vec<String> = costly
        .map(|(cause, more)| format!("{cause} ({})", format::quantity(*more, unit)))
        .collect();
    // A single cause has been named already where it says the same as its kind of work.
    let is_syscall = rows.iter().any(|row| row.kind.is_syscall());
    if causes.len() == 1 && !is_syscall {
        return String::new();
    }
    format!("; most of it {}", told.join(", "))
}
