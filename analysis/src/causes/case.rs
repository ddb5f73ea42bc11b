//! One difference as the rules see it: the dearer arm against the cheaper one, and the rows nobody has claimed yet.

use crate::{arms::Rounds, findings::Story, kinds, ledger::sampling};
use recording::comparison::{Amount, Term};
use recording::evidence::Rows;
use recording::format;
use recording::vocabulary::{Per, Role, SyscallClass, TermKind, Unit};
use recording::{Evidence, Recording};
use std::collections::{BTreeMap, BTreeSet};

/// A row of the ledger, seen from the dearer arm.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    index: usize,
    /// Role of the threads, where there is one.
    pub role: Role,
    /// Kind of the row.
    pub kind: TermKind,
    /// The cause.
    pub cause: String,
    /// What the dearer arm takes more.
    pub more: f64,
    /// How far `more` may be off because it was sampled.
    pub sampling_error: Option<f64>,
    /// In the dearer arm.
    pub dear: Amount,
    /// In the cheaper arm.
    pub cheap: Amount,
}

impl Row {
    fn new(index: usize, term: &Term, sign: f64) -> Self {
        let (dear, cheap) = if sign > 0.0 {
            (term.in_b, term.in_a)
        } else {
            (term.in_a, term.in_b)
        };
        Row {
            index,
            role: term.role.clone().unwrap_or_default(),
            kind: term.kind,
            cause: term.cause.clone(),
            more: sign * term.delta,
            sampling_error: term.sampling_error,
            dear,
            cheap,
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

    /// The row with so much of what it takes more, at most all.
    pub fn part(&self, more: f64) -> Row {
        self.with(more.min(self.more))
    }

    fn with(&self, more: f64) -> Row {
        let mut row = self.clone();
        row.dear.value = row.cheap.value + more;
        row.more = more;
        row
    }
}

/// What a rule found.
pub struct Hit {
    /// The rows that it explains.
    pub rows: Vec<Row>,
    /// What they say in this case: a sentence without its full stop.
    pub text: String,
    /// What else it rests on.
    pub evidence: Vec<Evidence>,
}

impl Hit {
    /// Rests on its rows alone.
    pub fn of(rows: Vec<Row>, text: String) -> Self {
        Hit {
            rows,
            text,
            evidence: Vec::new(),
        }
    }
}

/// One difference.
pub struct Case<'a> {
    /// Metric and pair.
    pub story: &'a Story<'a>,
    /// The arm that takes more.
    pub dear: &'a Rounds<'a>,
    /// The arm that takes less.
    pub cheap: &'a Rounds<'a>,
    rows: Vec<Row>,
}

impl<'a> Case<'a> {
    /// Of a metric and pair of arms.
    pub fn new(story: &'a Story<'a>, a: &'a Rounds<'a>, b: &'a Rounds<'a>) -> Self {
        let b_is_dear = story.difference() > 0.0;
        let (dear, cheap, sign) = if b_is_dear { (b, a, 1.0) } else { (a, b, -1.0) };
        let terms = story.pair.terms.iter().enumerate();
        let rows = terms
            .map(|(index, term)| Row::new(index, term, sign))
            .collect();
        Case {
            story,
            dear,
            cheap,
            rows,
        }
    }

    /// How much more the dearer arm takes.
    pub fn gap(&self) -> f64 {
        self.story.difference().abs()
    }

    /// The rows nobody has claimed that fit; `None` if together they make nothing dearer.
    pub fn rows(&self, fits: impl Fn(&Row) -> bool) -> Option<Vec<Row>> {
        let rows: Vec<Row> = self.rows.iter().filter(|row| fits(row)).cloned().collect();
        (rows.iter().map(|row| row.more).sum::<f64>() > 0.0).then_some(rows)
    }

    /// All rows that nobody has claimed, also where together they make nothing dearer.
    pub fn unclaimed(&self) -> &[Row] {
        &self.rows
    }

    /// The rows of one kind of work.
    pub fn work(&self, kind: TermKind) -> Option<Vec<Row>> {
        self.rows(|row| row.work() == kind)
    }

    /// Takes rows out: they have their cause. Of a row that has one in part, the rest stays.
    pub(super) fn take(&mut self, rows: &[Row]) {
        self.rows.retain_mut(|row| {
            let Some(taken) = rows.iter().find(|taken| taken.index == row.index) else {
                return true;
            };
            let rest = row.more - taken.more;
            *row = row.with(rest);
            rest != 0.0
        });
    }

    /// The citation of a row.
    pub fn cite(&self, row: &Row) -> Evidence {
        self.story.at.row(Rows::Terms, row.index)
    }

    /// Something of an arm's recordings per token (per second, without tokens).
    pub fn per(&self, arm: &Rounds<'_>, of: impl Fn(&Recording) -> u64) -> f64 {
        let by_token = self.story.metric.per != Per::Second;
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
        if self.story.metric.per == Per::Second {
            "a second"
        } else {
            "a token"
        }
    }

    /// `3.10 calls a token where go has 0.400`.
    pub fn counts(&self, what: &str, rows: &[Row]) -> String {
        self.compared(
            what,
            sum(rows, |row| row.dear).count,
            sum(rows, |row| row.cheap).count,
        )
    }

    /// The same, of any two numbers.
    pub fn compared(&self, what: &str, dear: f64, cheap: f64) -> String {
        format!(
            "{} has {} {what} {} where {} has {}",
            self.dear.arm,
            format::number(dear),
            self.a_unit(),
            self.cheap.arm,
            format::number(cheap)
        )
    }

    /// A value of both arms: `go 3.1 µs, bun 4.2 µs`.
    pub fn values(&self, rows: &[Row]) -> String {
        let text = |amount: Amount| format::quantity(amount.value, self.story.metric.unit);
        format!(
            "{} {}, {} {}",
            self.dear.arm,
            text(sum(rows, |row| row.dear)),
            self.cheap.arm,
            text(sum(rows, |row| row.cheap))
        )
    }

    /// The same place in every recording of both arms.
    pub fn cite_all(&self, place: impl Fn(&str) -> Evidence) -> Vec<Evidence> {
        let rounds = self.dear.rounds.iter().chain(&self.cheap.rounds);
        rounds.map(|(path, _)| place(path)).collect()
    }
}

/// Each role that has rows, once.
pub fn roles<'a>(rows: impl IntoIterator<Item = &'a Row>) -> BTreeSet<&'a Role> {
    rows.into_iter().map(|row| &row.role).collect()
}

/// Rows added up.
pub fn sum(rows: &[Row], of: impl Fn(&Row) -> Amount) -> Amount {
    rows.iter()
        .map(of)
        .fold(Amount::default(), |one, other| Amount {
            value: one.value + other.value,
            count: one.count + other.count,
            sampling_error: sampling::together(one.sampling_error, other.sampling_error),
        })
}

/// The user-code rows of roles that make more of certain calls, or faults, and whose user code, all together, is dearer by less than `most_ns` for
/// each: it is what runs around them. More than that may be anything.
pub fn around_calls(rows: &[Row], is_call: impl Fn(&Row) -> bool, most_ns: f64) -> Vec<Row> {
    // Collectors and compilers do not run around calls.
    let is_user = |row: &Row| kinds::across_arms(None, row.kind) == TermKind::UserCode;
    let is_around = |role: &Role| {
        let own = || rows.iter().filter(|row| row.role == *role);
        let calls = own().filter(|row| is_call(row));
        let more: f64 = calls.map(|row| row.dear.count - row.cheap.count).sum();
        let user: f64 = own().filter(|row| is_user(row)).map(|row| row.more).sum();
        user > 0.0 && user < most_ns * more
    };
    let rows = rows
        .iter()
        .filter(|row| is_user(row) && is_around(&row.role));
    rows.cloned().collect()
}

/// Whether most of what the rows make dearer, all together, comes from their count.
pub fn is_by_count(rows: &[Row]) -> bool {
    let more: f64 = rows.iter().map(|row| row.more).sum();
    let (dear, cheap) = (sum(rows, |row| row.dear), sum(rows, |row| row.cheap));
    crate::ledger::count_effect(cheap, dear) > more / 2.0
}

/// The largest causes among rows, where there are several: `; most of it sendto (3.1 µs)`.
pub fn largest(rows: &[Row], unit: Unit) -> String {
    let mut causes = BTreeMap::<&str, f64>::new();
    for row in rows {
        *causes.entry(&row.cause).or_default() += row.more;
    }
    let mut causes: Vec<_> = causes.into_iter().collect();
    causes.sort_by(|one, other| other.1.total_cmp(&one.1));
    let dearer = causes.iter().filter(|(_, more)| *more > 0.0).take(3);
    let told: Vec<String> = dearer
        .map(|(cause, more)| format!("{cause} ({})", format::quantity(*more, unit)))
        .collect();
    // A single cause has been named already where it says the same as its kind of work.
    let is_syscall = rows.iter().any(|row| row.kind.is_syscall());
    if causes.len() == 1 && !is_syscall {
        return String::new();
    }
    format!("; most of it {}", told.join(", "))
}
