//! The statements about each topic.

use super::{Statement, Topic};
use crate::Input;
use crate::clean::{clean, clean_sentence, places};
use crate::section::{cause_stacks, check_sentence, is_statement};
use crate::verdict::{advice_of, interval, values, verdicts};
use recording::Evidence;
use recording::comparison::{Arm, Comparison, Metric, Pair, Verdict};
use recording::evidence::Rows;
use recording::format::{self, Scale};

/// Functions of a call stack that a statement names.
const INNERMOST: usize = 16;

/// Returns all statements about a topic.
pub fn about(input: &Input, topic: Topic) -> Vec<Statement> {
    let comparison = input.comparison;
    match topic {
        Topic::Verdict => of_verdict(comparison),
        Topic::Metrics => of_metrics(comparison),
        Topic::Findings => of_findings(comparison),
        Topic::Ledger => of_ledger(comparison),
        Topic::Waste => comparison.arms.iter().flat_map(of_waste).collect(),
        Topic::Functions => of_functions(comparison),
        Topic::Checks => of_checks(input),
    }
}

fn statement(id: impl Into<String>, text: String, evidence: &[Evidence]) -> Statement {
    Statement {
        id: id.into(),
        text,
        cites: places(evidence),
        more_cites: 0,
    }
}

fn of_verdict(comparison: &Comparison) -> Vec<Statement> {
    let mut all = Vec::new();
    for verdict in verdicts(comparison) {
        let id = verdict.metric.name();
        let headline = verdict.headline.trim_end_matches('.');
        let text = format!("{headline}: {}.", verdict.detail);
        all.push(statement(id, text, &verdict.evidence));
        for row in verdict.parts.iter().flat_map(|parts| &parts.rows) {
            let unit = verdict.parts.as_ref().map_or("", |parts| &parts.unit);
            let mut text = format!("{}: {} {unit}, {}", row.label, row.shown, row.share);
            if let Some(error) = &row.sampling_error {
                text = format!("{text} (sampling error ± {error})");
            }
            if !row.evidence.is_empty() {
                text = format!("{text}; {}", row.evidence);
            }
            // A sum of small rows is in no single place; the pair lists them.
            let places = [&row.places, &verdict.evidence];
            let cited = places.into_iter().find(|places| !places.is_empty());
            all.push(statement(id, text, cited.map_or(&[], Vec::as_slice)));
        }
        let notes = [
            verdict.coverage,
            verdict.what_to_try,
            verdict.observing_cost,
            verdict.unit,
        ];
        let notes = notes.into_iter().flatten().chain(verdict.packages);
        all.extend(notes.map(|note| statement(id, note, &verdict.evidence)));
    }
    all
}

fn of_metrics(comparison: &Comparison) -> Vec<Statement> {
    let mut all = Vec::new();
    for (at, metric) in comparison.metrics.iter().enumerate() {
        let id = metric.name.name();
        for (arm, estimate) in &metric.arms {
            let scale = Scale::of(metric.unit, [estimate.value]);
            let [low, high] = estimate.ci95.map(|end| scale.full(end));
            let value = scale.full(estimate.value);
            let text = format!(
                "{} of {}: {value} (95 % interval {low} to {high}).",
                metric.label(),
                clean(arm)
            );
            all.push(statement(id, text, &[Evidence::value(at, arm)]));
        }
        for (index, pair) in metric.pairs.iter().enumerate() {
            let place = Evidence::pair(at, index);
            all.push(statement(id, of_pair(metric, pair), &[place]));
        }
    }
    all
}

fn of_pair(metric: &Metric, pair: &Pair) -> String {
    let verdict = match pair.verdict {
        Verdict::Higher => "higher",
        Verdict::Lower => "lower",
        Verdict::Equivalent => "equivalent",
        Verdict::Inconclusive => "no verdict",
    };
    let (a, b) = (clean(&pair.a), clean(&pair.b));
    let ratio = format::ratio(pair.ratio);
    let range =
        interval(pair.ci95).map_or_else(String::new, |range| format!(" (95 % interval {range})"));
    let more = pair.more_rounds.map_or_else(String::new, |more| {
        format!("; about {more} more rounds resolve 5 %")
    });
    let label = metric.label();
    format!("{label} of {b} is {ratio} of {a}{range}: {verdict}{more}.")
}

fn of_findings(comparison: &Comparison) -> Vec<Statement> {
    let findings = comparison.findings.iter().enumerate();
    let all = findings.flat_map(|(at, finding)| {
        let text = [
            clean_sentence(&finding.title),
            clean_sentence(&finding.text),
            clean_sentence(&finding.meaning),
            advice_of(finding),
        ];
        let text: Vec<String> = text.into_iter().filter(|part| !part.is_empty()).collect();
        let text = statement(&finding.id, text.join(" — "), &finding.evidence);
        std::iter::once(text).chain(costliest_stack(comparison, at))
    });
    all.collect()
}

/// Returns the costliest call stack of a cause, with as many of its innermost functions as an
/// answer has room for.
fn costliest_stack(comparison: &Comparison, at: usize) -> Option<Statement> {
    let finding = &comparison.findings[at];
    let stacks = cause_stacks::stacks(comparison, finding).filter(|_| !is_statement(finding))?;
    let stack = stacks.items.first()?;
    let (top, functions) = stack.frames.split_at(stack.frames.len().min(2));
    let left_out = functions.len().saturating_sub(INNERMOST);
    let between = (left_out > 0).then(|| format!("… {left_out} frames …"));
    let frames = top.iter().cloned().chain(between);
    let frames: Vec<String> = frames
        .chain(functions[left_out..].iter().cloned())
        .collect();
    let text = format!("{}: {}: {}.", stacks.title, stack.cost, frames.join(" › "));
    Some(statement(
        &finding.id,
        text,
        &[Evidence::finding_stack(at, 0)],
    ))
}

/// Returns a statement for each row of each pair of CPU time; without a pair, for each row of the
/// arm.
fn of_ledger(comparison: &Comparison) -> Vec<Statement> {
    let metrics = comparison.metrics.iter().enumerate();
    let Some((at, metric)) = metrics.into_iter().find(|(_, it)| it.name.is_cpu_time()) else {
        return Vec::new();
    };
    if metric.pairs.is_empty() {
        let arms = comparison.arms.iter().enumerate();
        return arms.flat_map(|(at, arm)| of_arm(metric, at, arm)).collect();
    }
    let pairs = metric.pairs.iter().enumerate();
    pairs
        .flat_map(|(index, pair)| of_terms(metric, pair, Evidence::pair(at, index)))
        .collect()
}

fn of_terms(metric: &Metric, pair: &Pair, place: Evidence) -> Vec<Statement> {
    let scale = Scale::of(metric.unit, values(metric, pair));
    let unit = scale.per(metric.per.label());
    let (a, b) = (clean(&pair.a), clean(&pair.b));
    let terms = pair.terms.iter().enumerate();
    let mut all: Vec<Statement> = terms
        .map(|(row, term)| {
            let function = term.function.as_ref();
            let function =
                function.map_or_else(String::new, |it| format!(", most in {}", clean(it)));
            let role = term.role.as_ref().map_or("", |role| role.label());
            let text = format!(
                "{b} − {a}: {} {unit} in {} ({}, {role}{function}); {} by count, {} by unit cost",
                scale.signed(term.delta),
                clean(&term.cause),
                term.kind.label(),
                scale.signed(term.count_effect),
                scale.signed(term.unit_cost_effect),
            );
            statement(term.kind.name(), text, &[place.row(Rows::Terms, row)])
        })
        .collect();
    let text = format!(
        "{b} − {a}: {} {unit} in no row",
        scale.signed(pair.unexplained)
    );
    all.push(statement("unexplained", text, &[place]));
    all
}

fn of_arm(metric: &Metric, at: usize, arm: &Arm) -> Vec<Statement> {
    let rows = arm.ledger.get(&metric.name).map_or(&[][..], Vec::as_slice);
    let scale = Scale::of(metric.unit, rows.iter().map(|row| row.amount.value));
    let unit = scale.per(metric.per.label());
    let name = clean(&arm.arm);
    let rows = rows.iter().enumerate().map(|(row, found)| {
        let role = found.role.as_ref().map_or("", |role| role.label());
        let text = format!(
            "{name}: {} {unit} in {} ({}, {role})",
            scale.show(found.amount.value),
            clean(&found.cause),
            found.kind.label(),
        );
        let place = Evidence::arm_row(at, metric.name, row);
        statement(found.kind.name(), text, &[place])
    });
    rows.collect()
}

fn of_waste(arm: &Arm) -> Vec<Statement> {
    let waste = arm.waste.iter().map(|waste| {
        let text = format!(
            "{}: {} {} ({} of its CPU time)",
            clean(&arm.arm),
            clean_sentence(&waste.text),
            clean_sentence(&waste.advice),
            format::percent_tenths(waste.share)
        );
        statement(waste.id.name(), text, &waste.evidence)
    });
    waste.collect()
}

fn of_functions(comparison: &Comparison) -> Vec<Statement> {
    let mut all = Vec::new();
    for (at, arm) in comparison.arms.iter().enumerate() {
        let name = clean(&arm.arm);
        for (index, function) in arm.functions.iter().enumerate() {
            let text = format!(
                "{name}: {} of user time in {}",
                format::percent_tenths(function.share),
                clean(function.label())
            );
            let cites = vec![format!("comparison#/arms/{at}/functions/{index}")];
            all.push(Statement {
                id: "function".into(),
                text,
                cites,
                more_cites: 0,
            });
        }
    }
    all
}

fn of_checks(input: &Input) -> Vec<Statement> {
    let reasons = input.comparison.validity.reasons.iter().enumerate();
    let mut all: Vec<Statement> = reasons
        .map(|(at, reason)| Statement {
            id: "invalid".into(),
            text: clean_sentence(reason),
            cites: vec![format!("comparison#/validity/reasons/{at}")],
            more_cites: 0,
        })
        .collect();
    for (path, recording) in input.recordings {
        for (at, check) in recording.checks.iter().enumerate() {
            let result = if check.ok { "holds" } else { "failed" };
            all.push(Statement {
                id: clean(&check.name),
                text: format!("{result}: {}", check_sentence(check)),
                cites: vec![format!("{}#/checks/{at}", clean(path))],
                more_cites: 0,
            });
        }
    }
    all
}
