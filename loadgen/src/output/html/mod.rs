//! HTML page of one load, in the style of the product's reports. It loads nothing from elsewhere.
//!
//! Charts and page come from the crate `report`, so that all pages of the product look alike.

mod charts;
mod tables;

use super::text::rate;
use recording::LoadSummary;
use recording::format::{duration, number};
use report::clean::clean;
use report::document::{Block, Chapter, Document, Fact, Headline, Notice, Section, Tone};
use std::io::Write;
use std::time::{Duration, UNIX_EPOCH};

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
    let mut sections = vec![
        section("verdict", "Verdict", verdict(summary)),
        section("latency", "Latency", latency(summary)),
        section("time", "Over time", charts::over_time(summary)),
        section("requests", "Requests", vec![tables::requests(summary)]),
        section("client", "Load generator", vec![tables::client(summary)]),
    ];
    sections.retain(|section| !section.blocks.is_empty());
    Document {
        title: clean(&format!("Load: {}", summary.scenario)),
        subtitle: clean(&summary.urls.join(" ")),
        notices: notices(summary),
        chapters: Chapter::only(sections),
        ..Document::default()
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
            "Partial: the load ended early",
            std::slice::from_ref(reason),
        )
    });
    let silent = summary.unresponsive_ns.map(|silent_ns| {
        let line = format!("No byte came in the last {}.", duration(silent_ns));
        notice(Tone::Bad, "Failed: the server stopped answering", &[line])
    });
    let client = &summary.client;
    let saturated = client.saturated.then(|| {
        notice(
            Tone::Bad,
            "Invalid: the load generator was the bottleneck",
            &client.saturated_by,
        )
    });
    early.chain(silent).chain(saturated).collect()
}

/// Returns the answer in one sentence, the checks and thresholds, and the facts of the run.
fn verdict(summary: &LoadSummary) -> Vec<Block> {
    let mut blocks = vec![Block::Headlines {
        lines: vec![Headline {
            text: clean(&headline(summary)),
            detail: clean(&detail(summary)),
            table: None,
            notes: Vec::new(),
            evidence: Vec::new(),
        }],
    }];
    blocks.extend(tables::verdicts(summary));
    blocks.push(Block::Facts {
        rows: facts(summary),
    });
    blocks
}

fn headline(summary: &LoadSummary) -> String {
    let requests = &summary.requests;
    let good = summary.total.count;
    let bad = requests.started - good.min(requests.started);
    let crossed: Vec<&str> = summary
        .thresholds
        .iter()
        .filter(|threshold| !threshold.ok)
        .map(|threshold| threshold.expr.as_str())
        .collect();
    let share = 100.0 * good as f64 / requests.started.max(1) as f64;
    let answered = match bad {
        0 => format!("All {good} requests were answered and passed their checks"),
        _ => format!(
            "{good} of {} requests ({} %) were answered and passed their checks",
            requests.started,
            number(share)
        ),
    };
    match crossed[..] {
        [] if summary.thresholds.is_empty() => format!("{answered}."),
        [] => format!("{answered}; every threshold was met."),
        _ => format!("{answered}; crossed: {}.", crossed.join(", ")),
    }
}

fn detail(summary: &LoadSummary) -> String {
    let mut parts = vec![format!(
        "{} requests/s over {}",
        number(rate(summary, summary.requests.completed)),
        duration(summary.duration_ns)
    )];
    if summary.tokens > 0 {
        parts.push(format!(
            "{} tokens/s",
            number(rate(summary, summary.tokens))
        ));
    }
    for (name, values) in [("ttft", &summary.ttft), ("tpot", &summary.tpot)] {
        if values.count > 0 {
            let (median, p99) = (duration(values.p50_ns), duration(values.p99_ns));
            parts.push(format!("{name} {median} (median), {p99} (p99)"));
        }
    }
    parts.join(" · ")
}

fn facts(summary: &LoadSummary) -> Vec<Fact> {
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| {
        facts.push(Fact {
            name: name.into(),
            value: clean(&value),
        });
    };
    if let Some(origin) = &summary.origin {
        let start = UNIX_EPOCH + Duration::from_nanos(origin.start_unix_ns);
        let start = humantime::format_rfc3339_seconds(start);
        fact("start", start.to_string());
        fact("host", origin.host.clone());
        fact("version", format!("loadgen {}", origin.version));
        fact("command", origin.command.join(" "));
    }
    fact("duration", duration(summary.duration_ns));
    if let Some(goodput) = &summary.goodput {
        let share = 100.0 * goodput.met as f64 / goodput.ended.max(1) as f64;
        let text = format!("{} % of requests met {}", number(share), goodput.slo);
        fact("goodput", text);
    }
    if let Some(held) = &summary.max_sustained {
        fact(
            "max sustained",
            format!("{} {}", number(held.load), held.unit),
        );
    }
    let kinds = &summary.token_kinds;
    if kinds.reasoning + kinds.tool_call > 0 {
        let text = format!(
            "{} answer, {} reasoning, {} tool calls",
            kinds.answer, kinds.reasoning, kinds.tool_call
        );
        fact("tokens by kind", text);
    }
    facts
}

fn latency(summary: &LoadSummary) -> Vec<Block> {
    let table = tables::latencies(summary);
    let steps = tables::steps(&summary.steps);
    let distributions = charts::distributions(summary);
    table
        .into_iter()
        .chain(distributions)
        .chain(steps)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::load::{LoadPoint, Origin};

    fn page(summary: &LoadSummary) -> String {
        let mut page = Vec::new();
        write(summary, &mut page).unwrap();
        String::from_utf8(page).unwrap()
    }

    #[test]
    fn shows_the_run_and_escapes_its_texts() {
        let mut summary = crate::output::tests::summary();
        summary.urls = vec!["http://x/<script>alert(1)</script>\u{1b}[31m".into()];
        let page = page(&summary);
        assert!(page.contains("<svg") && page.contains("ttft"));
        assert!(!page.contains("<script>alert") && !page.contains('\u{1b}'));
        assert!(page.contains("Steps") && page.contains("{user}"));
        assert!(page.contains("timers were late"), "why the run is invalid");
    }

    #[test]
    fn begins_with_the_verdict_and_its_date() {
        let mut summary = crate::output::tests::summary();
        summary.origin = Some(Origin {
            start_unix_ns: 1_764_000_000_000_000_000,
            host: "host-1".into(),
            ..Origin::default()
        });
        assert_eq!(document(&summary).chapters[0].sections[0].title, "Verdict");
        let page = page(&summary);
        assert!(page.contains("10 of 14 requests (71.4 %)"), "{page}");
        assert!(page.contains("crossed: ttft:p(95)&lt;5ms"), "{page}");
        assert!(page.contains("2025-11-24T") && page.contains("host-1"));
    }

    #[test]
    fn shows_nothing_empty_for_a_short_run() {
        let mut summary = crate::output::tests::summary();
        summary.series = vec![LoadPoint::default()];
        summary.steps.clear();
        summary.thresholds.clear();
        summary.checks.clear();
        let document = document(&summary);
        let titles: Vec<&str> = document.sections().map(|section| section.title).collect();
        assert_eq!(titles, ["Verdict", "Latency", "Requests", "Load generator"]);
        for block in document.sections().flat_map(|section| &section.blocks) {
            match block {
                Block::Table(table) => assert!(!table.rows.is_empty(), "{}", table.caption),
                Block::Figure(figure) => assert!(!figure.chart.is_empty(), "{}", figure.title),
                _ => {}
            }
        }
    }

    #[test]
    fn renders_an_empty_run() {
        page(&LoadSummary::default());
    }
}
