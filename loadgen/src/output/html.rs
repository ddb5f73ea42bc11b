//! HTML page of one load, in the style of the product's reports. It loads nothing from elsewhere.

use crate::clock::SECOND;
use recording::LoadSummary;
use recording::format::{self, bytes, count, duration};
use recording::load::{Distribution, LoadPoint, LoadStep};
use report::chart::{Axis, Chart, Line, Lines, Paint};
use report::clean::clean;
use report::document::{Block, Cell, Document, Figure, Notice, Section, Table, Tone};
use std::io::Write;

/// Writes the page.
///
/// # Errors
/// If `out` cannot be written, or a chart cannot be drawn.
pub fn write(summary: &LoadSummary, out: &mut dyn Write) -> Result<(), report::Error> {
    report::html::render(&document(summary), out)
}

fn document(summary: &LoadSummary) -> Document {
    let section = |id, title, blocks| Section {
        id,
        title,
        lead: String::new(),
        blocks,
    };
    Document {
        title: clean(&format!("Load: {}", summary.scenario)),
        subtitle: clean(&summary.urls.join(" ")),
        notices: notices(summary),
        sections: vec![
            section("latency", "Latency", latency(summary)),
            section("time", "Over time", charts(&summary.series)),
            section(
                "requests",
                "Requests",
                vec![requests(summary), verdicts(summary)],
            ),
            section("client", "The load generator itself", vec![client(summary)]),
        ],
    }
}

fn notices(summary: &LoadSummary) -> Vec<Notice> {
    let notice = |tone, title: &str, lines: &[String]| Notice {
        tone,
        title: title.into(),
        lines: lines.iter().map(|line| clean(line)).collect(),
    };
    let early = summary.ended_early.iter();
    let early = early.map(|reason| {
        notice(
            Tone::Warning,
            "The load ended early",
            std::slice::from_ref(reason),
        )
    });
    let client = &summary.client;
    let saturated = client.saturated.then(|| {
        notice(
            Tone::Bad,
            "Invalid: the load generator was the bottleneck",
            &client.saturated_by,
        )
    });
    early.chain(saturated).collect()
}

fn latency(summary: &LoadSummary) -> Vec<Block> {
    let several = (!summary.steps.is_empty()).then(|| steps(&summary.steps));
    std::iter::once(latencies(summary)).chain(several).collect()
}

/// Returns a table with a row per step and distribution.
fn steps(steps: &[LoadStep]) -> Block {
    let mut table = Table::new("Each step by itself")
        .words("step")
        .words("request");
    table = table.number("good").number("failed").words("");
    table = ["p50", "p90", "p99"].into_iter().fold(table, Table::number);
    for step in steps {
        let tone = if step.failed == 0 {
            Tone::Plain
        } else {
            Tone::Bad
        };
        let rows = super::steps::distributions(step).into_iter();
        // A step without any complete answer has a row too: it failed.
        for (name, values) in rows.filter(|(name, values)| values.count > 0 || *name == "total") {
            let mut cells: Vec<Cell> = vec![clean(&step.name).into()];
            cells.push(clean(&super::steps::request(step)).into());
            cells.extend([step.good, step.failed].map(|count| format::count(count).into()));
            cells.push(name.into());
            let quantiles = [values.p50_ns, values.p90_ns, values.p99_ns];
            cells.extend(quantiles.map(|ns| duration(ns).into()));
            table.row(tone, cells);
        }
    }
    table.block()
}

fn latencies(summary: &LoadSummary) -> Block {
    type Column = (&'static str, fn(&Distribution) -> u64);
    let columns: [Column; 8] = [
        ("min", |d| d.min_ns),
        ("mean", |d| d.mean_ns),
        ("p50", |d| d.p50_ns),
        ("p90", |d| d.p90_ns),
        ("p95", |d| d.p95_ns),
        ("p99", |d| d.p99_ns),
        ("p99.9", |d| d.p999_ns),
        ("max", |d| d.max_ns),
    ];
    let mut table = Table::new("Answers that passed all checks")
        .words("")
        .number("count");
    table = columns
        .iter()
        .fold(table, |table, (name, _)| table.number(*name));
    for (name, distribution) in super::distributions(summary) {
        let mut cells = vec![Cell::from(name), count(distribution.count).into()];
        let value = |value: fn(&Distribution) -> u64| Cell::from(duration(value(distribution)));
        cells.extend(columns.iter().map(|(_, of)| value(*of)));
        table.row(Tone::Plain, cells);
    }
    table.block()
}

fn charts(series: &[LoadPoint]) -> Vec<Block> {
    if series.is_empty() {
        return Vec::new();
    }
    let answered: Vec<LoadPoint> = series
        .iter()
        .copied()
        .filter(|point| point.ttft_p50_ns > 0)
        .collect();
    [
        figure(
            "ttft",
            "Time to first token",
            "ms",
            &answered,
            &[
                ("median", |point| point.ttft_p50_ns as f64 / 1e6),
                ("p99", |point| point.ttft_p99_ns as f64 / 1e6),
            ],
        ),
        figure(
            "itl",
            "Between tokens, median",
            "ms",
            &answered,
            &[("median", |point| point.itl_p50_ns as f64 / 1e6)],
        ),
        figure(
            "streams",
            "Streams open, and load asked for",
            "",
            series,
            &[
                ("streams", |point| point.active as f64),
                ("load", |point| point.load),
            ],
        ),
        figure(
            "tokens",
            "Tokens in each second",
            "",
            series,
            &[("tokens", |point| point.tokens as f64)],
        ),
    ]
    .into()
}

type Value = fn(&LoadPoint) -> f64;

fn figure(
    id: &str,
    title: &str,
    unit: &str,
    series: &[LoadPoint],
    lines: &[(&str, Value)],
) -> Block {
    let seconds = |point: &LoadPoint| point.t_ns as f64 / SECOND as f64;
    let end = series.last().map_or(1.0, seconds);
    let values = lines.iter().flat_map(|(_, value)| series.iter().map(value));
    let highest = values.fold(1.0, f64::max);
    let mut x = Axis::from_zero(end, |value| format!("{value} s"));
    x.range.end = end;
    x.ticks.retain(|tick| tick.0 <= end);
    let line = |(position, (_, value)): (usize, &(&str, Value))| Line {
        paint: Paint::Arm(position),
        light: false,
        points: series
            .iter()
            .map(|point| (seconds(point), value(point)))
            .collect(),
    };
    let names = lines.iter().enumerate();
    let legend = names
        .map(|(position, (name, _))| ((*name).into(), Paint::Arm(position)))
        .collect();
    let y = Axis::from_zero(highest, |value| format!("{value} {unit}").trim_end().into());
    Block::Figure(Figure {
        id: id.into(),
        title: title.into(),
        description: format!("{title}, one value a second."),
        chart: Chart::Lines(Lines {
            x,
            y,
            lines: lines.iter().enumerate().map(line).collect(),
            legend,
        }),
    })
}

fn requests(summary: &LoadSummary) -> Block {
    let requests = &summary.requests;
    let mut table = Table::new("Requests").words("").number("count");
    let mut row = |name: String, count: u64, tone| {
        table.row(tone, vec![clean(&name).into(), format::count(count).into()])
    };
    row("begun".into(), requests.started, Tone::Plain);
    row("completed".into(), requests.completed, Tone::Plain);
    for (reason, count) in &requests.rejected {
        row(format!("completed, but wrong: {reason}"), *count, Tone::Bad);
    }
    for (reason, count) in &requests.failed {
        row(format!("failed: {reason}"), *count, Tone::Bad);
    }
    row("cut at the end".into(), requests.cut, Tone::Plain);
    row("tokens".into(), summary.tokens, Tone::Plain);
    row("bytes sent".into(), summary.bytes_sent, Tone::Plain);
    row("bytes received".into(), summary.bytes_received, Tone::Plain);
    table.block()
}

fn verdicts(summary: &LoadSummary) -> Block {
    let mut table = Table::new("Checks and thresholds")
        .words("")
        .words("result");
    let tone = |ok| if ok { Tone::Good } else { Tone::Bad };
    for check in &summary.checks {
        let result = format!("{} passed, {} failed", check.passed, check.failed);
        table.row(
            tone(check.failed == 0),
            vec![clean(&check.name).into(), result.into()],
        );
    }
    for threshold in &summary.thresholds {
        let result = if threshold.ok { "held" } else { "crossed" };
        let result = format!("{result}: {:.3}", threshold.value);
        table.row(
            tone(threshold.ok),
            vec![clean(&threshold.expr).into(), result.into()],
        );
    }
    table.block()
}

fn client(summary: &LoadSummary) -> Block {
    let client = &summary.client;
    let mut table = Table::new("CPU, memory and timers")
        .words("")
        .number("value");
    for (name, value) in [
        ("CPU time", duration(client.cpu_ns)),
        (
            "CPU time a token",
            duration(client.cpu_ns / summary.tokens.max(1)),
        ),
        ("highest resident set", bytes(client.peak_rss_bytes)),
        ("timers late, p99", duration(client.scheduling_delay_p99_ns)),
        ("sent to seen, median", duration(client.stamp_error_p50_ns)),
        ("sent to seen, p99", duration(client.stamp_error_p99_ns)),
        (
            "requests a second asked for",
            format!("{:.1}", client.requested_rate),
        ),
        (
            "requests a second begun",
            format!("{:.1}", client.achieved_rate),
        ),
        ("requests begun late", count(client.late_starts)),
    ] {
        table.row(Tone::Plain, vec![name.into(), value.into()]);
    }
    table.block()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_the_run_and_escapes_its_texts() {
        let mut summary = crate::output::tests::summary();
        summary.urls = vec!["http://x/<script>alert(1)</script>\u{1b}[31m".into()];
        let mut page = Vec::new();
        write(&summary, &mut page).unwrap();
        let page = String::from_utf8(page).unwrap();
        assert!(page.contains("<svg") && page.contains("ttft"));
        assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'));
        assert!(page.contains("Each step by itself") && page.contains("{user}"));
        assert!(page.contains("timers were late"), "why the run is invalid");
    }

    #[test]
    fn renders_an_empty_run() {
        write(&LoadSummary::default(), &mut Vec::new()).unwrap();
    }
}
