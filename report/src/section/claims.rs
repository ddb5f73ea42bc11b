//! Claims of others, tested.

use crate::Input;
use crate::clean::{clean_sentence, places};
use crate::document::{Cell, Section, Table, Tone};
use recording::comparison::{Claim, ClaimVerdict};

/// Returns the claims with their measurements; nothing if none was tested.
pub fn section(input: &Input) -> Option<Section> {
    let claims = &input.comparison.claims;
    let mut table = Table::new("Claims of others, and the measurement here")
        .words("Claim")
        .words("Verdict")
        .words("Measured")
        .words("Source");
    claims
        .iter()
        .for_each(|claim| table.row(Tone::Plain, row(claim)));
    (!claims.is_empty()).then(|| Section {
        id: "claims",
        title: "Claims tested",
        lead: String::new(),
        blocks: vec![table.block()],
    })
}

fn row(claim: &Claim) -> Vec<Cell> {
    let verdict = match claim.verdict {
        ClaimVerdict::Confirmed => "confirmed",
        ClaimVerdict::Refuted => "refuted",
        ClaimVerdict::Inconclusive => "inconclusive",
        ClaimVerdict::NotTested => "not tested",
    };
    let measured = Cell {
        text: clean_sentence(&claim.measured),
        evidence: places(&claim.evidence),
        ..Cell::default()
    };
    vec![
        clean_sentence(&claim.text).into(),
        verdict.into(),
        measured,
        clean_sentence(&claim.source).into(),
    ]
}
