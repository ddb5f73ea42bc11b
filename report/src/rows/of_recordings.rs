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
