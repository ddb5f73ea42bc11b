//! Where a difference comes from: a bridge from one arm's cost to the other's, and the table behind it.

use super::{names, told, verdict};
use crate::arms::Arms;
use crate::chart::{Chart, Paint, Step, Waterfall};
use crate::clean::clean;
use crate::document::{Block, Cell, Figure, Section, Table, Tone};
use crate::{
    Input,
    units::{self, Scale},
};
use recording::comparison::{Amount, Metric, Pair, Term};

/// Bars of terms before the small ones are drawn as one.
const BARS: usize = 12;
/// The metrics with a bridge of their own. Counts per token repeat in other units what the costs tell.
const COSTS: [&str; 2] = [names::CPU, "rss_bytes"];
/// The same time divided by something else: the same terms once more.
const REPEATED: [&str; 2] = ["cpu_ns_per_request", "cpu_ns_per_second"];

const LEAD: &str = "Each bar begins where the one above ends: from the first arm's cost, term by term, to the \
second's. What no term accounts for is a bar of its own. Count effect: there is more (or less) of it. Unit-cost effect: \
each is dearer (or cheaper). The two add up to Δ. ±: the 95 % interval of the sampling, where a term was sampled.";

/// One bridge to show.
struct Bridge<'a> {
    metric: &'a Metric,
    pair: &'a Pair,
    a: f64,
    b: f64,
    scale: Scale,
}

/// Every pair with terms: the first arm against each other in full, further pairs folded.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison?;
    let first = arms.list.first()?.key;
    let has_cpu = comparison
        .metrics
        .iter()
        .any(|metric| metric.name == names::CPU);
    let metrics = comparison.metrics.iter();
    let metrics = metrics.filter(|m| !(has_cpu && REPEATED.contains(&m.name.as_str())));
    let metrics = metrics.filter(|metric| !super::waiting::is_here(&metric.name));
    let mut bridges: Vec<Bridge> = metrics
        .flat_map(|metric| metric.pairs.iter().map(|pair| Bridge::new(metric, pair)))
        .filter(|bridge| !bridge.pair.terms.is_empty())
        .collect();
    // Pair by pair, as a reader asks; metrics in their own order inside a pair.
    bridges.sort_by_key(|bridge| (arms.position(&bridge.pair.a), arms.position(&bridge.pair.b)));
    let mut blocks = Vec::new();
    for pair in
        bridges.chunk_by(|one, other| one.pair.a == other.pair.a && one.pair.b == other.pair.b)
    {
        blocks.extend(one_pair(pair, arms, pair[0].pair.a == first));
    }
    Some(Section {
        id: "bridge",
        title: "Where the difference comes from",
        lead: LEAD.into(),
        blocks,
    })
}

/// All metrics of one pair.
fn one_pair(bridges: &[Bridge], arms: &Arms, in_full: bool) -> Vec<Block> {
    let (costs, counts): (Vec<_>, Vec<_>) = bridges.iter().partition(|bridge| bridge.is_cost());
    let mut shown: Vec<Block> = costs
        .into_iter()
        .flat_map(|bridge| bridge.cost(arms))
        .collect();
    let names = bridges[0].names();
    let counts_inside: Vec<Block> = counts.iter().flat_map(|bridge| bridge.count()).collect();
    if in_full {
        let title = format!("{names}: switches, wake-ups, system calls and faults per token");
        shown.extend((!counts.is_empty()).then_some(Block::Fold {
            title,
            blocks: counts_inside,
        }));
        return shown;
    }
    shown.extend(counts_inside);
    vec![Block::Fold {
        title: format!("{names}: every bridge"),
        blocks: shown,
    }]
}

impl<'a> Bridge<'a> {
    fn new(metric: &'a Metric, pair: &'a Pair) -> Self {
        let [a, b] = told::values(metric, pair);
        let scale = Scale::of(&metric.unit, [a, b]);
        Bridge {
            metric,
            pair,
            a,
            b,
            scale,
        }
    }

    /// A metric no rule knows is worth its own bridge too, so nothing new is hidden.
    fn is_cost(&self) -> bool {
        let name = self.metric.name.as_str();
        COSTS.contains(&name) || !name.ends_with("_per_token")
    }

    fn gap(&self) -> f64 {
        self.b - self.a
    }

    fn names(&self) -> String {
        format!("{} → {}", clean(&self.pair.a), clean(&self.pair.b))
    }

    fn heading(&self) -> String {
        format!(
            "{}: {}",
            names::heading(&names::metric(&self.metric.name)),
            self.names()
        )
    }

    /// Terms by thread role exist where the cost is one of threads; those of memory have none.
    fn has_roles(&self) -> bool {
        self.pair.terms.iter().any(|term| term.role.is_some())
    }

    /// By kind of work first: two runtimes share no thread roles and few system calls, but they do the same work.
    fn cost(&self, arms: &Arms) -> Vec<Block> {
        let by_work = self.has_roles() && !self.pair.by_work.is_empty();
        let rows = if by_work {
            &self.pair.by_work
        } else {
            &self.pair.terms
        };
        let mut blocks = vec![
            Block::Heading {
                text: self.heading(),
            },
            Block::paragraph(self.sentence()),
            self.figure(arms, rows, ""),
            self.table(rows),
        ];
        if by_work {
            let title = format!("{}, by thread role and system call", self.heading());
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

    fn count(&self) -> Vec<Block> {
        let heading = Block::Heading {
            text: self.heading(),
        };
        vec![
            heading,
            Block::paragraph(self.sentence()),
            self.table(&self.pair.terms),
        ]
    }

    fn sentence(&self) -> String {
        let scale = &self.scale;
        let mut text = format!("{} → {}: ", scale.full(self.a), scale.full(self.b));
        text += &scale.signed_full(self.gap());
        if let Some(range) = verdict::interval(self.pair.ci95) {
            text += &format!(
                " ({}, 95 % interval {range})",
                units::ratio(self.pair.ratio)
            );
        }
        if let Some(rest) = verdict::unexplained(self.pair, self.gap()) {
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
            let (from, to) = (scale.scaled(at), scale.scaled(at + delta));
            steps.push(Step {
                label,
                from,
                to,
                value: scale.signed(delta),
                paint,
                total: false,
            });
            at += delta;
        }
        steps.push(total(&self.pair.b, self.b));
        let places = [&self.pair.a, &self.pair.b].map(|arm| arms.position(arm));
        let description = "Bars from the first arm's cost to the second's, one a term; the table below has the numbers.";
        Block::Figure(Figure {
            // Positions keep names apart that would look alike as file names.
            id: format!(
                "bridge-{}-{}-{}{suffix}",
                slug(&self.metric.name),
                places[0] + 1,
                places[1] + 1
            ),
            title: self.heading(),
            description: description.into(),
            chart: Chart::Waterfall(Waterfall { steps }),
        })
    }

    fn table(&self, rows: &[Term]) -> Block {
        let shape = Shape::of(rows);
        let unit = self.scale.per(&self.metric.per);
        let mut table = Table::new(format!("Terms of the difference, in {}", clean(&unit)));
        if shape.roles {
            table = table.words("Thread role");
        }
        table = table.words("Cause").number("Δ").number("of the gap");
        if shape.counts {
            table = table.numbers("thereof", ["count effect", "unit-cost effect"]);
        }
        let arms = [clean(&self.pair.a), clean(&self.pair.b)];
        let value = if shape.counts {
            "value × count"
        } else {
            "value"
        };
        table = table
            .numbers(value, arms.iter().map(String::as_str))
            .words("Evidence");
        for term in by_size(rows) {
            table.row(Tone::Plain, self.term_row(term, shape));
        }
        let rest = ["unexplained".to_string(), String::new(), String::new()];
        table.row(
            Tone::Unexplained,
            self.sum_row(rest, self.pair.unexplained, shape),
        );
        let sum = [
            "difference".to_string(),
            self.scale.show(self.a),
            self.scale.show(self.b),
        ];
        table.row(Tone::Total, self.sum_row(sum, self.gap(), shape));
        table.block()
    }

    fn term_row(&self, term: &Term, shape: Shape) -> Vec<Cell> {
        let scale = &self.scale;
        let mut cells = Vec::new();
        cells.extend(
            shape
                .roles
                .then(|| Cell::from(clean(term.role.as_deref().unwrap_or("")))),
        );
        cells.push(clean(&term.cause).into());
        let delta = Cell::from(scale.signed(term.delta));
        cells.push(match term.sampling_error {
            Some(error) => delta.with_note(format!("± {}", scale.show(error))),
            None => delta,
        });
        cells.push(units::share(term.delta / self.gap()).into());
        if shape.counts {
            cells.push(scale.signed(term.count_effect).into());
            cells.push(scale.signed(term.unit_cost_effect).into());
        }
        cells.extend([term.in_a, term.in_b].map(|part| amount(part, scale, shape.counts)));
        let evidence = term.evidence.iter().map(|place| clean(place)).collect();
        cells.push(Cell {
            evidence,
            ..Cell::default()
        });
        cells
    }

    fn sum_row(&self, [name, a, b]: [String; 3], delta: f64, shape: Shape) -> Vec<Cell> {
        let empty = |wanted: bool, count: usize| {
            std::iter::repeat_n("", if wanted { count } else { 0 }).map(Cell::from)
        };
        let mut cells: Vec<Cell> = vec![name.into()];
        cells.extend(empty(shape.roles, 1));
        cells.push(self.scale.signed(delta).into());
        cells.push(units::share(delta / self.gap()).into());
        cells.extend(empty(shape.counts, 2));
        cells.extend([a.into(), b.into(), Cell::default()]);
        cells
    }
}

/// Which columns a table of terms needs.
#[derive(Clone, Copy)]
struct Shape {
    roles: bool,
    counts: bool,
}

impl Shape {
    fn of(rows: &[Term]) -> Self {
        // One of each everywhere counts nothing: then a term is a level, not something that happens so often.
        let counted = |term: &Term| {
            [term.in_a, term.in_b]
                .iter()
                .any(|amount| ![0.0, 1.0].contains(&amount.count))
        };
        Shape {
            roles: rows.iter().any(|term| term.role.is_some()),
            counts: rows.iter().any(counted),
        }
    }
}

/// What is drawn between the totals: the largest terms one by one, the rest together, then what is not explained.
fn bars(rows: &[Term], unexplained: f64) -> Vec<(String, f64, Paint)> {
    let terms = by_size(rows);
    let paint = |delta: f64| {
        if delta < 0.0 {
            Paint::Fall
        } else {
            Paint::Rise
        }
    };
    let (drawn, rest) = terms.split_at(if terms.len() > BARS + 1 {
        BARS
    } else {
        terms.len()
    });
    let mut bars: Vec<_> = drawn
        .iter()
        .map(|term| (label(term), term.delta, paint(term.delta)))
        .collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|term| term.delta).sum();
        bars.push((format!("{} smaller terms", rest.len()), sum, paint(sum)));
    }
    bars.push(("unexplained".into(), unexplained, Paint::Unexplained));
    bars
}

fn by_size(rows: &[Term]) -> Vec<&Term> {
    let mut terms: Vec<&Term> = rows.iter().collect();
    terms.sort_by(|one, other| other.delta.abs().total_cmp(&one.delta.abs()));
    terms
}

fn label(term: &Term) -> String {
    match &term.role {
        Some(role) => format!("{}: {}", clean(role), clean(&term.cause)),
        None => clean(&term.cause),
    }
}

fn amount(amount: Amount, scale: &Scale, counted: bool) -> Cell {
    let cell = Cell::from(scale.show(amount.value));
    let count = Scale::of("", [amount.count]);
    if !counted || amount.count == 0.0 {
        cell
    } else {
        cell.with_note(format!("× {}", count.show(amount.count)))
    }
}

/// A name made of what file names and anchors can hold.
pub fn slug(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect()
}

#[cfg(test)]
mod tests;
