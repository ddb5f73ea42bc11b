//! Rows of a ledger, of a pair or of an arm alone.

use crate::clean::clean;
use recording::comparison::{Amount, LedgerRow, Pair, Term};
use recording::evidence::Evidence;
use recording::vocabulary::{CodeCategory, Role, TermKind};

/// The costly arm of a pair, and the direction of the difference.
pub struct Side<'a> {
    /// The arm with the higher value.
    pub costly: &'a str,
    /// 1 where arm b is the costly one, else −1.
    pub sign: f64,
    /// The difference b − a.
    pub gap: f64,
}

impl<'a> Side<'a> {
    /// Returns the side of a pair with this difference b − a.
    pub fn of(pair: &'a Pair, gap: f64) -> Self {
        let (costly, sign) = match gap {
            gap if gap < 0.0 => (pair.a.as_str(), -1.0),
            _ => (pair.b.as_str(), 1.0),
        };
        Side { costly, sign, gap }
    }
}

/// One row of a ledger, of a pair or of an arm alone.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub kind: TermKind,
    pub cause: &'a str,
    pub function: Option<&'a str>,
    pub role: Option<&'a Role>,
    /// The difference b − a, or the arm's value.
    pub value: f64,
    pub sampling_error: Option<f64>,
    /// Share of the difference that comes from the cost of each.
    pub unit_cost_effect: f64,
    /// Amount in the arm that the sentence is about.
    pub amount: Amount,
    /// Amount in the arm that it is compared with.
    pub reference: Option<Amount>,
    pub places: &'a [Evidence],
}

impl<'a> Entry<'a> {
    pub fn of_term(term: &'a Term) -> Self {
        Entry {
            kind: term.kind,
            cause: &term.cause,
            function: term.function.as_deref(),
            role: term.role.as_ref(),
            value: term.delta,
            sampling_error: term.sampling_error,
            unit_cost_effect: term.unit_cost_effect,
            amount: term.in_b,
            reference: Some(term.in_a),
            places: &term.evidence,
        }
    }

    pub fn of_row(row: &'a LedgerRow) -> Self {
        Entry {
            kind: row.kind,
            cause: &row.cause,
            function: row.function.as_deref(),
            role: row.role.as_ref(),
            value: row.amount.value,
            sampling_error: row.amount.sampling_error,
            unit_cost_effect: 0.0,
            amount: row.amount,
            reference: None,
            places: &row.evidence,
        }
    }

    /// Returns whether the row is user code without a name, whether or not its caller is known.
    pub fn is_unnamed(&self) -> bool {
        matches!(self.kind, TermKind::Code(category) if !category.is_named())
    }

    /// Returns whether a row of the ledger is a part of this sum over causes and roles.
    pub fn includes(&self, row: &Entry) -> bool {
        let dedicated = row.role.and_then(dedicated);
        match self.kind {
            kind if dedicated == Some(kind) => true,
            _ if dedicated.is_some() => false,
            TermKind::Gc => row.kind == TermKind::Code(CodeCategory::Gc),
            TermKind::Jit => row.kind == TermKind::Code(CodeCategory::Jit),
            // JavaScript is the program of its arm.
            TermKind::Code(CodeCategory::Application)
                if row.kind == TermKind::Code(CodeCategory::JavaScript) =>
            {
                true
            }
            TermKind::UserCode => row.kind.is_user_code() && !row.is_unnamed(),
            kind => row.kind == kind,
        }
    }

    /// Returns the row without a part of it, which is listed by itself.
    fn without(self, part: &Entry) -> Self {
        let subtract = |whole: Amount, part: Amount| Amount {
            value: whole.value - part.value,
            ..Amount::default()
        };
        let references = self.reference.zip(part.reference);
        Entry {
            value: self.value - part.value,
            sampling_error: None,
            amount: subtract(self.amount, part.amount),
            reference: references.map(|(whole, part)| subtract(whole, part)),
            ..self
        }
    }

    /// Returns the words for the row, safe to show.
    pub fn label(&self) -> String {
        match self.kind {
            TermKind::Unclassified => clean(self.cause),
            TermKind::UserCode => "user code with a name".into(),
            kind => kind.label().into(),
        }
    }
}

/// Returns the rows of a pair by kind. User code that is one kind is listed in several rows: the
/// part that has a name, and the parts that have none.
pub fn of_pair(pair: &Pair) -> Vec<Entry<'_>> {
    let rows = match pair.by_kind.is_empty() {
        true => &pair.terms,
        false => &pair.by_kind,
    };
    let by_cause = pair.by_cause.iter().map(Entry::of_term);
    let unnamed: Vec<Entry> = by_cause.filter(Entry::is_unnamed).collect();
    let mut entries: Vec<Entry> = rows.iter().map(Entry::of_term).collect();
    let whole = entries
        .iter_mut()
        .find(|entry| entry.kind == TermKind::UserCode);
    if let Some(whole) = whole {
        for part in &unnamed {
            *whole = whole.without(part);
        }
        entries.extend(unnamed);
    }
    entries
}

/// Returns the only work of threads of a role, as the analysis adds it up.
fn dedicated(role: &Role) -> Option<TermKind> {
    match role {
        role if role.is_gc() => Some(TermKind::Gc),
        role if role.is_jit() => Some(TermKind::Jit),
        Role::AllocatorScavenger => Some(TermKind::MemoryReturn),
        _ => None,
    }
}
