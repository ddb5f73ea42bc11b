//! Event loops that are held up while there is work for them.

use super::rows::{largest, roles};
use super::{Comparison, Delta, Match};
use crate::arms::Rounds;
use crate::waits;
use recording::comparison::ArmWait;
use recording::evidence::{Field, List, Part};
use recording::vocabulary::{SyscallClass, TermKind, WaitKind};
use recording::{Evidence, Recording, format};
use std::collections::BTreeMap;

/// Matches thread synchronization during garbage collection: GC threads run about as long as the
/// loop waits.
pub(super) fn gc_pause(pair: &Comparison<'_>) -> Option<Match> {
    let found = lock_contention(pair)?;
    let more: f64 = found.rows.iter().map(|row| row.delta).sum();
    (2.0 * pair.per(pair.costly, gc_ns) > more).then_some(found)
}

/// Matches thread synchronization.
pub(super) fn lock_contention(pair: &Comparison<'_>) -> Option<Match> {
    let sync = TermKind::Syscall(SyscallClass::ThreadSync);
    let found = held_up(pair, |row| row.kind == sync)?;
    Some(with_waits(pair, found, |wait| {
        SyscallClass::of(&wait.syscall) == SyscallClass::ThreadSync
    }))
}

/// Matches all syscalls in which the loop blocks.
pub(super) fn loop_blocking(pair: &Comparison<'_>) -> Option<Match> {
    let found = held_up(pair, |_| true)?;
    Some(with_waits(pair, found, |wait| wait.kind != WaitKind::Idle))
}

/// Matches run-queue time while the target's own threads hold the CPU.
pub(super) fn oversubscription(pair: &Comparison<'_>) -> Option<Match> {
    noisy_neighbour(pair).filter(|_| own_share(pair.costly) >= 0.5)
}

/// Matches run-queue time.
pub(super) fn noisy_neighbour(pair: &Comparison<'_>) -> Option<Match> {
    let mut found = held_up(pair, |_| true)?;
    found.text += &holders(pair.costly);
    let rounds = pair.costly.rounds.iter();
    let blaming = rounds.filter(|(_, round)| !round.run_queue_blame.is_empty());
    let blame = blaming.map(|(path, _)| Evidence::list(path, List::RunQueueBlame));
    found.evidence.extend(blame);
    Some(found)
}

/// Returns a match with waits of its roles: for whom they waited, and where.
fn with_waits(pair: &Comparison<'_>, mut found: Match, fits: impl Fn(&ArmWait) -> bool) -> Match {
    let roles = roles(&found.rows);
    let of_roles = |wait: &ArmWait| roles.contains(&wait.role) && fits(wait);
    let (words, evidence) = waits::cited(pair.costly, of_roles);
    found.text += &words;
    found.evidence.extend(evidence);
    found
}

fn held_up(pair: &Comparison<'_>, fits: impl Fn(&Delta) -> bool) -> Option<Match> {
    let rows = pair.rows(fits)?;
    let unit = pair.view.metric.unit;
    Some(Match {
        text: format!("{}{}", pair.values(&rows), largest(&rows, unit)),
        rows,
        evidence: pair.cite_all(|path| Evidence::part(path, Part::Process).field(Field::OnCpuNs)),
    })
}

/// Returns the CPU time of garbage collection threads.
fn gc_ns(recording: &Recording) -> u64 {
    let threads = recording.threads.iter();
    let collectors = threads.filter(|thread| thread.role.is_gc());
    collectors.map(|thread| thread.on_cpu_ns).sum()
}

/// Returns the share of run-queue time in which an arm's own threads held the CPU: as recorded,
/// else their share of all CPUs.
fn own_share(arm: &Rounds<'_>) -> f64 {
    let (mut own, mut all) = (0.0, 0.0);
    for (_, round) in &arm.rounds {
        own += round.process.on_cpu_ns as f64;
        all += round.window.duration_ns as f64 * f64::from(round.host.cpus.max(1));
    }
    let waits = run_queue_waits(arm);
    let waited: f64 = waits.values().sum();
    match waits.get(OWN) {
        Some(for_own) => for_own / waited,
        None if waited > 0.0 => 0.0,
        None => own / all.max(1.0),
    }
}

const OWN: &str = "its own threads";
/// Longest name of a process, in letters.
const LONGEST: usize = 15;

/// Returns run-queue time by who held the CPU, without idle CPUs. Names come from other processes,
/// so they are cleaned.
fn run_queue_waits(arm: &Rounds<'_>) -> BTreeMap<String, f64> {
    let mut waits = BTreeMap::new();
    let all = arm
        .rounds
        .iter()
        .flat_map(|(_, round)| &round.run_queue_blame);
    for wait in all.filter(|wait| wait.pid != 0) {
        let letters = wait.name.chars().filter(char::is_ascii_graphic);
        let name = if wait.own {
            OWN.to_owned()
        } else {
            letters.take(LONGEST).collect()
        };
        *waits.entry(name).or_default() += wait.wait_ns as f64;
    }
    waits
}

/// Returns `; the CPU was held by rustc (62 % of longer waits), make (20 %)`, where it was
/// recorded.
fn holders(arm: &Rounds<'_>) -> String {
    let mut waits: Vec<(String, f64)> = run_queue_waits(arm).into_iter().collect();
    waits.sort_by(|one, other| other.1.total_cmp(&one.1));
    let all: f64 = waits.iter().map(|(_, ns)| ns).sum();
    let largest = waits.iter().take(3);
    let holders =
        largest.map(|(name, ns)| format!("{name} ({} of longer waits)", format::percent(ns / all)));
    let holders: Vec<String> = holders.collect();
    if holders.is_empty() {
        return String::new();
    }
    format!("; the CPU was held by {}", holders.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::process::{RunQueueBlame, WakeSource};
    use recording::testing::Build;
    use recording::vocabulary::{MetricId, Role, WaitKind};
    use recording::waits::Wait;

    fn is_stall(metric: MetricId) -> bool {
        use MetricId::{LoopBlockedNsPerToken, LoopRunQueueNsPerToken};
        [LoopBlockedNsPerToken, LoopRunQueueNsPerToken].contains(&metric)
    }

    fn blocked(build: Build, call: &str) -> Build {
        build.thread(9, MAIN, |thread| {
            thread.call(call, 100, 0).blocked(call, DOSE)
        })
    }

    fn waiting(build: Build) -> Build {
        build.with(|recording| recording.threads[0].run_queue_ns += DOSE)
    }

    fn first(plant: impl Fn(Build) -> Build) -> recording::comparison::Finding {
        let mut found = causes_of(plant).into_iter();
        let stall = found.find(|found| is_stall(found.metric));
        stall.expect("a stall is holders")
    }

    #[test]
    fn finds_blocked_loops_by_their_call() {
        for (id, call) in [
            ("lock-contention", "futex"),
            ("loop-blocking", "clock_nanosleep"),
            ("loop-blocking", "fdatasync"),
        ] {
            let found = first(|build| blocked(build, call));
            assert_eq!(found.id, id);
            assert_whole(&found);
        }
    }

    #[test]
    fn cites_for_whom_the_loop_waits() {
        let found = first(|build| {
            let build = build.thread(8, "worker", |thread| thread);
            blocked(build, "futex").with(|recording| {
                let wait = |syscall: &str, kind| Wait {
                    syscall: syscall.into(),
                    kind,
                    waker: WakeSource::Thread(1),
                    off_cpu_ns: DOSE,
                    count: 1,
                    kept: 1,
                    ..Wait::default()
                };
                recording.waits.count = 2;
                recording.waits.rows = vec![
                    wait("futex", WaitKind::HandOff),
                    wait("read", WaitKind::Socket),
                ];
            })
        });
        let end =
            "; main loop waited 20.0 ms a second for worker (hand-off between threads, futex).";
        assert!(found.text.ends_with(end), "{}", found.text);
        let cites = |place: &&recording::Evidence| place.pointer() == "/waits/rows/0/off_cpu_ns";
        assert_eq!(found.evidence.iter().filter(cites).count(), 3);
    }

    #[test]
    fn finds_a_gc_pause_where_gc_runs_meanwhile() {
        let found = first(|build| {
            let build = build.thread(8, Role::Gc, |thread| thread.user(DOSE, 20));
            blocked(build, "futex")
        });
        assert_eq!(found.id, "collector-pause");
    }

    #[test]
    fn decides_by_who_uses_the_cpus() {
        assert_eq!(first(waiting).id, "noisy-neighbour");
        let crowded = |build: Build| {
            let build = build.thread(8, "cruncher", |thread| thread.user(900_000_000, 20));
            waiting(build)
        };
        assert_eq!(first(crowded).id, "oversubscription");
    }

    #[test]
    fn decides_by_run_queue_blame() {
        let waited = |name: &str, own| {
            let found = first(|build| {
                waiting(build).with(|recording| {
                    recording.run_queue_blame = vec![RunQueueBlame {
                        pid: 7,
                        name: name.into(),
                        own,
                        count: 1,
                        wait_ns: DOSE,
                    }];
                })
            });
            (found.id, found.text)
        };
        let (id, text) = waited("\u{1b}rustc", false);
        assert_eq!(id, "noisy-neighbour");
        assert!(
            text.contains("held by rustc (100 % of longer waits)"),
            "{text}"
        );
        assert_eq!(waited("server", true).0, "oversubscription");
    }

    #[test]
    fn ignores_waits_for_events() {
        let found = causes_of(|build| blocked(build, "epoll_pwait2"));
        assert!(found.iter().all(|found| !is_stall(found.metric)));
    }
}
