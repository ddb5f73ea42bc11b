//! The waterfall of one metric and pair.

use super::super::names::heading;
use super::{PERCENTILES, slug};
use crate::arms::Arms;
use crate::chart::{Chart, Paint, Step, Waterfall};
use crate::clean::clean;
use crate::document::{Block, Figure};
use crate::verdict::{interval, values};
use recording::comparison::{Metric, Pair, Term};
use recording::format::{self, Scale};
use recording::vocabulary::{Per, TermKind};

/// Bars of rows before the small ones are drawn as one.
const BARS: usize = 12;

/// One metric and pair.
pub struct PairWaterfall<'a> {
    pub metric: &'a Metric,
    pub pair: &'a Pair,
    /// Value of the first arm.
    pub a: f64,
    /// Value of the second arm.
    pub b: f64,
    pub scale: Scale,
}

impl<'a> PairWaterfall<'a> {
    pub fn new(metric: &'a Metric, pair: &'a Pair) -> Self {
        let [a, b] = values(metric, pair);
        PairWaterfall {
            metric,
            pair,
            a,
            b,
            scale: Scale::of(metric.unit, [a, b]),
        }
    }

    /// Returns whether the waterfall is shown in full. Counts per unit explain costs in other
    /// units, and are folded.
    pub fn is_cost(&self) -> bool {
        let metric = self.metric.name;
        let is_count =
            (self.metric.per == Per::Token || metric.is_per_work()) && !metric.is_cpu_time();
        !is_count && !PERCENTILES.contains(&metric)
    }

    /// Returns the difference b − a.
    pub fn gap(&self) -> f64 {
        self.b - self.a
    }

    pub fn names(&self) -> String {
        format!("{} → {}", clean(&self.pair.a), clean(&self.pair.b))
    }

    /// Returns the name of the metric.
    pub fn metric_name(&self) -> String {
        heading(&self.metric.label())
    }

    /// Returns a stable anchor. Positions distinguish arms whose names would look alike as file
    /// names.
    pub fn anchor(&self, arms: &Arms) -> String {
        let [a, b] = [&self.pair.a, &self.pair.b].map(|arm| arms.position(arm) + 1);
        format!("waterfall-{}-{a}-{b}", slug(self.metric.name.name()))
    }

    fn heading(&self) -> String {
        format!("{}: {}", self.metric_name(), self.names())
    }

    /// Returns whether rows have thread roles; those of memory have none.
    fn has_roles(&self) -> bool {
        self.pair.terms.iter().any(|term| term.role.is_some())
    }

    /// Returns chart and table. Rows by kind come first, since two runtimes share no thread roles
    /// and few system calls.
    pub fn cost(&self, arms: &Arms) -> Vec<Block> {
        let numbers = |rows, title: &str| Block::Numbers {
            title: title.into(),
            blocks: vec![self.table(rows)],
        };
        let by_kind = self.has_roles() && !self.pair.by_kind.is_empty();
        let rows = if by_kind {
            &self.pair.by_kind
        } else {
            &self.pair.terms
        };
        let mut blocks = vec![
            Block::Heading {
                text: self.heading(),
            },
            Block::paragraph(self.sentence()),
            self.figure(arms, rows, ""),
            numbers(rows, "Rows of this waterfall"),
        ];
        if by_kind {
            let title = format!("{}, by thread role and cause", self.heading());
            let inside = vec![
                self.figure(arms, &self.pair.terms, "-roles"),
                self.table(&self.pair.terms),
            ];
            blocks.push(Block::Fold {
                title,
                blocks: inside,
            });
        }
        blocks
    }

    /// Returns the table without a chart.
    pub fn in_short(&self) -> Vec<Block> {
        let heading = Block::Heading {
            text: self.heading(),
        };
        let table = self.table(&self.pair.terms);
        vec![heading, Block::paragraph(self.sentence()), table]
    }

    fn sentence(&self) -> String {
        let scale = &self.scale;
        let mut text = format!("{} → {}: ", scale.full(self.a), scale.full(self.b));
        text += &scale.signed_full(self.gap());
        if let Some(range) = interval(self.pair.ci95) {
            let ratio = format::ratio(self.pair.ratio);
            text += &format!(" ({ratio}, 95 % interval {range})");
        }
        if let Some(named) = self.pair.named.filter(|named| named.is_finite()) {
            text += &format!("; {} of the difference has a name", format::percent(named));
        }
        if let Some(rest) = unaccounted(self.pair, self.gap()) {
            text += &format!("; {rest}");
        }
        text + "."
    }

    fn figure(&self, arms: &Arms, rows: &[Term], suffix: &str) -> Block {
        let scale = &self.scale;
        let total = |arm: &str, value: f64| Step {
            label: clean(arm),
            from: 0.0,
            to: scale.scaled(value),
            value: scale.full(value),
            paint: Paint::Arm(arms.position(arm)),
            total: true,
        };
        let mut steps = vec![total(&self.pair.a, self.a)];
        let mut at = self.a;
        for (label, delta, paint) in bars(rows, self.pair.unexplained) {
            steps.push(Step {
                label,
                from: scale.scaled(at),
                to: scale.scaled(at + delta),
                value: scale.signed(delta),
                paint,
                total: false,
            });
            at += delta;
        }
        steps.push(total(&self.pair.b, self.b));
        Block::Figure(Figure {
            id: format!("{}{suffix}", self.anchor(arms)),
            title: self.heading(),
            description: "Bars from the first arm's cost to the second's, one a row; the table below has the numbers."
                .into(),
            chart: Chart::Waterfall(Waterfall { steps }),
        })
    }
}

/// Returns the share of a difference that no row accounts for, in words; nothing without rows.
pub fn unaccounted(pair: &Pair, gap: f64) -> Option<String> {
    let known = !pair.terms.is_empty() && gap != 0.0 && gap.is_finite();
    let share = (pair.unexplained / gap).abs();
    known.then(|| match share {
        share if share < 0.01 => "every part is accounted for".to_string(),
        share => format!("{} is not accounted for", format::percent(share)),
    })
}

/// Returns the bars between the totals: the largest rows, the others together, the part that no row
/// accounts for.
pub fn bars(rows: &[Term], unexplained: f64) -> Vec<(String, f64, Paint)> {
    let terms = by_size(rows);
    let paint = |delta: f64| {
        if delta < 0.0 {
            Paint::Fall
        } else {
            Paint::Rise
        }
    };
    let shown = if terms.len() > BARS + 1 {
        BARS
    } else {
        terms.len()
    };
    let (drawn, rest) = terms.split_at(shown);
    let mut bars: Vec<_> = drawn
        .iter()
        .map(|term| (role_and_cause(term), term.delta, paint(term.delta)))
        .collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|term| term.delta).sum();
        bars.push((format!("{} smaller rows", rest.len()), sum, paint(sum)));
    }
    bars.push(("not accounted for".into(), unexplained, Paint::Unexplained));
    bars
}

/// Returns the rows, largest change first.
pub fn by_size(rows: &[Term]) -> Vec<&Term> {
    let mut terms: Vec<&Term> = rows.iter().collect();
    terms.sort_by(|one, other| other.delta.abs().total_cmp(&one.delta.abs()));
    terms
}

fn role_and_cause(term: &Term) -> String {
    match &term.role {
        Some(role) => format!("{}: {}", clean(role.label()), cause(term)),
        None => cause(term),
    }
}

/// Returns the words for a row: its cause, or its kind.
pub fn cause(term: &Term) -> String {
    match term.cause.is_empty() && term.kind != TermKind::Unclassified {
        true => term.kind.label().into(),
        false => clean(&term.cause),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Tone;
    use recording::vocabulary::MetricId;

    fn terms(count: usize) -> Vec<Term> {
        let term = |at: usize| Term {
            cause: format!("call {at}"),
            delta: at as f64,
            ..Term::default()
        };
        (1..=count).map(term).collect()
    }

    #[test]
    fn keeps_the_sum_when_small_rows_are_drawn_together() {
        for count in [0, 1, 13, 14, 40] {
            let drawn: f64 = bars(&terms(count), -2.5).iter().map(|bar| bar.1).sum();
            let sum: f64 = terms(count).iter().map(|term| term.delta).sum();
            assert_eq!(drawn, sum - 2.5, "{count} rows");
        }
    }

    #[test]
    fn shows_the_unaccounted_part_as_bar_and_row() {
        let labels: Vec<_> = bars(&terms(2), 0.0).into_iter().map(|bar| bar.0).collect();
        assert_eq!(labels, ["call 2", "call 1", "not accounted for"]);
        let metric = Metric::new(MetricId::CpuNsPerToken);
        let pair = Pair {
            terms: terms(2),
            ..Pair::default()
        };
        let Block::Table(table) = PairWaterfall::new(&metric, &pair).table(&pair.terms) else {
            panic!("a table")
        };
        let is_rest = |row: &crate::document::Row| row.tone == Tone::Unexplained;
        assert!(table.rows.iter().any(is_rest));
    }

    #[test]
    fn states_the_unaccounted_share() {
        let pair = |unexplained| Pair {
            unexplained,
            terms: vec![Default::default()],
            ..Pair::default()
        };
        let words = |part| unaccounted(&pair(part), 20.0).expect("rows");
        assert_eq!(words(-1.0), "5 % is not accounted for");
        assert_eq!(words(0.01), "every part is accounted for");
        assert_eq!(unaccounted(&Pair::default(), 20.0), None);
    }
}
