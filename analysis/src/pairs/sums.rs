//! Rows added up over roles: by cause, and by kind.

use super::{Fixed, Measured, by_size};
use crate::kinds;
use crate::ledger::sampling;
use crate::thresholds::{Limit, Thresholds};
use recording::Evidence;
use recording::comparison::{LedgerRow, Term};
use recording::evidence::Rows;
use recording::vocabulary::{Role, TermKind};
use std::collections::BTreeMap;

/// Kind and cause under which rows are added up.
type Name = (TermKind, String);

impl Measured<'_> {
    /// Adds up the terms of a pair by cause; `at` cites the pair.
    pub(super) fn by_cause(&self, terms: &[Term], at: &Evidence) -> Vec<Term> {
        self.sum_terms(terms, at, |term| (term.kind, term.cause.clone()))
    }

    /// Adds up the terms of a pair by kind; `at` cites the pair. User code is one kind unless both
    /// arms have names for most of it.
    pub(super) fn by_kind(&self, terms: &[Term], at: &Evidence) -> Vec<Term> {
        if has_names(terms) {
            return self.sum_terms(terms, at, |term| of_category(term.role.as_ref(), term.kind));
        }
        self.sum_terms(terms, at, |term| of_kind(term.role.as_ref(), term.kind))
    }

    fn sum_terms(&self, terms: &[Term], at: &Evidence, name: fn(&Term) -> Name) -> Vec<Term> {
        let mut sums: BTreeMap<Name, ([Sum; 2], Vec<Evidence>)> = BTreeMap::new();
        for (index, term) in terms.iter().enumerate() {
            let ([in_a, in_b], evidence) = sums.entry(name(term)).or_default();
            in_a.add(self.fixed(term.in_a), term.kind, term.role.as_ref());
            in_b.add(self.fixed(term.in_b), term.kind, term.role.as_ref());
            evidence.push(at.row(Rows::Terms, index));
        }
        let sums = sums.into_iter();
        let terms = sums.map(|((kind, cause), ([a, b], evidence))| Term {
            kind,
            cause,
            evidence,
            ..self.term(a.sum, b.sum)
        });
        let mut terms: Vec<Term> = terms.collect();
        terms.sort_by(by_size);
        terms
    }

    /// Adds up an arm's own rows by cause; `at` cites a row.
    pub(super) fn arm_by_cause(
        &self,
        rows: &[LedgerRow],
        at: impl Fn(usize) -> Evidence,
    ) -> Vec<LedgerRow> {
        self.sum_rows(rows, at, |row| (row.kind, row.cause.clone()))
    }

    /// Adds up an arm's own rows by kind, user code by category; `at` cites a row.
    pub(super) fn arm_by_kind(
        &self,
        rows: &[LedgerRow],
        at: impl Fn(usize) -> Evidence,
    ) -> Vec<LedgerRow> {
        self.sum_rows(rows, at, |row| of_category(row.role.as_ref(), row.kind))
    }

    fn sum_rows(
        &self,
        rows: &[LedgerRow],
        at: impl Fn(usize) -> Evidence,
        name: fn(&LedgerRow) -> Name,
    ) -> Vec<LedgerRow> {
        let mut sums: BTreeMap<Name, (Sum, Vec<Evidence>)> = BTreeMap::new();
        for (index, row) in rows.iter().enumerate() {
            let (sum, evidence) = sums.entry(name(row)).or_default();
            sum.add(self.fixed(row.amount), row.kind, row.role.as_ref());
            evidence.push(at(index));
        }
        let sums = sums.into_iter();
        let rows = sums.map(|((kind, cause), (sum, evidence))| LedgerRow {
            kind,
            cause,
            amount: self.amount(sum.sum),
            evidence,
            ..LedgerRow::default()
        });
        let mut rows: Vec<LedgerRow> = rows.collect();
        rows.sort_by(|one, other| other.amount.value.total_cmp(&one.amount.value));
        rows
    }
}

fn of_kind(role: Option<&Role>, kind: TermKind) -> Name {
    let kind = kinds::across_arms(role, kind);
    (kind, kind.label().into())
}

fn of_category(role: Option<&Role>, kind: TermKind) -> Name {
    let kind = kinds::by_category(role, kind);
    (kind, kind.label().into())
}

/// Returns whether both arms have names for most of their user code. Otherwise code without a name
/// may hold most of a category, which would look like a saving of that arm.
fn has_names(terms: &[Term]) -> bool {
    let most = Thresholds::default()[Limit::UnnamedShare];
    let is_user = |term: &&Term| kinds::across_arms(None, term.kind) == TermKind::UserCode;
    let user = || terms.iter().filter(is_user);
    let values: [fn(&Term) -> f64; 2] = [|term| term.in_a.value, |term| term.in_b.value];
    values.iter().all(|value| {
        let nameless = user().filter(|term| !kinds::is_named(term.kind));
        nameless.map(value).sum::<f64>() <= most * user().map(value).sum::<f64>()
    })
}

/// Rows of one arm added up.
#[derive(Default)]
struct Sum {
    sum: Fixed,
    /// Wake-ups counted so far, by role.
    wakeups: BTreeMap<Option<Role>, f64>,
}

impl Sum {
    fn add(&mut self, amount: Fixed, kind: TermKind, role: Option<&Role>) {
        let mut count = amount.count;
        if kind.is_user_code() {
            // All user code of a role counts the same wake-ups, so a sum counts them once.
            let seen = self.wakeups.entry(role.cloned()).or_default();
            count = (count - *seen).max(0.0);
            *seen += count;
        }
        self.sum = Fixed {
            value: self.sum.value + amount.value,
            count: self.sum.count + count,
            sampling_error: sampling::together(self.sum.sampling_error, amount.sampling_error),
        };
    }
}
