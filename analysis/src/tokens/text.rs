//! Sentences about tokens.

use recording::format::duration;
use recording::tokens::PathPart;
use recording::vocabulary::PathKind;

/// Parts that a sentence has.
const PARTS: usize = 3;

/// Returns a sentence about a token: `12.3 ms: 9.80 ms garbage collection on the main loop, …`.
pub(super) fn sentence(latency_ns: u64, parts: &[PathPart]) -> String {
    let (first, others) = parts.split_at(parts.len().min(PARTS));
    let mut words: Vec<String> = first.iter().map(part).collect();
    let rest: f64 = others.iter().map(|part| part.ns).sum();
    if rest > 0.0 {
        words.push(format!(
            "{} in {} smaller parts",
            duration(rest as u64),
            others.len()
        ));
    }
    format!("{}: {}", duration(latency_ns), words.join(", "))
}

/// Returns `1.10 ms in the run queue (main loop)`.
fn part(part: &PathPart) -> String {
    let state: String = match (part.kind, part.syscall.as_str()) {
        (PathKind::OtherWork, _) => "behind other work".into(),
        (PathKind::User, _) => "in user code".into(),
        (PathKind::Syscall, name) => format!("in {name}"),
        (PathKind::Gc, _) => "behind a collection".into(),
        (PathKind::RunQueue, _) => "in the run queue".into(),
        (PathKind::Preempted, _) => "preempted".into(),
        (PathKind::Throttled, _) => "throttled by a CPU quota".into(),
        (PathKind::Stolen, _) => "on a CPU that was stolen".into(),
        (PathKind::Asleep, "") => "asleep".into(),
        (PathKind::Asleep, name) => format!("asleep in {name}"),
    };
    format!(
        "{} {state} ({})",
        duration(part.ns as u64),
        part.role.label()
    )
}
