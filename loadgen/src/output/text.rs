//! The summary at the end, in the shape k6's users know.

use super::format::{bytes, digits, duration};
use super::steps;
use crate::clock::SECOND;
use recording::LoadSummary;
use recording::load::{Distribution, Held, LoadCheck};
use std::io::{self, Write};

/// Writes the summary of a run.
///
/// # Errors
/// Those of `out`.
pub fn write(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "\n  scenario {} · {}\n",
        summary.scenario,
        summary.urls.join(" ")
    )?;
    for check in &summary.checks {
        write_check(check, out)?;
    }
    for threshold in &summary.thresholds {
        let mark = if threshold.ok { '✓' } else { '✗' };
        writeln!(
            out,
            "  {mark} {}: measured {}",
            threshold.expr,
            digits(threshold.value)
        )?;
    }
    write_requests(summary, out)?;
    for (name, distribution) in super::distributions(summary) {
        write_distribution(name, distribution, out)?;
    }
    steps::write(summary, out)?;
    write_client(summary, out)
}

fn write_check(check: &LoadCheck, out: &mut dyn Write) -> io::Result<()> {
    let LoadCheck {
        name,
        passed,
        failed,
    } = check;
    match failed {
        0 => writeln!(out, "  ✓ {name}"),
        _ => writeln!(out, "  ✗ {name}: {passed} passed, {failed} failed"),
    }
}

fn line(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "  {name:.<18}: {value}")
}

fn write_requests(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    let requests = &summary.requests;
    let seconds = summary.duration_ns as f64 / SECOND as f64;
    let rate = |count: u64| match seconds {
        0.0 => String::new(),
        _ => format!("  {}/s", digits(count as f64 / seconds)),
    };
    writeln!(out)?;
    line(out, "duration", &duration(summary.duration_ns))?;
    line(
        out,
        "requests",
        &format!("{} begun{}", requests.started, rate(requests.started)),
    )?;
    line(
        out,
        "completed",
        &format!("{}{}", requests.completed, rate(requests.completed)),
    )?;
    for (reason, count) in &requests.rejected {
        line(out, "  wrong", &format!("{count}  {reason}"))?;
    }
    for (reason, count) in &requests.failed {
        line(out, "failed", &format!("{count}  {reason}"))?;
    }
    if requests.cut > 0 {
        line(
            out,
            "cut",
            &format!("{}  still streaming at the end", requests.cut),
        )?;
    }
    line(
        out,
        "tokens",
        &format!(
            "{}{}  in {} chunks",
            summary.tokens,
            rate(summary.tokens),
            summary.chunks
        ),
    )?;
    line(out, "data_sent", &bytes(summary.bytes_sent))?;
    line(out, "data_received", &bytes(summary.bytes_received))
}

fn write_distribution(name: &str, values: &Distribution, out: &mut dyn Write) -> io::Result<()> {
    if values.count == 0 {
        return line(out, name, "none measured");
    }
    let columns = [
        ("avg", values.mean_ns),
        ("min", values.min_ns),
        ("med", values.p50_ns),
        ("p(90)", values.p90_ns),
        ("p(95)", values.p95_ns),
        ("p(99)", values.p99_ns),
        ("max", values.max_ns),
    ];
    let columns = columns.map(|(name, ns)| format!("{name}={:<7}", duration(ns)));
    line(out, name, columns.join(" ").trim_end())
}

fn write_client(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    let client = &summary.client;
    let each = match (summary.tokens, summary.requests.completed) {
        (0, 0) => String::new(),
        (0, completed) => format!(", {} a request", duration(client.cpu_ns / completed)),
        (tokens, _) => format!(", {} a token", duration(client.cpu_ns / tokens)),
    };
    let usage = format!(
        "{} CPU{each}, {} peak memory, timers p(99) {} late",
        duration(client.cpu_ns),
        bytes(client.peak_rss_bytes),
        duration(client.scheduling_delay_p99_ns)
    );
    line(out, "loadgen", &usage)?;
    if client.stamp_error_p99_ns > 0 {
        let (p50, p99) = (
            duration(client.stamp_error_p50_ns),
            duration(client.stamp_error_p99_ns),
        );
        line(out, "sent to seen", &format!("med={p50} p(99)={p99}"))?;
    }
    if client.requested_rate > 0.0 {
        let (asked, begun) = (digits(client.requested_rate), digits(client.achieved_rate));
        let late = format!(
            "{} more than 10ms late, p(99) {}",
            client.late_starts,
            duration(client.start_delay_p99_ns)
        );
        line(
            out,
            "requests/s",
            &format!("{asked} asked, {begun} begun, {late}"),
        )?;
    }
    write_verdicts(summary, out)
}

fn write_verdicts(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    if let Some(held) = &summary.held {
        let Held {
            load,
            unit,
            crossed_at,
            ..
        } = held;
        let crossed = crossed_at.map_or("never crossed".into(), |at| {
            format!("crossed at {}", digits(at))
        });
        writeln!(
            out,
            "\n  The thresholds held up to {} {unit}, {crossed}.",
            digits(*load)
        )?;
    }
    if let Some(reason) = &summary.ended_early {
        writeln!(out, "\n  PARTIAL: the load ended early: {reason}.")?;
    }
    for reason in &summary.client.saturated_by {
        writeln!(
            out,
            "\n  INVALID: the load generator was the bottleneck: {reason}."
        )?;
    }
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_reads_like_k6s() {
        let mut text = Vec::new();
        write(&crate::output::tests::summary(), &mut text).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
          scenario quick · http://127.0.0.1:8080/chat

          ✗ status is 200: 10 passed, 1 failed
          ✗ ttft:p(95)<5ms: measured 19.0

          duration..........: 2.00s
          requests..........: 14 begun  7.00/s
          completed.........: 11  5.50/s
            wrong...........: 1  status 502
          failed............: 1  connection reset
          cut...............: 2  still streaming at the end
          tokens............: 500  250/s  in 500 chunks
          data_sent.........: 1.00 kB
          data_received.....: 123 kB
          ttfb..............: avg=550µs   min=99.8µs  med=500µs   p(90)=900µs   p(95)=1.00ms  p(99)=1.00ms  max=1.00ms
          ttft..............: avg=11.0ms  min=2.00ms  med=10.0ms  p(90)=18.0ms  p(95)=20.0ms  p(99)=20.0ms  max=20.0ms
          chunk_interval....: none measured
          itl...............: none measured
          total.............: avg=550ms   min=99.9ms  med=500ms   p(90)=900ms   p(95)=1.00s   p(99)=1.00s   max=1.00s
          step create (POST /threads): 10 good
            total...........: p(50)=2.50ms  p(90)=4.50ms  p(99)=5.00ms
          step read (GET /threads/{user}): 9 good, 1 failed
            total...........: p(50)=2.50ms  p(90)=4.50ms  p(99)=5.00ms
          loadgen...........: 5.00ms CPU, 10.0µs a token, 10.0 MB peak memory, timers p(99) 0µs late

          INVALID: the load generator was the bottleneck: its timers were late.
        ");
    }
}
