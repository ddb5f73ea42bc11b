//! Tables of the page.

use crate::output::text::{measured, one_line, rate};
use crate::output::{distributions, steps as step_rows};
use recording::LoadSummary;
use recording::format::{bytes, duration, number};
use recording::load::{Distribution, LoadStep};
use report::clean::clean;
use report::document::{Block, Cell, Table, Tone};

/// Returns the table, unless it is empty.
fn filled(table: Table) -> Option<Block> {
    (!table.rows.is_empty()).then(|| table.block())
}

/// Returns the distributions of good answers.
pub fn latencies(summary: &LoadSummary) -> Option<Block> {
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
    let measured = distributions(summary).into_iter();
    for (name, values) in measured.filter(|(_, values)| values.count > 0) {
        let mut cells = vec![Cell::from(name), values.count.to_string().into()];
        cells.extend(columns.iter().map(|(_, of)| duration(of(values)).into()));
        table.row(Tone::Plain, cells);
    }
    filled(table)
}

/// Returns a row per step and distribution.
pub fn steps(steps: &[LoadStep]) -> Option<Block> {
    let mut table = Table::new("Steps").words("step").words("request");
    table = table.number("good").number("failed").words("");
    table = ["p50", "p90", "p99"].into_iter().fold(table, Table::number);
    for step in steps {
        let tone = if step.failed == 0 {
            Tone::Plain
        } else {
            Tone::Bad
        };
        let rows = step_rows::distributions(step).into_iter();
        // A step without any complete answer has a row too: it failed.
        for (name, values) in rows.filter(|(name, values)| values.count > 0 || *name == "total") {
            let mut cells: Vec<Cell> = vec![clean(&step.name).into()];
            cells.push(clean(&step_rows::request(step)).into());
            cells.extend([step.good, step.failed].map(|count| count.to_string().into()));
            cells.push(name.into());
            let quantiles = [values.p50_ns, values.p90_ns, values.p99_ns];
            cells.extend(quantiles.map(|ns| duration(ns).into()));
            table.row(tone, cells);
        }
    }
    filled(table)
}

/// Returns requests by how they ended, and the bytes on the wire.
pub fn requests(summary: &LoadSummary) -> Block {
    let requests = &summary.requests;
    let mut table = Table::new("Requests by how they ended")
        .words("")
        .number("count")
        .number("rate");
    let mut row = |name: &str, count: u64, tone| {
        let rate = format!("{}/s", number(rate(summary, count)));
        let cells = vec![clean(name).into(), count.to_string().into(), rate.into()];
        table.row(tone, cells);
    };
    row("begun", requests.started, Tone::Plain);
    row("completed", requests.completed, Tone::Plain);
    for (reason, count) in &requests.rejected {
        let name = match summary.error_bodies.get(reason) {
            Some(body) => format!("rejected: {reason} ({})", one_line(body)),
            None => format!("rejected: {reason}"),
        };
        row(&name, *count, Tone::Bad);
    }
    for (reason, count) in &requests.failed {
        row(&format!("failed: {reason}"), *count, Tone::Bad);
    }
    if requests.cut > 0 {
        row(
            "cut: still streaming at the end",
            requests.cut,
            Tone::Warning,
        );
    }
    if requests.resent > 0 {
        row(
            "sent again on a new connection",
            requests.resent,
            Tone::Plain,
        );
    }
    row("tokens", summary.tokens, Tone::Plain);
    for (name, count) in [
        ("data sent", summary.bytes_sent),
        ("data received", summary.bytes_received),
    ] {
        let rate = format!("{}/s", bytes(rate(summary, count) as u64));
        table.row(
            Tone::Plain,
            vec![name.into(), bytes(count).into(), rate.into()],
        );
    }
    table.block()
}

/// Returns checks and thresholds with their results.
pub fn verdicts(summary: &LoadSummary) -> Option<Block> {
    let mut table = Table::new("Thresholds and checks")
        .words("")
        .words("result");
    let tone = |ok| if ok { Tone::Good } else { Tone::Bad };
    for threshold in &summary.thresholds {
        let result = if threshold.ok { "met" } else { "crossed" };
        let result = format!("{result}: {}", measured(threshold));
        table.row(
            tone(threshold.ok),
            vec![clean(&threshold.expr).into(), result.into()],
        );
    }
    for check in &summary.checks {
        let result = format!("{} passed, {} failed", check.passed, check.failed);
        table.row(
            tone(check.failed == 0),
            vec![clean(&check.name).into(), result.into()],
        );
    }
    filled(table)
}

/// Returns CPU time, memory and timers of the load generator.
pub fn client(summary: &LoadSummary) -> Block {
    let client = &summary.client;
    let mut table = Table::new("CPU, memory and timers")
        .words("")
        .number("value");
    let mut row = |name: &str, value: String| {
        table.row(Tone::Plain, vec![name.into(), value.into()]);
    };
    row("CPU time", duration(client.cpu_ns));
    if let Some(each) = client.cpu_ns.checked_div(summary.tokens) {
        row("CPU time per token", duration(each));
    }
    row("highest resident set", bytes(client.peak_rss_bytes));
    row("timers late, p99", duration(client.scheduling_delay_p99_ns));
    if client.stamp_error_p99_ns > 0 {
        row("sent to seen, median", duration(client.stamp_error_p50_ns));
        row("sent to seen, p99", duration(client.stamp_error_p99_ns));
    }
    if client.requested_rate > 0.0 {
        row("requests/s due", number(client.requested_rate));
        row("requests/s begun", number(client.achieved_rate));
        row("requests begun late", client.late_starts.to_string());
    }
    table.block()
}
