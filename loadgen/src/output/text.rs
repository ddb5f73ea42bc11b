//! Terminal summary, in the layout of k6.

use super::steps;
use crate::clock::SECOND;
use recording::LoadSummary;
use recording::format::{bytes, count, duration, number};
use recording::load::{Distribution, LoadCheck, MaxSustained, Threshold};
use std::io::{self, Write};

/// Writes the summary of a run.
///
/// # Errors
/// If `out` cannot be written.
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
        let (expr, value) = (&threshold.expr, measured(threshold));
        writeln!(out, "  {mark} {expr}: measured {value}")?;
    }
    write_requests(summary, out)?;
    let kinds = &summary.token_kinds;
    for (name, distribution) in super::distributions(summary) {
        // Without reasoning and tool calls, the first token is the first of the answer.
        if name != "ttfo" || kinds.reasoning + kinds.tool_call > 0 {
            write_distribution(name, distribution, out)?;
        }
    }
    write_goodput(summary, out)?;
    steps::write(summary, out)?;
    write_client(summary, out)
}

/// Returns the measured value of a threshold with its unit.
pub(super) fn measured(threshold: &Threshold) -> String {
    let value = number(threshold.value);
    match threshold.unit.as_str() {
        "" => value,
        "/s" => format!("{value}/s"),
        unit => format!("{value} {unit}"),
    }
}

/// Returns `events` a second of the time for which load was offered.
pub(super) fn rate(summary: &LoadSummary, events: u64) -> f64 {
    crate::clock::per_second(events, summary.duration_ns)
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
        _ => format!("  {}/s", number(count as f64 / seconds)),
    };
    writeln!(out)?;
    line(out, "duration", &duration(summary.duration_ns))?;
    let begun = format!(
        "{} begun{}",
        count(requests.started),
        rate(requests.started)
    );
    line(out, "requests", &begun)?;
    let completed = format!("{}{}", count(requests.completed), rate(requests.completed));
    line(out, "completed", &completed)?;
    for (reason, count) in &requests.rejected {
        line(out, "  rejected", &format!("{count}  {reason}"))?;
        if let Some(body) = summary.error_bodies.get(reason) {
            line(out, "    body", &one_line(body))?;
        }
    }
    for (reason, count) in &requests.failed {
        line(out, "failed", &format!("{count}  {reason}"))?;
    }
    if requests.resent > 0 {
        let resent = format!(
            "{}  on new connections, the old ones were closed",
            requests.resent
        );
        line(out, "resent", &resent)?;
    }
    if requests.cut > 0 {
        let cut = format!("{}  still streaming at the end", requests.cut);
        line(out, "cut", &cut)?;
    }
    write_tokens(summary, &rate, out)?;
    line(out, "data_sent", &bytes(summary.bytes_sent))?;
    line(out, "data_received", &bytes(summary.bytes_received))
}

fn write_tokens(
    summary: &LoadSummary,
    rate: &dyn Fn(u64) -> String,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (tokens, chunks) = (summary.tokens, summary.chunks);
    let mut text = format!(
        "{}{}  in {} chunks",
        count(tokens),
        rate(tokens),
        count(chunks)
    );
    if summary.tpot.p50_ns > 0 {
        let stream = SECOND as f64 / summary.tpot.p50_ns as f64;
        text += &format!(", {}/s per stream", number(stream));
    }
    line(out, "tokens", &text)?;
    let kinds = &summary.token_kinds;
    if kinds.reasoning + kinds.tool_call > 0 {
        let text = format!(
            "{} answer, {} reasoning, {} tool calls (good answers)",
            kinds.answer, kinds.reasoning, kinds.tool_call
        );
        line(out, "  by kind", &text)?;
    }
    let Some(usage) = &summary.usage else {
        return Ok(());
    };
    let text = format!(
        "{} prompt, {} completion, {} of them reasoning ({} answers)",
        usage.prompt_tokens, usage.completion_tokens, usage.reasoning_tokens, usage.answers
    );
    line(out, "  usage", &text)
}

/// Returns text from a server on one line, without control characters.
pub(super) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace(char::is_control, "\u{fffd}")
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
    let columns = columns.map(|(name, ns)| format!("{name}={:<8}", duration(ns)));
    line(out, name, columns.join(" ").trim_end())
}

fn write_goodput(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    let Some(goodput) = &summary.goodput else {
        return Ok(());
    };
    let share = 100.0 * goodput.met as f64 / goodput.ended.max(1) as f64;
    let text = format!(
        "{} %  {} of {} requests met {}",
        number(share),
        goodput.met,
        goodput.ended,
        goodput.slo
    );
    line(out, "goodput", &text)
}

fn write_client(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    let client = &summary.client;
    let each = match (summary.tokens, summary.requests.completed) {
        (0, 0) => String::new(),
        (0, completed) => format!(", {} per request", duration(client.cpu_ns / completed)),
        (tokens, _) => format!(", {} per token", duration(client.cpu_ns / tokens)),
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
        let (due, begun) = (number(client.requested_rate), number(client.achieved_rate));
        let late = format!(
            "{} more than 10 ms late, p(99) {}",
            client.late_starts,
            duration(client.start_delay_p99_ns)
        );
        line(
            out,
            "requests/s",
            &format!("{due} due, {begun} begun, {late}"),
        )?;
    }
    write_verdicts(summary, out)
}

fn write_verdicts(summary: &LoadSummary, out: &mut dyn Write) -> io::Result<()> {
    if let Some(held) = &summary.max_sustained {
        let MaxSustained {
            load,
            unit,
            crossed_at,
            ..
        } = held;
        let crossed = crossed_at.map_or("no threshold was crossed".into(), |at| {
            format!("a threshold was crossed at {}", number(at))
        });
        let load = number(*load);
        writeln!(out, "\n  Max sustained: {load} {unit}; {crossed}.")?;
    }
    if let Some(reason) = &summary.ended_early {
        writeln!(out, "\n  PARTIAL: the load ended early: {reason}.")?;
    }
    if let Some(silent_ns) = summary.unresponsive_ns {
        let silent = duration(silent_ns);
        writeln!(
            out,
            "\n  FAILED: the server stopped answering {silent} before the end."
        )?;
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
    fn reads_like_the_summary_of_k6() {
        let mut text = Vec::new();
        write(&crate::output::tests::summary(), &mut text).unwrap();
        insta::assert_snapshot!(String::from_utf8(text).unwrap(), @r"
          scenario quick · http://127.0.0.1:8080/chat

          ✗ status is 200: 10 passed, 1 failed
          ✗ ttft:p(95)<5ms: measured 19 ms

          duration..........: 2.00 s
          requests..........: 14 begun  7/s
          completed.........: 11  5.50/s
            rejected........: 1  status 502
          failed............: 1  connection reset
          cut...............: 2  still streaming at the end
          tokens............: 500  250/s  in 500 chunks
          data_sent.........: 1,000 B
          data_received.....: 121 KiB
          ttfb..............: avg=550 µs   min=99.8 µs  med=500 µs   p(90)=900 µs   p(95)=1.00 ms  p(99)=1.00 ms  max=1.00 ms
          ttft..............: avg=11.0 ms  min=2.00 ms  med=10.0 ms  p(90)=18.0 ms  p(95)=20.0 ms  p(99)=20.0 ms  max=20.0 ms
          chunk_interval....: none measured
          itl...............: none measured
          tpot..............: none measured
          total.............: avg=550 ms   min=99.9 ms  med=500 ms   p(90)=900 ms   p(95)=1.00 s   p(99)=1.00 s   max=1.00 s
          step create (POST /threads): 10 good
            total...........: p(50)=2.50 ms  p(90)=4.50 ms  p(99)=5.00 ms
          step read (GET /threads/{user}): 9 good, 1 failed
            total...........: p(50)=2.50 ms  p(90)=4.50 ms  p(99)=5.00 ms
          loadgen...........: 5.00 ms CPU, 10.0 µs per token, 9.54 MiB peak memory, timers p(99) 0 ns late

          INVALID: the load generator was the bottleneck: its timers were late.
        ");
    }
}
