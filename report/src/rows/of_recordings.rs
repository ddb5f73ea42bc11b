//! Rows of recordings.

use crate::clean::clean;
use recording::Recording;
use serde_json::{Value, json};

pub(super) const THREADS: &[&str] = &[
    "recording",
    "arm",
    "tid",
    "name",
    "role",
    "on_cpu_ns",
    "user_ns",
    "kernel_ns",
    "run_queue_ns",
    "off_cpu_ns",
    "voluntary_switches",
    "involuntary_switches",
    "wakeups",
    "migrations",
];
pub(super) const SYSCALLS: &[&str] = &[
    "recording",
    "arm",
    "name",
    "count",
    "on_cpu_ns",
    "blocked_ns",
];
pub(super) const CHECKS: &[&str] = &[
    "recording",
    "arm",
    "name",
    "expected",
    "measured",
    "tolerance",
    "unit",
    "ok",
];

pub(super) const SERIES: &[&str] = &["recording", "arm", "t_ns", "name", "value", "unit"];
pub(super) const PROBES: &[&str] = &[
    "recording",
    "arm",
    "group",
    "source",
    "program",
    "runs",
    "run_ns",
];

/// Returns a row for each value over time of each recording.
pub(super) fn series(recordings: &[(String, Recording)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (path, recording) in recordings {
        let mut add = |t_ns: u64, name: &str, value: u64, unit: &str| {
            let mut row = head(path, recording);
            row.extend([json!(t_ns), json!(name), json!(value), json!(unit)]);
            rows.push(row);
        };
        for point in &recording.cpu.series {
            add(point.t_ns, "on_cpu_ns", point.on_cpu_ns, "ns");
            add(point.t_ns, "user_ns", point.user_ns, "ns");
            add(point.t_ns, "kernel_ns", point.kernel_ns, "ns");
        }
        for point in &recording.memory.series {
            add(point.t_ns, "rss_bytes", point.rss_bytes, "bytes");
        }
        for point in recording.load.iter().flat_map(|load| &load.series) {
            add(point.t_ns, "tokens", point.tokens, "tokens");
            add(point.t_ns, "completed", point.completed, "requests");
            add(point.t_ns, "ttft_p50_ns", point.ttft_p50_ns, "ns");
        }
    }
    rows
}

/// Returns a row for each eBPF program that ran in each recording.
pub(super) fn probes(recordings: &[(String, Recording)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (path, recording) in recordings {
        for group in &recording.observer.probe_groups {
            rows.extend(group.costs.iter().map(|cost| {
                let mut row = head(path, recording);
                row.extend([
                    json!(group.group.name()),
                    json!(clean(&group.source)),
                    json!(clean(&cost.program)),
                    json!(cost.runs),
                    json!(cost.run_ns),
                ]);
                row
            }));
        }
    }
    rows
}

/// Returns a row for each thread of each recording.
pub(super) fn threads(recordings: &[(String, Recording)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (path, recording) in recordings {
        rows.extend(recording.threads.iter().map(|thread| {
            let mut row = head(path, recording);
            row.extend([
                json!(thread.tid),
                json!(clean(&thread.name)),
                json!(clean(thread.role.label())),
                json!(thread.on_cpu_ns),
                json!(thread.user_ns),
                json!(thread.kernel_ns),
                json!(thread.run_queue_ns),
                json!(thread.off_cpu_ns),
                json!(thread.voluntary_switches),
                json!(thread.involuntary_switches),
                json!(thread.wakeups),
                json!(thread.migrations),
            ]);
            row
        }));
    }
    rows
}

/// Returns a row for each system call of each recording.
pub(super) fn syscalls(recordings: &[(String, Recording)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (path, recording) in recordings {
        rows.extend(recording.syscalls.iter().map(|call| {
            let mut row = head(path, recording);
            row.extend([
                json!(clean(&call.name)),
                json!(call.count),
                json!(call.on_cpu_ns),
                json!(call.blocked_ns),
            ]);
            row
        }));
    }
    rows
}

/// Returns a row for each check of each recording.
pub(super) fn checks(recordings: &[(String, Recording)]) -> Vec<Vec<Value>> {
    let mut rows = Vec::new();
    for (path, recording) in recordings {
        rows.extend(recording.checks.iter().map(|check| {
            let mut row = head(path, recording);
            row.extend([
                json!(clean(&check.name)),
                json!(check.expected),
                json!(check.measured),
                json!(check.tolerance),
                json!(clean(&check.unit)),
                json!(check.ok),
            ]);
            row
        }));
    }
    rows
}

fn head(path: &str, recording: &Recording) -> Vec<Value> {
    vec![json!(clean(path)), json!(clean(&recording.target.arm))]
}
