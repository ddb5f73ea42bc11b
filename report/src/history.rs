//! Metrics over stored results and where they changed, for a terminal and as Markdown.

use crate::Error;
use crate::clean::{clean, clean_sentence};
use crate::document::{Block, Chapter, Document, Section, Table, Tone};
use crate::text::VERDICT;
use recording::comparison::Metric;
use recording::format::{self, Scale};
use recording::history::{Change, ChangeRow, History, Series};
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

/// Rows of a change that are shown; smaller ones are added up.
const SHOWN: usize = 5;
/// Fewer values show no change.
const FEWEST: usize = 6;
/// Widest chart, in characters; of longer series the newest values are shown.
const WIDEST: usize = 100;
/// Heights of a bar.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Writes a history as text for a terminal, in colour if asked for.
pub fn text(history: &History, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    crate::text::render(&document(history), color, out)
}

/// Writes a history as Markdown.
pub fn markdown(history: &History, out: &mut dyn Write) -> Result<(), Error> {
    crate::markdown::render(&document(history), out)
}

fn document(history: &History) -> Document {
    let changes: usize = history.series.iter().map(|it| it.changes.len()).sum();
    let counted = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        count => format!("{count} {noun}s"),
    };
    let blocks = history.series.iter().flat_map(|it| blocks(history, it));
    Document {
        title: format!(
            "{} in {}",
            counted(changes, "change"),
            counted(history.points.len(), "stored result")
        ),
        subtitle: format!(
            "changes of at least {} that values in random order show with a probability of at most {}",
            format::percent_tenths(history.min_change),
            format::percent_tenths(history.significance)
        ),
        chapters: Chapter::only(vec![Section {
            id: VERDICT,
            title: "Metrics over time",
            lead: String::new(),
            blocks: blocks.collect(),
        }]),
        ..Document::default()
    }
}

fn blocks(history: &History, series: &Series) -> Vec<Block> {
    let mut metric = Metric::new(series.metric);
    metric.per = series.per;
    let arm = clean(&series.arm);
    let of = match &series.against {
        Some(reference) => format!("{arm} against {}", clean(reference)),
        None => arm,
    };
    let mut blocks = vec![
        Block::Heading {
            text: format!("{} of {of}", metric.label()),
        },
        Block::paragraph(chart(series)),
    ];
    if series.changes.is_empty() {
        let count = series.values.len();
        blocks.push(Block::paragraph(match count {
            0..FEWEST => format!("Too few results for a change: {count}."),
            count => format!("No change in {count} results."),
        }));
    }
    for change in &series.changes {
        blocks.push(Block::paragraph(sentence(history, series, change)));
        blocks.extend((!change.rows.is_empty()).then(|| table(series, change)));
    }
    blocks
}

/// Draws the values as bars, with a mark before each change and the range behind them.
fn chart(series: &Series) -> String {
    let hidden = series.values.len().saturating_sub(WIDEST);
    let values = &series.values[hidden..];
    let logs = values.iter().map(|it| it.value.ln());
    let low = logs.clone().fold(f64::INFINITY, f64::min);
    let high = logs.clone().fold(f64::NEG_INFINITY, f64::max);
    let mut bars = String::from(if hidden > 0 { "…" } else { "" });
    for (at, log) in logs.enumerate() {
        if series.changes.iter().any(|change| change.at == at + hidden) {
            bars.push('│');
        }
        // Noise of a level that did not change is no reason for high bars.
        let range = (high - low).max(0.05);
        let height = (log - low) / range * (BARS.len() - 1) as f64;
        bars.push(BARS[(height.round() as usize).min(BARS.len() - 1)]);
    }
    let [low, high] = [low, high].map(|log| value(series, log.exp()));
    format!("{bars}  {low} – {high}")
}

fn value(series: &Series, value: f64) -> String {
    match series.against {
        Some(_) => format::ratio(value),
        None => format::quantity(value, series.unit),
    }
}

fn sentence(history: &History, series: &Series, change: &Change) -> String {
    let [before, after] = [change.before, change.after].map(|it| value(series, it));
    let place = series.values.get(change.at);
    let start = place.and_then(|place| history.points.get(place.point));
    let time = start.map_or_else(String::new, |point| {
        let time = UNIX_EPOCH + Duration::from_nanos(point.start_unix_ns);
        format!(" ({})", humantime::format_rfc3339_seconds(time))
    });
    format!(
        "{} from {}{time} on: {before} before, {after} after (p = {:.3})",
        format::change(change.ratio),
        clean_sentence(&change.dir),
        change.p_value
    )
}

/// Returns the largest rows, the sum of the others, and the part that no row has.
fn table(series: &Series, change: &Change) -> Block {
    let arm = clean(&series.arm);
    let scale = Scale::of(series.unit, change.rows.iter().map(|row| row.delta));
    let per = scale.per(series.per.label());
    let mut table = Table::new(format!("difference of the ledger of {arm}"))
        .words("row")
        .number(per)
        .words("evidence");
    for row in change.rows.iter().take(SHOWN) {
        let cells = vec![
            label(row).into(),
            scale.signed(row.delta).into(),
            evidence(row).into(),
        ];
        table.row(Tone::Plain, cells);
    }
    let smaller = change.rows.get(SHOWN..).unwrap_or_default();
    if !smaller.is_empty() {
        let sum: f64 = smaller.iter().map(|row| row.delta).sum();
        let label = format!("{} smaller rows", smaller.len());
        let cells = vec![label.into(), scale.signed(sum).into(), "".into()];
        table.row(Tone::Plain, cells);
    }
    if let Some(unaccounted) = change.unaccounted {
        let cells = vec![
            "not accounted for".into(),
            scale.signed(unaccounted).into(),
            "".into(),
        ];
        table.row(Tone::Unexplained, cells);
    }
    table.block()
}

fn label(row: &ChangeRow) -> String {
    let kind = row.kind.label();
    let cause = clean(&row.cause);
    match cause == kind {
        true => cause,
        false => format!("{kind}: {cause}"),
    }
}

fn evidence(row: &ChangeRow) -> String {
    let mut parts = Vec::new();
    if row.count_before > 0.0 || row.count_after > 0.0 {
        let [before, after] = [row.count_before, row.count_after].map(format::number);
        parts.push(format!("{after} against {before}"));
    }
    parts.extend(row.role.as_ref().map(|role| role.label().to_owned()));
    let function = row.function.as_ref();
    parts.extend(function.map(|function| format!("most in {}", clean(function))));
    parts.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::history::{Point, SeriesValue};
    use recording::vocabulary::{MetricId, Role, SyscallClass, TermKind};

    fn history() -> History {
        let values = [1e5, 1e5, 1e5, 1e5, 2e5, 2e5, 2e5, 2e5].into_iter();
        let row = ChangeRow {
            kind: TermKind::Syscall(SyscallClass::Memory),
            cause: "madvise".into(),
            role: Some(Role::MainLoop),
            after: 1e5,
            delta: 1e5,
            count_after: 8.0,
            ..ChangeRow::default()
        };
        let change = Change {
            at: 4,
            dir: "r/\u{1b}4".into(),
            before: 1e5,
            after: 2e5,
            ratio: 2.0,
            p_value: 0.004,
            rows: vec![row],
            unaccounted: Some(0.0),
        };
        History {
            significance: 0.01,
            min_change: 0.03,
            points: (0..8).map(|at| point(&format!("r/{at}"))).collect(),
            series: vec![Series {
                arm: "go".into(),
                against: None,
                metric: MetricId::CpuNsPerToken,
                unit: MetricId::CpuNsPerToken.unit(),
                per: MetricId::CpuNsPerToken.per(),
                values: values
                    .enumerate()
                    .map(|(point, value)| SeriesValue { point, value })
                    .collect(),
                changes: vec![change],
            }],
            ..History::default()
        }
    }

    fn point(dir: &str) -> Point {
        Point {
            dir: dir.into(),
            start_unix_ns: 0,
        }
    }

    #[test]
    fn draws_the_values_and_names_the_change() {
        let mut out = Vec::new();
        text(&history(), false, &mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.starts_with("1 change in 8 stored results\n"), "{text}");
        assert!(text.contains("▁▁▁▁│████  100 µs – 200 µs"), "{text}");
        assert!(
            text.contains("+100.0 % from r/\u{fffd}4 (1970-01-01T00:00:00Z) on: 100 µs before"),
            "{text}"
        );
        assert!(text.contains("madvise"), "{text}");
        assert!(text.contains("8 against 0; main loop"), "{text}");
        assert!(text.contains("not accounted for"), "{text}");
    }

    #[test]
    fn writes_a_table_in_markdown() {
        let mut out = Vec::new();
        markdown(&history(), &mut out).expect("written");
        let text = String::from_utf8(out).expect("text");
        assert!(text.contains("### CPU time per token of go"), "{text}");
        assert!(text.contains("| not accounted for | 0 |"), "{text}");
    }
}
