//! The parts of a difference or of an arm's value: rows of a ledger that add up, each with its
//! evidence.

use super::entry::{self, Entry, Side};
use super::row::{Detail, Source};
use super::{PartRow, Parts};
use crate::clean::clean;
use recording::comparison::{Arm, Metric, Pair};
use recording::format::{self, Scale};
use recording::vocabulary::{MetricId, Unit};

/// Parts listed by themselves.
const MOST: usize = 7;
/// Savings listed by themselves.
const MOST_SAVINGS: usize = 4;
/// Parts smaller than this share of the whole are added up in one row.
const SMALL: f64 = 0.02;

/// Sampling errors smaller than this share of their row are not shown.
const ERROR_MATTERS: f64 = 0.05;

/// Returns the parts of a pair's difference; nothing without a ledger.
pub fn of_pair(metric: &Metric, pair: &Pair, side: &Side, costly: Option<&Arm>) -> Option<Parts> {
    let list = Listing {
        entries: entry::of_pair(pair),
        details: pair.terms.iter().map(Entry::of_term).collect(),
        whole: side.gap,
        rest: pair.unexplained,
        savings: Some((side.sign, clean(&pair.b))),
        arm: costly,
        metric,
    };
    let noun = noun(metric.name);
    let title = match side.sign {
        sign if sign < 0.0 => format!("where {} saves {noun}", clean(&pair.b)),
        _ => format!("where the extra {noun} goes"),
    };
    list.parts(title)
}

/// Returns the parts of an arm's value; nothing without a ledger.
pub fn of_arm(arm: &Arm, metric: &Metric, value: f64) -> Option<Parts> {
    let entries: Vec<Entry> = arm
        .by_kind
        .get(&metric.name)?
        .iter()
        .map(Entry::of_row)
        .collect();
    let booked: f64 = entries.iter().map(|entry| entry.value).sum();
    let list = Listing {
        entries,
        details: arm
            .ledger
            .get(&metric.name)?
            .iter()
            .map(Entry::of_row)
            .collect(),
        whole: value,
        rest: value - booked,
        savings: None,
        arm: Some(arm),
        metric,
    };
    list.parts(format!("where the {} goes", noun(metric.name)))
}

/// Rows of one ledger, to be listed.
struct Listing<'a> {
    entries: Vec<Entry<'a>>,
    /// The same rows by role, cause and function.
    details: Vec<Entry<'a>>,
    /// The difference, or the arm's value.
    whole: f64,
    /// The part of the whole that no row has.
    rest: f64,
    /// For a pair: the direction of the difference, and the arm whose savings are listed.
    savings: Option<(f64, String)>,
    /// The arm whose functions are named.
    arm: Option<&'a Arm>,
    metric: &'a Metric,
}

impl Listing<'_> {
    fn parts(&self, title: String) -> Option<Parts> {
        let scale = Scale::of(self.metric.unit, [self.whole]);
        let sign = self.savings.as_ref().map_or(1.0, |(sign, _)| *sign);
        let (unnamed, mut named): (Vec<&Entry>, Vec<&Entry>) =
            self.entries.iter().partition(|entry| entry.is_unnamed());
        named.sort_by(|one, other| (other.value * sign).total_cmp(&(one.value * sign)));
        let large = |entry: &&&Entry| entry.value.abs() >= SMALL * self.whole.abs();
        let rises = named.iter().filter(|entry| entry.value * sign > 0.0);
        let rises: Vec<_> = rises.filter(large).take(MOST).copied().collect();
        let falls = named.iter().rev().filter(|entry| entry.value * sign < 0.0);
        let falls: Vec<_> = falls.filter(large).take(MOST_SAVINGS).copied().collect();
        let listed = rises.iter().chain(&falls);
        let smaller = named.len() - listed.clone().count();
        let small = named.iter().map(|entry| entry.value).sum::<f64>()
            - listed.map(|entry| entry.value).sum::<f64>();
        let mut rows: Vec<PartRow> = Vec::new();
        rows.extend(
            rises
                .iter()
                .map(|entry| self.row(entry, entry.label(), &scale)),
        );
        rows.extend(
            falls
                .iter()
                .map(|entry| self.row(entry, self.saving(entry), &scale)),
        );
        if smaller > 0 {
            let label = match smaller {
                1 => "1 smaller row".into(),
                several => format!("{several} smaller rows"),
            };
            rows.push(self.sum(label, small, &scale, false));
        }
        let unnamed = unnamed.into_iter();
        rows.extend(unnamed.map(|entry| self.without_name(entry, &scale)));
        rows.push(self.sum("not accounted for".into(), self.rest, &scale, true));
        (!self.entries.is_empty()).then(|| Parts {
            title,
            unit: unit(&scale, self.metric),
            rows,
        })
    }

    /// Labels a row that runs against the difference.
    fn saving(&self, entry: &Entry) -> String {
        match &self.savings {
            Some((sign, b)) if *sign > 0.0 => format!("saved by {b}: {}", entry.label()),
            Some((_, b)) => format!("added by {b}: {}", entry.label()),
            None => entry.label(),
        }
    }

    fn row(&self, entry: &Entry, label: String, scale: &Scale) -> PartRow {
        let source = Source::of(entry, &self.details);
        PartRow {
            evidence: self.detail().sentence(entry, &source),
            ..self.known(entry, label, scale)
        }
    }

    /// Returns the row of user code without a name.
    fn without_name(&self, entry: &Entry, scale: &Scale) -> PartRow {
        let detail = self.detail();
        PartRow {
            evidence: detail.of_unnamed(entry),
            unexplained: true,
            ..self.known(entry, detail.label_of_unnamed(entry.kind), scale)
        }
    }

    fn detail(&self) -> Detail<'_> {
        Detail {
            metric: self.metric,
            functions: self.arm.map_or(&[], |arm| &arm.functions),
            gc: self.arm.and_then(|arm| Some(&*arm.gc.as_ref()?.text)),
        }
    }

    fn known(&self, entry: &Entry, label: String, scale: &Scale) -> PartRow {
        PartRow {
            sampling_error: entry
                .sampling_error
                .filter(|error| *error >= ERROR_MATTERS * entry.value.abs())
                .map(|error| scale.show(error)),
            places: entry.places.to_vec(),
            ..self.sum(label, entry.value, scale, false)
        }
    }

    fn sum(&self, label: String, value: f64, scale: &Scale, unexplained: bool) -> PartRow {
        PartRow {
            label,
            value,
            shown: match self.savings {
                Some(_) => scale.signed(value),
                None => scale.show(value),
            },
            share: format::percent(value / self.whole),
            sampling_error: None,
            evidence: String::new(),
            places: Vec::new(),
            unexplained,
        }
    }
}

/// Returns the word for the metric's resource in a table's title.
fn noun(metric: MetricId) -> &'static str {
    match metric {
        metric if metric.is_cpu_time() => "CPU",
        MetricId::RssBytes | MetricId::PeakRssBytes => "memory",
        metric if metric.is_proxy_latency() => "latency",
        metric => metric.unit().label(),
    }
}

/// Returns the unit of a metric's parts: `µs/token`.
fn unit(scale: &Scale, metric: &Metric) -> String {
    match (metric.unit, scale.per(metric.per.label())) {
        (Unit::Ns | Unit::Bytes, text) => text,
        (counted, _) => format!("{}/{}", counted.label(), metric.per.label()),
    }
}
