//! `--work NAME=SOURCE`: the unit of work of a recording, and where its count comes from.
//!
//! A counter outside of the kernel is read before the window, each second of it, and at both of its
//! ends ([`sampler`]). Counts of the kernel come out of the recording itself.

mod kernel;
mod load;
mod number;
mod prometheus;
mod sampler;
mod source;

pub use load::Load;
pub use sampler::Sampler;
pub use source::{Source, Spec};

use recording::observer::Check;
use recording::vocabulary::WorkName;
use recording::work::WorkPoint;
use recording::{Recording, Work};
use runner::load_output::LoadCount;

/// Name of the check that fails if the counter could not be read.
const CHECK: &str = "work_counter";

/// The work of a window, by a counter that a [`Sampler`] has read.
pub struct Counted {
    /// Units in the window.
    pub count: u64,
    /// Units since the start of the window, an entry a second.
    pub series: Vec<WorkPoint>,
}

/// Sets the work of a recording: by the user's counter, by the load, or as the kernel counted
/// requests. A counter that failed is a check that failed: the recording is kept.
pub fn set(
    recording: &mut Recording,
    spec: Option<&Spec>,
    counted: Option<Result<Counted, String>>,
) {
    let Some(spec) = spec else {
        recording.work = Work::assumed(recording);
        return;
    };
    let counted = match (&spec.source, counted) {
        (Source::Kernel(count), _) => kernel::count(*count, recording),
        (Source::Syscall(name), _) => kernel::syscall(name, recording),
        (Source::Load | Source::Counter(_), Some(counted)) => counted,
        // The load has not ended yet; who waits for its end adds the count.
        (Source::Load | Source::Counter(_), None) => return,
    };
    match counted.and_then(reject_nothing) {
        Ok(Counted { count, series }) => {
            recording.work = Some(Work {
                name: spec.name,
                source: spec.source.to_string(),
                count,
                assumed: false,
                series,
            });
        }
        Err(reason) => recording.checks.push(failed(&reason)),
    }
}

/// Sets the work of a recording by the count of its load. Without a known count the kernel's stands
/// in, unless the user asked for the load's.
pub fn set_of_load(
    recording: &mut Recording,
    spec: Option<&Spec>,
    count: Result<Option<LoadCount>, String>,
) {
    let unknown = "the output of the load command has no count that is known: see load.log";
    match (count, spec) {
        (Ok(Some(found)), spec) if found.count > 0 => {
            let objection = found.objection();
            recording
                .checks
                .extend(objection.map(|reason| failed(&reason)));
            let own = found.unit.parse().unwrap_or(WorkName::UNIT);
            recording.work = Some(Work {
                name: spec.map_or(own, |spec| spec.name),
                source: format!("load: {}", found.tool),
                count: found.count,
                assumed: false,
                series: Vec::new(),
            });
        }
        (Ok(Some(_)), _) => recording.checks.push(failed("the load completed nothing")),
        (Ok(None), Some(_)) => recording.checks.push(failed(unknown)),
        (Ok(None), None) => recording.work = Work::assumed(recording),
        (Err(reason), _) => recording.checks.push(failed(&reason)),
    }
}

/// Returns the failed check of a count that is missing.
pub fn failed(reason: &str) -> Check {
    Check {
        name: CHECK.into(),
        expected: 1.0,
        unit: "count".into(),
        note: reason.into(),
        ..Check::default()
    }
}

/// Rejects a window without work: nothing can be divided by it.
fn reject_nothing(counted: Counted) -> Result<Counted, String> {
    match counted.count {
        0 => Err("the counter did not grow while recording: was there a load?".into()),
        _ => Ok(counted),
    }
}

#[cfg(test)]
mod tests;
