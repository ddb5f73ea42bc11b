//! The verdict: who costs more, by how much, how sure, and where the difference goes.

use super::causes::is_statement;
use super::finding_text::item;
use crate::Input;
use crate::arms::Arms;
use crate::auto_rounds;
use crate::clean::places;
use crate::document::{Block, Cell, Headline, Section, Tab, Table, Tabs, Tone};
use crate::verdict::{self, Parts, Verdict};
use recording::comparison::{Comparison, Finding};
use recording::vocabulary::MetricId;

/// The rule that states a difference.
const DIFFERENCE: &str = "difference";

/// Returns the verdicts, then differences in other metrics.
pub fn section(input: &Input, arms: &Arms) -> Section {
    let comparison = input.comparison;
    let first = arms.list.first().map_or("", |arm| arm.key);
    let first_name = arms.names().next().unwrap_or_default();
    let verdicts = verdict::verdicts(comparison);
    let mut blocks = Vec::new();
    if verdicts.is_empty() && !arms.list.is_empty() {
        let text = "No verdict: no metric has a value in two arms.";
        blocks.push(Block::paragraph(text));
    }
    blocks.extend(super::cards::block(input, arms));
    let other_names = arms.names().skip(1).chain(std::iter::repeat(""));
    let tabs = verdicts.into_iter().zip(other_names);
    let tabs = tabs.enumerate().map(|(at, (verdict, other))| Tab {
        id: format!("verdict-{}", at + 1),
        title: format!("{other} against {first_name}"),
        page_only: false,
        blocks: vec![Block::Headlines {
            lines: vec![headline(verdict)],
        }],
    });
    blocks.extend(Tabs::block("Pair of arms", tabs.collect()));
    let auto = comparison.auto_rounds.as_ref();
    blocks.extend(auto.map(|auto| Block::paragraph(format!("{}.", auto_rounds::sentence(auto)))));
    blocks.extend(super::load::receivers(arms).map(Block::paragraph));
    blocks.extend(others(comparison, first));
    Section {
        id: "verdict",
        title: "Verdict",
        lead: String::new(),
        blocks,
    }
}

fn headline(verdict: Verdict) -> Headline {
    let notes = verdict.coverage.into_iter().chain(verdict.packages);
    let notes = notes.chain(verdict.what_to_try);
    Headline {
        text: verdict.headline,
        detail: verdict.detail,
        table: verdict.parts.map(table),
        notes: notes
            .chain(verdict.observing_cost)
            .chain(verdict.unit)
            .collect(),
        evidence: places(&verdict.evidence),
    }
}

fn table(parts: Parts) -> Table {
    let title = parts.title;
    let mut table = Table::new(title.clone())
        .words(title)
        .number(parts.unit)
        .number("share")
        .words("evidence");
    for row in parts.rows {
        let tone = if row.unexplained {
            Tone::Unexplained
        } else {
            Tone::Plain
        };
        let evidence = Cell {
            text: row.evidence,
            evidence: places(&row.places),
            ..Cell::default()
        };
        let error = row.sampling_error;
        let note = error.map_or(String::new(), |error| format!("± {error}"));
        let value = Cell::from(row.shown).with_note(note);
        table.row(
            tone,
            vec![row.label.into(), value, row.share.into(), evidence],
        );
    }
    table
}

/// Returns differences from the first arm in other metrics; metrics without a difference and other
/// pairs are folded.
fn others(comparison: &Comparison, first: &str) -> Vec<Block> {
    let main = verdict::main_metric(comparison).map(|(_, metric)| metric.name);
    let statements = comparison.findings.iter();
    let statements = statements.filter(|finding| is_statement(finding));
    let shown = |finding: &&Finding| finding.id == DIFFERENCE && is_against(finding, first);
    let (shown, rest): (Vec<_>, Vec<_>) = statements.partition(shown);
    // The headlines are the differences in the main metric.
    let in_main = |metric: MetricId| Some(metric) == main;
    let items: Vec<_> = shown
        .into_iter()
        .filter(|finding| !in_main(finding.metric))
        .map(item)
        .collect();
    let rest: Vec<_> = rest.into_iter().map(item).collect();
    let mut blocks = Vec::new();
    if !items.is_empty() {
        let text = "Other differences".into();
        blocks.extend([Block::Heading { text }, Block::Findings { items }]);
    }
    if !rest.is_empty() {
        blocks.push(Block::Fold {
            title: "No difference, no verdict, and other pairs".into(),
            blocks: vec![Block::Findings { items: rest }],
        });
    }
    blocks
}

/// Returns whether the finding compares an arm with `first`.
fn is_against(finding: &Finding, first: &str) -> bool {
    let pair = finding.pair.as_ref();
    pair.is_some_and(|[a, _]| a == first)
}
