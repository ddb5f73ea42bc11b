//! The unit of work: the denominator of costs.
//!
//! Two programs are comparable by the cost of one unit of the same work: a token, a request, a
//! command. A load generator counts it, or a counter that the user names, or the kernel.

use crate::Recording;
use crate::process::SocketPoint;
use crate::vocabulary::{Per, WorkName};
use serde::{Deserialize, Serialize};

/// The source of a count of this repository's load generator. Its tokens and requests have metrics
/// of their own.
pub const LOADGEN: &str = "load";

/// Work of the target in the window, by a counter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Name of one unit, `command` for instance.
    pub name: WorkName,
    /// Who counted: `load: wrk`, `kernel:requests`, `file:PATH`, …
    pub source: String,
    /// Units done in the window.
    pub count: u64,
    /// Whether no one named a unit, so that the kernel's own count of requests stands in for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub assumed: bool,
    /// Units since the start of the window, an entry a second; empty where only the sum is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<WorkPoint>,
}

/// Units of work until an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkPoint {
    /// Instant, relative to the window's start.
    pub t_ns: u64,
    /// Units since the window's start.
    pub count: u64,
}

impl Work {
    /// Returns the kernel's own count of requests, for a recording of which no one named the unit.
    /// `None` without a request.
    pub fn assumed(recording: &Recording) -> Option<Self> {
        let count = recording.sockets.requests;
        (count > 0).then(|| Work {
            name: WorkName::KERNEL_REQUEST,
            source: "kernel:requests".into(),
            count,
            assumed: true,
            series: Self::by_sockets(recording, |point| point.requests),
        })
    }

    /// Returns the units at each second that a count of the kernel has at sockets.
    pub fn by_sockets(recording: &Recording, count: fn(&SocketPoint) -> u64) -> Vec<WorkPoint> {
        let points = recording.sockets.series.iter();
        let point = |point: &SocketPoint| WorkPoint {
            t_ns: point.t_ns,
            count: count(point),
        };
        points.map(point).collect()
    }
}

impl Recording {
    /// Returns the number of units in the window: tokens, requests, units of work, starts, seconds.
    /// 0 where the recording has none of them.
    pub fn units(&self, per: Per) -> f64 {
        match per {
            Per::Token => self.tokens() as f64,
            Per::Request => self.requests() as f64,
            Per::Work(name) => {
                let work = self.work.as_ref().filter(|work| work.name == name);
                work.map_or(0.0, |work| work.count as f64)
            }
            Per::Start => self.starts.len() as f64,
            Per::Second => self.window.duration_ns as f64 / 1e9,
            Per::Iteration | Per::Connection | Per::Total => 1.0,
        }
    }
}

/// Returns the unit that all recordings have: one that a user named, else tokens, else requests of
/// the load, else starts, else requests as the kernel counts them, else seconds.
pub fn common_unit<'a>(recordings: impl IntoIterator<Item = &'a Recording>) -> Per {
    let recordings: Vec<&Recording> = recordings.into_iter().collect();
    let Some(first) = recordings.first() else {
        return Per::Second;
    };
    let named = |assumed: bool| {
        let work = first.work.as_ref().filter(|work| work.source != LOADGEN)?;
        (work.assumed == assumed).then_some(Per::Work(work.name))
    };
    let in_order = [
        named(false),
        Some(Per::Token),
        Some(Per::Request),
        Some(Per::Start),
        named(true),
    ];
    let mut candidates = in_order.into_iter().flatten();
    let common = |per: &Per| {
        recordings
            .iter()
            .all(|recording| recording.units(*per) > 0.0)
    };
    candidates.find(common).unwrap_or(Per::Second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::LoadSummary;

    fn with(name: &str, assumed: bool) -> Recording {
        let work = Work {
            name: name.parse().expect("a name"),
            source: "file:x".into(),
            count: 7,
            assumed,
            series: Vec::new(),
        };
        Recording {
            work: Some(work),
            ..Recording::default()
        }
    }

    fn loaded(tokens: u64, requests: u64, mut recording: Recording) -> Recording {
        let mut load = LoadSummary {
            tokens,
            ..LoadSummary::default()
        };
        load.requests.completed = requests;
        recording.load = Some(load);
        recording
    }

    fn label(recordings: &[Recording]) -> String {
        common_unit(recordings).label().into()
    }

    #[test]
    fn prefers_the_unit_that_the_user_named() {
        let (named, assumed) = (with("command", false), with("kernel-request", true));
        assert_eq!(
            label(&[loaded(5, 1, named.clone()), named.clone()]),
            "command"
        );
        assert_eq!(label(&[loaded(5, 1, assumed.clone())]), "token");
        assert_eq!(label(&[loaded(0, 1, assumed.clone())]), "request");
        assert_eq!(label(&[assumed.clone(), assumed]), "kernel-request");
        let mut counted = loaded(5, 1, with("token", false));
        counted.work.as_mut().expect("work").source = LOADGEN.into();
        assert_eq!(common_unit([&counted]), Per::Token);
        assert_eq!(label(&[Recording::default()]), "second");
        assert_eq!(label(&[]), "second");
    }

    #[test]
    fn rejects_a_unit_that_one_recording_lacks() {
        let named = with("command", false);
        assert_eq!(label(&[named.clone(), with("query", false)]), "second");
        assert_eq!(label(&[named.clone(), Recording::default()]), "second");
        let mut idle = named.clone();
        idle.work.as_mut().expect("work").count = 0;
        assert_eq!(label(&[named, idle]), "second");
    }

    #[test]
    fn counts_units_of_the_same_name_only() {
        let named = with("command", false);
        assert_eq!(
            named.units(Per::Work("command".parse().expect("a name"))),
            7.0
        );
        assert_eq!(named.units(Per::Work(WorkName::UNIT)), 0.0);
    }

    #[test]
    fn assumes_the_requests_that_the_kernel_counted() {
        let mut recording = Recording::default();
        assert_eq!(Work::assumed(&recording), None);
        recording.sockets.requests = 3;
        let work = Work::assumed(&recording).expect("requests");
        assert_eq!((work.count, work.name.as_str()), (3, "kernel-request"));
        assert!(work.assumed);
    }
}
