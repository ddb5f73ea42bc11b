//! The unit of work of a round: the user's counter, else what the load counted, else the kernel's
//! requests.

use super::drive::Drive;
use crate::load_output::LoadCount;
use crate::request::Request;
use recording::observer::Check;
use recording::vocabulary::WorkName;
use recording::{Recording, Work, work};

/// Adds the work that the load counted. A counter that the user named stays.
pub(super) fn add(recording: &mut Recording, drive: &Drive, request: &Request) {
    if request.work.is_some() {
        return;
    }
    if let Some(objection) = drive.count.as_ref().and_then(LoadCount::objection) {
        recording.checks.push(failed(&objection));
    }
    match (&drive.count, request.load_unit) {
        (Some(found), unit) if found.count > 0 => {
            let own = found.unit.parse().unwrap_or(WorkName::UNIT);
            let source = format!("load: {}", found.tool);
            recording.work = Some(of(unit.unwrap_or(own), source, found.count));
        }
        (_, Some(_)) => recording.checks.push(failed(
            "the output of the load command has no count that is known: see load.log",
        )),
        (_, None) => {
            let of_loadgen = counted(recording);
            recording.work = of_loadgen.or(recording.work.take());
        }
    }
}

fn failed(reason: &str) -> Check {
    Check {
        name: "work_counter".into(),
        expected: 1.0,
        unit: "count".into(),
        note: reason.into(),
        ..Check::default()
    }
}

/// Returns what this repository's load generator counted.
fn counted(recording: &Recording) -> Option<Work> {
    let load = recording.load.as_ref()?;
    let counts = [("token", load.tokens), ("request", load.requests.completed)];
    let (name, count) = counts.into_iter().find(|(_, count)| *count > 0)?;
    Some(of(name.parse().ok()?, work::LOADGEN.into(), count))
}

fn of(name: WorkName, source: String, count: u64) -> Work {
    Work {
        name,
        source,
        count,
        assumed: false,
        series: Vec::new(),
    }
}
