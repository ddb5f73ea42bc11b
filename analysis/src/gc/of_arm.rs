//! Garbage collection of an arm in words: how often, how long, what happens inside, and what
//! happens from one collection to the next.

use crate::arms::Rounds;
use recording::Recording;
use recording::comparison::ArmGc;
use recording::format;
use recording::gc::Gc;
use recording::vocabulary::Unit;

/// Smallest page: a fault maps one at least.
const PAGE: f64 = 4096.0;

/// Adds up the garbage collection of an arm's rounds; `None` where no round knows it.
pub fn of_arm(arm: &Rounds<'_>) -> Option<ArmGc> {
    let rounds = arm.rounds.iter();
    let known = rounds.filter_map(|(_, recording)| Some((*recording, recording.gc.as_ref()?)));
    let known: Vec<(&Recording, &Gc)> = known.collect();
    let seconds = sum(&known, |recording, _| recording.window.duration_ns) / 1e9;
    if known.is_empty() || seconds <= 0.0 {
        return None;
    }
    let collections = all(&known, |_, gc| Some(gc.collections? as f64));
    // Of no collection there is no mean.
    let some = collections.filter(|collections| *collections > 0.0);
    let mean = |total: Option<f64>| Some(total? / some?);
    let pauses = all(&known, |_, gc| Some(gc.pause_ns? as f64));
    let faults = sum(&known, outside);
    let mut found = ArmGc {
        per_second: collections.map(|collections| collections / seconds),
        pause_ns: mean(pauses),
        faults: known.iter().map(|(_, gc)| gc.faults).sum(),
        fault_ns: known.iter().map(|(_, gc)| gc.fault_ns).sum(),
        syscall_ns: known.iter().map(|(_, gc)| gc.syscall_ns).sum(),
        faults_between: mean(Some(faults)),
        growth_between_bytes: mean(all(&known, |recording, _| growth(recording))),
        text: String::new(),
    };
    found.text = words(&found, collections, sum(&known, |_, gc| gc.on_cpu_ns));
    Some(found)
}

fn sum(known: &[(&Recording, &Gc)], of: impl Fn(&Recording, &Gc) -> u64) -> f64 {
    let each = known.iter().map(|(recording, gc)| of(recording, gc) as f64);
    each.sum()
}

/// Adds up what every round knows.
fn all(known: &[(&Recording, &Gc)], of: impl Fn(&Recording, &Gc) -> Option<f64>) -> Option<f64> {
    known.iter().map(|(recording, gc)| of(recording, gc)).sum()
}

/// Returns the page faults of a round outside of collections.
fn outside(recording: &Recording, gc: &Gc) -> u64 {
    let faults: u64 = recording.threads.iter().map(|thread| thread.faults).sum();
    faults.saturating_sub(gc.faults)
}

/// Returns the growth of resident memory from the first to the last point of a round.
fn growth(recording: &Recording) -> Option<f64> {
    let series = &recording.memory.series;
    let (first, last) = (series.first()?, series.last()?);
    (series.len() > 1).then_some(last.rss_bytes as f64 - first.rss_bytes as f64)
}

fn words(gc: &ArmGc, collections: Option<f64>, on_cpu_ns: f64) -> String {
    let mut parts = Vec::new();
    let time = |ns: f64| format::quantity(ns, Unit::Ns);
    parts.extend(gc.per_second.map(|rate| {
        let pause = gc
            .pause_ns
            .map_or(String::new(), |ns| format!(" of {}", time(ns)));
        format!("{} collections per second{pause}", format::number(rate))
    }));
    let inside = (gc.fault_ns + gc.syscall_ns) as f64;
    if on_cpu_ns > 0.0 && inside > 0.0 {
        let faults = collections.filter(|collections| *collections > 0.0);
        let faults = faults.map_or(String::new(), |collections| {
            format!(
                " ({} page faults each)",
                format::number(gc.faults as f64 / collections)
            )
        });
        parts.push(format!(
            "{} of their CPU time in page faults and {} in system calls{faults}",
            format::percent(gc.fault_ns as f64 / on_cpu_ns),
            format::percent(gc.syscall_ns as f64 / on_cpu_ns),
        ));
    }
    parts.extend(gc.faults_between.map(|faults| {
        let growth = gc.growth_between_bytes.map_or(String::new(), |bytes| {
            let word = if bytes < 0.0 { "shrinks" } else { "grows" };
            format!(
                ", resident memory {word} by {}",
                format::quantity(bytes.abs(), Unit::Bytes)
            )
        });
        format!(
            "between two collections {} page faults ({} of pages at least){growth}",
            format::number(faults),
            format::quantity(faults * PAGE, Unit::Bytes),
        )
    }));
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::memory::MemoryPoint;
    use recording::testing::{Build, MAIN};

    fn round(collections: Option<u64>) -> Recording {
        let build = Build::arm("bun").thread(1, MAIN, |thread| thread.user(9_000_000, 5));
        let mut recording = build.done();
        recording.window.duration_ns = 2_000_000_000;
        recording.threads[0].faults = 1_040;
        let point = |rss_bytes| MemoryPoint { t_ns: 0, rss_bytes };
        recording.memory.series = vec![point(1 << 20), point(2 << 20)];
        recording.gc = Some(Gc {
            collections,
            pause_ns: Some(8_000_000),
            on_cpu_ns: 8_000_000,
            fault_ns: 800_000,
            syscall_ns: 80_000,
            faults: 40,
            ..Gc::default()
        });
        recording
    }

    fn of(rounds: &[Recording]) -> Option<ArmGc> {
        of_arm(&Rounds {
            arm: "bun",
            rounds: rounds.iter().map(|round| ("r", round)).collect(),
            traced: Vec::new(),
        })
    }

    #[test]
    fn says_what_happens_inside_of_collections_and_between_them() {
        let gc = of(&[round(Some(4)), round(Some(4))]).expect("it is known");
        assert_eq!((gc.per_second, gc.pause_ns), (Some(2.0), Some(2_000_000.0)));
        assert_eq!((gc.faults, gc.faults_between), (80, Some(250.0)));
        assert_eq!(gc.growth_between_bytes, Some(262_144.0));
        assert_eq!(
            gc.text,
            "2 collections per second of 2.00 ms, 10 % of their CPU time in page faults and 1 % \
             in system calls (10 page faults each), between two collections 250 page faults \
             (1,000 KiB of pages at least), resident memory grows by 256 KiB"
        );
    }

    #[test]
    fn leaves_out_what_a_round_does_not_know() {
        let gc = of(&[round(Some(4)), round(None)]).expect("it is known");
        assert_eq!((gc.per_second, gc.faults_between), (None, None));
        assert!(gc.text.starts_with("10 % of their CPU time"), "{}", gc.text);
        let none = of(&[round(Some(0))]).expect("it is known");
        assert_eq!((none.per_second, none.pause_ns), (Some(0.0), None));
        assert_eq!(none.faults_between, None);
        assert_eq!(of(&[Recording::default()]), None);
    }

    #[test]
    fn says_where_memory_shrinks() {
        let mut recording = round(Some(4));
        recording.memory.series.reverse();
        let gc = of(&[recording]).expect("it is known");
        assert!(
            gc.text.ends_with("resident memory shrinks by 256 KiB"),
            "{}",
            gc.text
        );
    }
}
