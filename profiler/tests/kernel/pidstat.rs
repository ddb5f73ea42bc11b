//! CPU time and resident memory over time, compared with pidstat and the kernel's page tables.

use crate::support::{assert_sound, record_with};
use std::process::Command;

/// Seconds observed.
const SECONDS: usize = 4;

#[test]
fn agrees_with_pidstat() {
    let (mut table, mut resident) = (String::new(), 0);
    let recording = record_with(&["pulse", "4"], &[], |pid| {
        let count = (SECONDS - 1).to_string();
        let output = Command::new("pidstat")
            .args(["-u", "-r", "-h", "-p", &pid.to_string(), "1", &count])
            .env("LC_ALL", "C")
            .output()
            .expect("pidstat is missing: install it with `apt-get install sysstat`");
        table = String::from_utf8(output.stdout).expect("text");
        resident = resident_kib(pid);
    });
    assert_sound(&recording);
    let cpu = mean_cpu(&table);
    let series: Vec<_> = recording.cpu.series.iter().take(SECONDS - 1).collect();
    let busy: u64 = series.iter().map(|point| point.on_cpu_ns).sum();
    let ours = busy as f64 * 100.0 / series.last().expect("a point a second").t_ns as f64;
    // pidstat counts in ticks of 10 ms, one percent of its second, and starts at another instant.
    // It leaves out steal, which the series includes.
    let steal = recording.host.steal_ns as f64 / (SECONDS as f64 * 1e7);
    assert!(
        (-2.0..=2.0 + steal).contains(&(ours - cpu)),
        "ours {ours} %, pidstat {cpu} %, steal at most {steal} %\n{table}"
    );
    let last = recording
        .memory
        .series
        .last()
        .expect("a point a second")
        .rss_bytes
        / 1024;
    assert!(
        last.abs_diff(resident) <= resident / 50,
        "ours {last} KiB, page tables {resident} KiB"
    );
}

/// Returns the resident memory by the page tables. pidstat reads `/proc/PID/stat`, which leaves out
/// what each CPU has counted but not yet added: up to 32 pages a CPU and kind of memory.
fn resident_kib(pid: u32) -> u64 {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(path).expect("readable");
    let line = text.lines().find_map(|line| line.strip_prefix("Rss:"));
    let kib = line.expect("a line").trim().trim_end_matches(" kB");
    kib.parse().expect("a number")
}

/// Returns the mean of the column `%CPU`.
fn mean_cpu(table: &str) -> f64 {
    let header = table
        .lines()
        .find(|line| line.starts_with('#'))
        .expect("a header");
    let column = |name: &str| {
        header
            .split_whitespace()
            .position(|word| word == name)
            .expect("a column")
            - 1
    };
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .map(|line| line.split_whitespace().collect())
        .collect();
    let cpu = rows
        .iter()
        .map(|row| row[column("%CPU")].parse::<f64>().expect("a number"))
        .sum::<f64>();
    cpu / rows.len() as f64
}
