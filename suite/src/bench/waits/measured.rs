//! A planted wait, as a recording shows it.

use std::fs;
use std::path::Path;

use analysis::{arms, waits};
use anyhow::{Context, Result};
use recording::comparison::{ArmWait, InstrumentedRound};
use recording::vocabulary::{Role, WaitKind};
use recording::{Recording, io};

use super::programs::{Expected, Planted};
use super::{DOSE, RECORDING};

/// Largest difference of the dose that counts as right.
const TOLERANCE: f64 = 0.1;
/// Conditions of waits.
const CONDITIONS: [&str; 6] = [
    "contended-lock",
    "cpu-quota",
    "disk-io",
    "gc-pauses",
    "upstream-slow",
    "waiting-for-cpu",
];

/// The wait of one program, by itself and as it was recorded.
#[derive(Debug)]
pub struct Measured {
    /// The program.
    pub planted: &'static Planted,
    /// Dose by the program, ns.
    pub dose_ns: f64,
    /// The longest wait, with all of its kind and role.
    pub first: Option<Found>,
    /// The conditions that findings report, in their order.
    pub conditions: Vec<String>,
    /// Time of all threads in the run queue, which another process may cause, ns.
    pub run_queue_ns: u64,
}

/// The longest wait of a recording.
#[derive(Debug)]
pub struct Found {
    /// Its kind.
    pub kind: Expected,
    /// Role of the sleepers, and their function.
    pub sleeper: String,
    /// Role of who ended the wait with the function, or the file or peer.
    pub holder: String,
    /// Length of all waits of this kind and role, ns.
    pub ns: f64,
}

impl Measured {
    /// Reads the dose and the recording of a program.
    ///
    /// # Errors
    /// One of them is missing.
    pub fn read(planted: &'static Planted, folder: &Path) -> Result<Self> {
        let dose = fs::read_to_string(folder.join(DOSE)).context("the program wrote no dose")?;
        let dose = dose
            .split_whitespace()
            .next()
            .and_then(|ns| ns.parse().ok());
        let recording = io::load_recording(&folder.join(RECORDING))?;
        Ok(Self::of(
            planted,
            dose.context("the dose is no number")?,
            recording,
        ))
    }

    fn of(planted: &'static Planted, dose_ns: f64, recording: Recording) -> Self {
        let mut rounds = [(planted.name.to_owned(), recording)];
        analysis::annotate_all(&mut rounds);
        let seconds = rounds[0].1.window.duration_ns as f64 / 1e9;
        // An instrumented round is in no group.
        let found = arms::group(&rounds).first().and_then(waits::of_arm);
        let rows = found.map_or_else(Vec::new, |waits| waits.rows);
        let comparison = analysis::compare(&rounds);
        let ids = comparison.findings.into_iter().map(|finding| finding.id);
        Self {
            planted,
            dose_ns,
            first: match planted.expected {
                Expected::Wait(_) => first(&rows, seconds),
                Expected::RunQueue => run_queue(&rounds[0].1),
                Expected::Collection => collections(&rounds[0].1),
                Expected::Throttled => throttled(&rounds[0].1),
                Expected::Goroutine(reason) => goroutines(&comparison.instrumented, reason),
            },
            run_queue_ns: rounds[0].1.process.run_queue_ns,
            conditions: ids.filter(|id| CONDITIONS.contains(&id.as_str())).collect(),
        }
    }

    /// Returns the measured dose against that of the program.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.first.as_ref()?.ns / self.dose_ns)
    }

    /// Whether kind, function, holder and dose are right.
    pub fn is_right(&self) -> bool {
        let is_near = |ratio: f64| (ratio - 1.0).abs() <= TOLERANCE;
        self.first.as_ref().is_some_and(|first| {
            first.kind == self.planted.expected
                && first.sleeper.contains(self.planted.place)
                && first.holder.contains(self.planted.holder)
        }) && self.ratio().is_some_and(is_near)
    }
}

/// Returns the longest wait for something: rest, points in time, and ends of threads are nothing
/// that a program could do without.
fn first(rows: &[ArmWait], seconds: f64) -> Option<Found> {
    let is_for_something = |row: &&ArmWait| {
        let kind = row.kind;
        !matches!(kind, WaitKind::Idle | WaitKind::Timer | WaitKind::Join)
    };
    let first = rows.iter().find(is_for_something)?;
    let of_role = |row: &&ArmWait| (row.kind, &row.role) == (first.kind, &first.role);
    let same = rows.iter().filter(of_role);
    let ns: f64 = same.map(|row| row.off_cpu_ns).sum();
    let at = |who: String, place: &str| match place {
        "" => who,
        place => format!("{who} in {place}"),
    };
    let object = first.objects.first().map(|object| object.name.clone());
    Some(Found {
        kind: Expected::Wait(first.kind),
        sleeper: at(first.role.to_string(), &first.place),
        holder: object.unwrap_or_else(|| at(first.waker.to_string(), &first.waker_place)),
        ns: ns * seconds,
    })
}

/// Returns the longest waits of goroutines for something: `sleep` is for a point in time, and the
/// program's end is no wait that it could do without.
fn goroutines(rounds: &[InstrumentedRound], reason: &'static str) -> Option<Found> {
    const RESTS: [&str; 2] = ["sleep", "sync.WaitGroup.Wait"];
    let waits = rounds.iter().flat_map(|round| &round.goroutine_waits);
    let is_of_program = |name: &String| name.starts_with("main.");
    let waits = waits.filter(|wait| wait.place.iter().any(is_of_program));
    let waits = waits.filter(|wait| !RESTS.contains(&wait.reason.as_str()));
    let waits: Vec<_> = waits.collect();
    let first = waits.first()?;
    let same = waits.iter().filter(|wait| wait.reason == first.reason);
    let kind = match first.reason == reason {
        true => Expected::Goroutine(reason),
        false => Expected::Wait(WaitKind::Other),
    };
    Some(Found {
        kind,
        sleeper: first.place.join(" ← "),
        holder: first.by.join(" ← "),
        ns: same.map(|wait| wait.wait_ns as f64).sum(),
    })
}

/// Returns the thread that waited longest for a CPU, and the process that most held it meanwhile.
fn run_queue(recording: &Recording) -> Option<Found> {
    let threads = recording.threads.iter();
    let thread = threads.max_by_key(|thread| thread.run_queue_ns)?;
    let holders = recording.run_queue_blame.iter();
    let holder = holders.filter(|holder| !holder.own && holder.pid != 0);
    Some(Found {
        kind: Expected::RunQueue,
        sleeper: thread.role.to_string(),
        holder: holder.max_by_key(|holder| holder.wait_ns)?.name.clone(),
        ns: thread.run_queue_ns as f64,
    })
}

/// Returns the pauses for collections: the role that collected longest, and how they were found.
fn collections(recording: &Recording) -> Option<Found> {
    let gc = recording.gc.as_ref()?;
    let runs_program = |role: &&Role| !role.is_gc() && !role.label().contains("GC");
    let roles = gc.by_role.keys().filter(runs_program);
    Some(Found {
        kind: Expected::Collection,
        sleeper: roles.max_by_key(|role| gc.by_role[*role])?.to_string(),
        holder: gc.source.clone(),
        ns: gc.pause_ns? as f64,
    })
}

/// Returns the thread that a CPU quota kept from running longest, and the cgroup of the quota.
fn throttled(recording: &Recording) -> Option<Found> {
    let threads = recording.threads.iter();
    let thread = threads.max_by_key(|thread| thread.throttled_ns)?;
    Some(Found {
        kind: Expected::Throttled,
        sleeper: thread.role.to_string(),
        holder: recording.host.cpu_quota.as_ref()?.cgroup.clone(),
        ns: recording.process.throttled_ns as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::waits::programs::PLANTED;
    use recording::testing::Build;

    fn row(kind: WaitKind, place: &str, off_cpu_ns: f64) -> ArmWait {
        ArmWait {
            kind,
            place: place.into(),
            waker_place: "release_the_lock".into(),
            off_cpu_ns,
            ..ArmWait::default()
        }
    }

    #[test]
    fn adds_up_waits_of_the_role_with_the_longest() {
        let rows = [
            row(WaitKind::Join, "main", 900.0),
            row(WaitKind::Lock, "take_the_lock", 50.0),
            row(WaitKind::Lock, "take_the_lock", 45.0),
            row(WaitKind::Lock, "other", 7.0),
        ];
        let found = first(&rows, 2.0).expect("one");
        let kind = Expected::Wait(WaitKind::Lock);
        assert_eq!((found.kind, found.ns), (kind, 204.0));
        let measured = |dose_ns| Measured {
            planted: &PLANTED[0],
            dose_ns,
            first: first(&rows, 2.0),
            conditions: Vec::new(),
            run_queue_ns: 0,
        };
        assert!(measured(200.0).is_right());
        assert!(!measured(300.0).is_right());
    }

    #[test]
    fn finds_nothing_where_nothing_waits() {
        let measured = Measured::of(&PLANTED[0], 5.0, Build::arm("x").done());
        assert!(measured.first.is_none() && !measured.is_right());
    }
}
