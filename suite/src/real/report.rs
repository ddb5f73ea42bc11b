//! Recordings beside other counters, as tables.

use super::Outcome;
use super::reference::{Counted, first_line};
use recording::Recording;
use recording::format::{self, percent_tenths};
use recording::process::Syscall;
use std::cmp::Reverse;
use std::fmt::Write;
use syscalls::Sysno;

/// System calls that are compared, the most frequent ones.
const MOST: usize = 10;
/// Allowed difference of counts.
const COUNTS: f64 = 0.01;
/// The quantity that is a time, not a count.
const CPU_TIME: &str = "CPU time";
/// Allowed difference of CPU time. The two tools read their clocks at different places in a switch.
const CPU: f64 = 0.02;
/// Allowed difference of CPU time of a program that is nearly idle.
const CPU_NS: f64 = 5e6;

/// One quantity, by kontrast and by another tool.
pub struct Row {
    quantity: String,
    /// Tool that the quantity is compared with.
    tool: &'static str,
    kontrast: f64,
    other: f64,
    /// Allowed difference, absolute.
    tolerance: f64,
}

impl Row {
    fn is_right(&self) -> bool {
        (self.kontrast - self.other).abs() <= self.tolerance
    }

    fn difference(&self) -> f64 {
        match self.other {
            0.0 => 0.0,
            other => self.kontrast / other - 1.0,
        }
    }
}

/// Returns the quantities that both have.
pub fn compare(recording: &Recording, counted: &Counted) -> Vec<Row> {
    let process = &recording.process;
    // A thread may be inside of a call, or of a switch, at both ends.
    let edges = 2.0 * (counted.threads + counted.processes) as f64;
    let count = |quantity: String, tool, kontrast: u64, other: u64| Row {
        quantity,
        tool,
        kontrast: kontrast as f64,
        other: other as f64,
        tolerance: (COUNTS * other as f64).max(edges),
    };
    let cpu_ns = counted.cpu_ns as f64;
    let mut rows = vec![Row {
        quantity: CPU_TIME.into(),
        tool: "perf stat",
        // perf does not take steal out.
        kontrast: (process.on_cpu_ns + process.steal_ns) as f64,
        other: cpu_ns,
        tolerance: (CPU * cpu_ns).max(CPU_NS),
    }];
    let switches = process.voluntary_switches + process.involuntary_switches;
    rows.push(count(
        "context switches".into(),
        "perf stat",
        switches,
        counted.switches,
    ));
    let faults = recording.faults.minor + recording.faults.major;
    rows.push(count(
        "page faults".into(),
        "perf stat",
        faults,
        counted.faults,
    ));
    let mut calls: Vec<_> = counted.syscalls.iter().collect();
    calls.sort_by_key(|(_, count)| Reverse(**count));
    for (number, other) in calls.into_iter().take(MOST) {
        let name = Sysno::new(*number as usize).map_or("unknown", |known| known.name());
        let ours = recording
            .syscalls
            .iter()
            .filter(|call: &&Syscall| call.name == name);
        let ours = ours.map(|call| call.count).sum();
        rows.push(count(name.into(), "bpftrace", ours, *other));
    }
    rows
}

/// Returns whether the recording is valid, and no row departs by more than its tolerance.
pub fn is_right(outcome: &Outcome) -> bool {
    let checks = outcome.recording.checks.iter().all(|check| check.ok);
    outcome.status.success() && checks && outcome.rows.iter().all(Row::is_right)
}

/// Returns one line for each program, and the host.
pub fn overview(outcomes: &[Outcome]) -> String {
    let mut text = String::from(
        "| program | exit | checks | CPU time | switches | page faults | ten most frequent syscalls | right |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for outcome in outcomes {
        let checks = &outcome.recording.checks;
        let hold = checks.iter().filter(|check| check.ok).count();
        let differences: Vec<f64> = outcome.rows.iter().map(Row::difference).collect();
        let (first, calls) = differences.split_at(3.min(differences.len()));
        let worst = calls
            .iter()
            .fold(0.0_f64, |worst, one| worst.max(one.abs()));
        let exit = outcome
            .status
            .code()
            .map_or("signal".into(), |code| code.to_string());
        let first: Vec<String> = first.iter().map(|share| signed(*share)).collect();
        let right = if is_right(outcome) { "yes" } else { "no" };
        writeln!(
            text,
            "| {} | {exit} | {hold} of {} hold | {} | at most {} apart | {right} |",
            outcome.name,
            checks.len(),
            first.join(" | "),
            percent_tenths(worst)
        )
        .unwrap_or_default();
    }
    let cpus = std::thread::available_parallelism().map_or(0, |cpus| cpus.get());
    let kernel = first_line("uname", &["-sr"]);
    writeln!(
        text,
        "\nDifferences are kontrast's figure against the other tool's. Host: {kernel}, {cpus} CPUs."
    )
    .unwrap_or_default();
    text
}

/// Returns every row of a program.
pub fn details(outcome: &Outcome) -> String {
    let mut text = format!(
        "\n### {}\n\n| quantity | kontrast | other | tool | difference | allowed |\n|---|---|---|---|---|---|\n",
        outcome.name
    );
    for row in &outcome.rows {
        let shown = |value: f64| match &*row.quantity {
            CPU_TIME => format::duration(value as u64),
            _ => format::count(value as u64),
        };
        let mark = if row.is_right() { "" } else { " **wrong**" };
        writeln!(
            text,
            "| {} | {} | {} | {} | {}{mark} | ± {} |",
            row.quantity,
            shown(row.kontrast),
            shown(row.other),
            row.tool,
            signed(row.difference()),
            shown(row.tolerance)
        )
        .unwrap_or_default();
    }
    for check in outcome.recording.checks.iter().filter(|check| !check.ok) {
        writeln!(
            text,
            "\nCheck {} failed: expected {}, measured {}, tolerance {} {}. {}",
            check.name, check.expected, check.measured, check.tolerance, check.unit, check.note
        )
        .unwrap_or_default();
    }
    text
}

fn signed(share: f64) -> String {
    match share {
        share if share > 0.0 => format!("+{}", percent_tenths(share)),
        share => percent_tenths(share),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn rows(read: u64) -> Vec<Row> {
        let mut recording = Recording::default();
        recording.process.on_cpu_ns = 1_000_000_000;
        recording.process.voluntary_switches = 500;
        recording.syscalls = vec![Syscall {
            name: "read".into(),
            count: read,
            ..Syscall::default()
        }];
        let counted = Counted {
            cpu_ns: 1_010_000_000,
            switches: 500,
            syscalls: BTreeMap::from([(Sysno::read as u32, 10_000)]),
            processes: 1,
            threads: 1,
            ..Counted::default()
        };
        compare(&recording, &counted)
    }

    #[test]
    fn accepts_counts_within_a_hundredth() {
        assert!(rows(10_099).iter().all(Row::is_right));
    }

    #[test]
    fn rejects_counts_that_depart() {
        let wrong: Vec<String> = rows(10_101)
            .into_iter()
            .filter(|row| !row.is_right())
            .map(|row| row.quantity)
            .collect();
        assert_eq!(wrong, ["read"]);
    }
}
