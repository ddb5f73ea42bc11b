//! User code by package, of each arm and of each pair.

use crate::Input;
use crate::arms::Arms;
use crate::clean::{clean, places};
use crate::document::{Block, Cell, Section, Table, Tone};
use recording::comparison::{PackageCosts, PackageDelta, PackageKind, PackagePair, PackageRow};
use recording::format::{self, Scale, percent_tenths};
use recording::vocabulary::Unit;

/// Rows of a pair that are listed before the others are folded away.
const FIRST: usize = 12;

const LEAD: &str = "Each sample of user code belongs to the innermost function on its stack that has a package; the standard \
library of a language is no package, so its time belongs to the package that called it. Code that no package called is a row of the \
runtime or of the library. Together the rows are the user code of the ledger. \"With what it calls\" is the CPU time of all \
stacks with the package, system calls and page faults included; such times overlap. ±: the 95 % interval that sampling causes.";

/// A paragraph, since a terminal prints no lead.
const INSTRUMENTED: &str = "* Shares of an instrumented round, in which the runtime wrote symbols of compiled code, applied to the \
user code of the measured rounds.";

/// Returns a table of each arm, and differences from the first arm; nothing where no package is
/// known.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison;
    let known = comparison.arms.iter().filter_map(|arm| {
        let costs = arm.packages.as_ref()?;
        Some(of_arm(&clean(&arm.arm), costs))
    });
    let mut blocks: Vec<Block> = known.flatten().collect();
    let first = arms.list.first().map_or("", |arm| arm.key);
    for pair in &comparison.package_pairs {
        let table = of_pair(pair, &clean(&pair.a), &clean(&pair.b));
        blocks.extend(match pair.a == first {
            true => table,
            false => vec![Block::Fold {
                title: format!("{} against {}: by package", clean(&pair.b), clean(&pair.a)),
                blocks: table,
            }],
        });
    }
    let arms = comparison.arms.iter();
    let mut costs = arms.filter_map(|arm| arm.packages.as_ref());
    if costs.any(|costs| costs.instrumented_samples > 0) {
        blocks.insert(0, Block::paragraph(INSTRUMENTED));
    }
    (!blocks.is_empty()).then(|| Section {
        id: "packages",
        title: "User code by package",
        lead: LEAD.into(),
        blocks,
    })
}

fn of_arm(arm: &str, costs: &PackageCosts) -> Vec<Block> {
    let scale = Scale::of(Unit::Ns, [costs.user]);
    let unit = scale.per(costs.per.label());
    let samples = format::count(costs.samples);
    let mut table = Table::new(format!("{arm}: user code by package, {samples} samples"))
        .words("Package")
        .number(unit)
        .number("share")
        .number("±")
        .number("with what it calls")
        .number("samples")
        .page_only("evidence");
    for row in &costs.rows {
        table.row(tone(row.kind), cells(row, &scale));
    }
    let total = [
        "user code".into(),
        scale.show(costs.user),
        String::new(),
        String::new(),
        String::new(),
        samples,
    ];
    let mut total: Vec<Cell> = total.map(Cell::from).into();
    total.push(Cell {
        evidence: places(&costs.evidence),
        ..Cell::default()
    });
    table.row(Tone::Total, total);
    vec![table.block()]
}

fn cells(row: &PackageRow, scale: &Scale) -> Vec<Cell> {
    let [low, high] = row.own.ci95.map(|end| scale.show(end));
    let interval = match low == high {
        true => String::new(),
        false => format!("{low}–{high}"),
    };
    let with_callees = row.with_callees;
    vec![
        name(&row.package, row.instrumented != 0.0).into(),
        Cell::from(scale.show(row.own.value)).with_note(interval),
        percent_tenths(row.share).into(),
        scale.show(row.sampling_error).into(),
        with_callees
            .map_or(format::NONE.into(), |value| scale.show(value))
            .into(),
        format::count(row.samples).into(),
        Cell::default(),
    ]
}

/// Returns the name of a package, marked where shares of an instrumented round are part of it.
fn name(package: &str, instrumented: bool) -> String {
    let mark = if instrumented { " *" } else { "" };
    format!("{}{mark}", clean(package))
}

fn tone(kind: PackageKind) -> Tone {
    match kind {
        PackageKind::Unknown | PackageKind::NoSample => Tone::Unexplained,
        _ => Tone::Plain,
    }
}

fn of_pair(pair: &PackagePair, a: &str, b: &str) -> Vec<Block> {
    let values = pair.rows.iter().flat_map(|row| [row.in_a, row.in_b]);
    let scale = Scale::of(Unit::Ns, values.chain([pair.delta]));
    let title = format!("{b} against {a}: user code by package");
    let (first, others) = pair.rows.split_at(pair.rows.len().min(FIRST));
    let table = |caption: String, rows: &[PackageDelta]| {
        let mut table = Table::new(caption)
            .words("Package")
            .number(a)
            .number(b)
            .number("difference")
            .number("±");
        for row in rows {
            table.row(tone(row.kind), difference(row, &scale));
        }
        table
    };
    let mut shown = table(format!("{title}, {}", scale.unit), first);
    let sum = [
        String::new(),
        String::new(),
        scale.signed(pair.delta),
        String::new(),
    ];
    let sum = std::iter::once("user code".into()).chain(sum.map(Cell::from));
    shown.row(Tone::Total, sum.collect());
    let mut blocks = vec![shown.block()];
    if !others.is_empty() {
        blocks.push(Block::Fold {
            title: format!("{title}: {} further rows", others.len()),
            blocks: vec![table(String::new(), others).block()],
        });
    }
    blocks
}

fn difference(row: &PackageDelta, scale: &Scale) -> Vec<Cell> {
    let interval = row.ci95.map_or(String::new(), |[low, high]| {
        format!("{} to {}", scale.signed(low), scale.signed(high))
    });
    vec![
        name(&row.package, row.instrumented).into(),
        scale.show(row.in_a).into(),
        scale.show(row.in_b).into(),
        Cell::from(scale.signed(row.delta)).with_note(interval),
        scale.show(row.sampling_error).into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::testing::text_of;
    use recording::Comparison;
    use recording::comparison::{Arm, Estimate};

    fn comparison(instrumented: f64) -> Comparison {
        let row = |package: &str, kind, value: f64| PackageRow {
            package: package.into(),
            kind,
            own: Estimate {
                value,
                ci95: [value - 10e3, value + 10e3],
            },
            share: value / 1e6,
            sampling_error: 5e3,
            samples: 70,
            with_callees: Some(value + 1e3).filter(|_| kind == PackageKind::Package),
            instrumented,
        };
        let costs = PackageCosts {
            metric: recording::vocabulary::MetricId::CpuNsPerToken,
            per: recording::vocabulary::Per::Token,
            user: 1e6,
            samples: 1_000,
            instrumented_samples: u64::from(instrumented > 0.0) * 300,
            rows: vec![
                row("pydantic\u{1b}[2J", PackageKind::Package, 310e3),
                row("langgraph", PackageKind::Package, 220e3),
                row(
                    "CPython and its standard library",
                    PackageKind::Runtime,
                    470e3,
                ),
            ],
            evidence: vec![],
        };
        Comparison {
            arms: vec![Arm {
                arm: "langchain".into(),
                packages: Some(costs),
                ..Arm::default()
            }],
            ..Comparison::default()
        }
    }

    #[test]
    fn shows_the_packages_of_an_arm() {
        let text = text_of(&comparison(0.0));
        assert!(text.contains("pydantic\u{fffd}[2J"), "{text}");
        assert!(
            text.contains("31.0 %") && text.contains("user code"),
            "{text}"
        );
        assert!(!text.contains("instrumented"), "{text}");
    }

    #[test]
    fn marks_shares_of_an_instrumented_round() {
        let text = text_of(&comparison(100e3));
        assert!(text.contains("langgraph *"), "{text}");
        assert!(text.contains("Shares of an instrumented round"), "{text}");
    }

    #[test]
    fn shows_differences_from_the_first_arm() {
        let mut comparison = comparison(0.0);
        comparison.arms.insert(
            0,
            Arm {
                arm: "rust".into(),
                ..Arm::default()
            },
        );
        let rows = (0..20).map(|number| PackageDelta {
            package: format!("p{number}"),
            kind: PackageKind::Package,
            in_b: 9e3,
            delta: 9e3,
            ci95: Some([8e3, 10e3]),
            ..PackageDelta::default()
        });
        comparison.package_pairs = vec![PackagePair {
            a: "rust".into(),
            b: "langchain".into(),
            delta: 180e3,
            rows: rows.collect(),
        }];
        let text = text_of(&comparison);
        assert!(
            text.contains("langchain against rust: user code by package"),
            "{text}"
        );
        assert!(
            text.contains("p11") && text.contains("8 further rows"),
            "{text}"
        );
        assert!(text.contains("+180"), "{text}");
    }

    #[test]
    fn puts_packages_into_a_line_of_the_verdict() {
        let comparison = comparison(1.0);
        let name = "langchain".to_owned();
        let lines = crate::verdict::package_lines(&comparison, &[&name]);
        assert_eq!(
            lines,
            [
                "of langchain's 1.00 ms of user code per token: CPython and its standard library 0.47, \
                 pydantic\u{fffd}[2J 0.31, langgraph 0.22 (shares from an instrumented round)"
            ]
        );
    }
}
