//! The result as text.

use std::fmt::Write;

use recording::comparison::{Claim, ClaimVerdict};
use recording::format;
use recording::vocabulary::Unit;

use super::rows::{self, Row};
use super::{Report, Stop};

/// Headings of idle tasks, with their metrics.
const IDLE: [(&str, &str); 7] = [
    ("Memory of an idle task: resident set", "rss_bytes"),
    ("  kernel stacks (of the whole host)", "kernel_stack_bytes"),
    ("  page tables", "page_table_bytes"),
    (
        "Creating one, until all have started: wall clock",
        "create_ns",
    ),
    ("  CPU time", "create_cpu_ns"),
    ("Ending one, until all have ended: wall clock", "end_ns"),
    (
        "Resident set not given back 200 ms after the end",
        "kept_bytes",
    ),
];
/// Headings of other jobs, with their metrics.
const WORK: [(&str, &str); 2] = [("Wall clock", "ns"), ("CPU time", "cpu_ns")];
/// An interval that spans more than this factor gives no ratio.
const UNSURE: f64 = 100.0;
const WIDTH: usize = 22;

/// Formats the whole report.
pub fn text(report: &Report) -> String {
    let mut text = format!("{}\n{}\n\n", report.host, report.how);
    for kind in &report.kinds {
        text += &format!("{:<17} {}\n", kind.name, kind.is);
    }
    let idle: Vec<String> = report
        .jobs
        .iter()
        .filter(|job| job.starts_with("idle-"))
        .cloned()
        .collect();
    let work: Vec<String> = report
        .jobs
        .iter()
        .filter(|job| !job.starts_with("idle-"))
        .cloned()
        .collect();
    for (headings, jobs) in [(&IDLE[..], &idle), (&WORK[..], &work)] {
        for (heading, metric) in headings.iter().filter(|_| !jobs.is_empty()) {
            text += &table(report, heading, metric, jobs);
        }
    }
    text += &format!(
        "\n×: how many times that of {}, 95 % interval; ×?: rounds differ too much to say\n",
        report.kinds[0].name
    );
    text += &stops(&report.stops);
    text += &claims(&report.claims);
    text
}

/// Formats one line per kind and one column per job.
fn table(report: &Report, heading: &str, metric: &str, jobs: &[String]) -> String {
    let mut text = format!("\n{heading}\n{:<17}", "");
    for job in jobs {
        text += &format!(" {:>WIDTH$}", title(report, job));
    }
    for kind in &report.kinds {
        text += &format!("\n{:<17}", kind.name);
        for job in jobs {
            let row = rows::find(&report.rows, &kind.name, job, metric);
            text += &format!(" {:>WIDTH$}", row.map_or_else(|| "-".into(), cell));
        }
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

fn title(report: &Report, job: &str) -> String {
    let unit = report.rows.iter().find(|row| row.job == job);
    match (job.strip_prefix("idle-"), unit) {
        (Some(count), _) => format!("{count} at once"),
        (None, Some(row)) => format!("{job}, {}", row.unit),
        (None, None) => job.to_owned(),
    }
}

/// Formats the value, and the interval of its ratio to the first kind.
fn cell(row: &Row) -> String {
    let unit = if row.metric.ends_with("bytes") {
        Unit::Bytes
    } else {
        Unit::Ns
    };
    let mut text = format::quantity(row.value.value, unit);
    if let Some(ratio) = &row.ratio {
        let [low, high] = ratio.value.ci95.map(format::number);
        let [from, to] = ratio.value.ci95;
        match row.rounds {
            // One round has no interval.
            1 => write!(text, " ×{}", format::number(ratio.value.value)),
            _ if to > from * UNSURE => write!(text, " ×?"),
            _ => write!(text, " ×{low}–{high}"),
        }
        .expect("a string takes everything");
    }
    text
}

fn stops(stops: &[Stop]) -> String {
    let mut text = String::new();
    for stop in stops {
        let heading = if text.is_empty() {
            "\nStopped before the end\n"
        } else {
            ""
        };
        text += &format!("{heading}  {}, {}: {}\n", stop.kind, stop.job, stop.limit);
    }
    text
}

fn claims(claims: &[Claim]) -> String {
    let mut text = String::new();
    for claim in claims {
        let heading = if text.is_empty() { "\nClaims\n" } else { "" };
        let verdict = match claim.verdict {
            ClaimVerdict::Confirmed => "confirmed",
            ClaimVerdict::Refuted => "refuted",
            ClaimVerdict::Inconclusive => "inconclusive",
            ClaimVerdict::NotTested => "not tested",
        };
        let (said, measured) = (&claim.text, &claim.measured);
        text += &format!("{heading}  {verdict:<13} {said}\n{:16}{measured}\n", "");
    }
    text
}
