//! What holds up an event loop while there is work for it.

use super::comparison::largest;
use super::{About, Comparison, Delta, Kind, Match, Rule};
use crate::arms::Rounds;
use recording::evidence::{Field, Part};
use recording::vocabulary::{SyscallClass, TermKind};
use recording::{Evidence, format};
use std::collections::BTreeMap;

/// One way to be held up.
pub struct Stall {
    about: About,
    kind: Kind,
    /// Whether a row shows it.
    is_row: fn(&Delta) -> bool,
    /// What must hold of the dearer arm, in which the rows make so much.
    holds: fn(&Comparison<'_>, f64) -> bool,
}

const BETWEEN_THREADS: TermKind = TermKind::Syscall(SyscallClass::ThreadSync);

/// The world stands still while a collector works.
pub const COLLECTOR_PAUSE: Stall = Stall {
    about: About {
        id: "collector-pause",
        title: "Stopped by the collector",
        pattern: "An event loop that waits for other threads, about as long as the collector's threads run",
        meaning: "The program stands still while garbage is collected",
        remedy: "Allocate less for each token, or choose a collector that works beside the program",
    },
    kind: Kind::Blocked,
    is_row: |row| row.kind == BETWEEN_THREADS,
    holds: |pair, more| 2.0 * pair.per(pair.costly, collecting) > more,
};

/// Another thread has what this one needs.
pub const LOCK_CONTENTION: Stall = Stall {
    about: About {
        id: "lock-contention",
        title: "Waiting for another thread",
        pattern: "An event loop that sleeps in futex calls",
        meaning: "It needs a lock that another thread holds, or a result that another thread owes; all it serves waits with it",
        remedy: "Hold the lock for less, give each thread its own data, or wait for the result as for any other event",
    },
    kind: Kind::Blocked,
    is_row: |row| row.kind == BETWEEN_THREADS,
    holds: |_, _| true,
};

/// The loop sleeps elsewhere than it should.
pub const LOOP_BLOCKING: Stall = Stall {
    about: About {
        id: "loop-blocking",
        title: "Blocking the event loop",
        pattern: "An event loop that sleeps in other calls than those that wait for events",
        meaning: "While it sleeps in one call nothing else is served",
        remedy: "Use the asynchronous form of the call, or make it on another thread",
    },
    kind: Kind::Blocked,
    is_row: |_| true,
    holds: |_, _| true,
};

/// Too many threads of its own.
pub const OVERSUBSCRIPTION: Stall = Stall {
    about: About {
        id: "oversubscription",
        title: "More threads than CPUs",
        pattern: "An event loop that waits for a CPU, which mostly the target's own threads have (where that was not recorded: they take half of all CPUs)",
        meaning: "The threads of the program compete with the one that serves",
        remedy: "Use no more threads than there are CPUs to run on, or lower the priority of those in the background",
    },
    kind: Kind::RunQueue,
    is_row: |_| true,
    holds: |pair, _| own_share(pair.costly) >= 0.5,
};

/// Somebody else has the CPU.
pub const NOISY_NEIGHBOUR: Stall = Stall {
    about: About {
        id: "noisy-neighbour",
        title: "Noisy neighbour",
        pattern: "An event loop that waits for a CPU, which mostly other processes have",
        meaning: "Other processes have the CPUs",
        remedy: "Give the target CPUs of its own (--target-cpus), or end what runs beside it",
    },
    kind: Kind::RunQueue,
    is_row: |_| true,
    holds: |_, _| true,
};

impl Rule for Stall {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> Kind {
        self.kind
    }

    fn check(&self, pair: &Comparison<'_>) -> Option<Match> {
        let rows = pair.rows(self.is_row)?;
        let more = rows.iter().map(|row| row.delta).sum();
        if !(self.holds)(pair, more) {
            return None;
        }
        let unit = pair.view.metric.unit;
        let mut text = format!("{}{}", pair.values(&rows), largest(&rows, unit));
        if self.kind == Kind::RunQueue {
            text += &who(pair.costly);
        }
        Some(Match {
            rows,
            text,
            evidence: pair
                .cite_all(|path| Evidence::part(path, Part::Process).field(Field::OnCpuNs)),
        })
    }
}

/// CPU time of the collector's threads.
fn collecting(recording: &recording::Recording) -> u64 {
    let threads = recording.threads.iter();
    let collectors = threads.filter(|thread| thread.role.is_gc());
    collectors.map(|thread| thread.on_cpu_ns).sum()
}

/// How much of the waiting an arm's own threads are behind: as recorded, else the share of all CPUs that they take.
fn own_share(arm: &Rounds<'_>) -> f64 {
    let (mut own, mut all) = (0.0, 0.0);
    for (_, round) in &arm.rounds {
        own += round.process.on_cpu_ns as f64;
        all += round.window.duration_ns as f64 * f64::from(round.host.cpus.max(1));
    }
    let waits = waits(arm);
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

/// Time waited, by who had the CPU. Names come from other processes, so they are cleaned; an idle CPU is nobody.
fn waits(arm: &Rounds<'_>) -> BTreeMap<String, f64> {
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

/// `; meanwhile rustc had the CPU (62 % of long waits), make (20 %)`, where it was recorded.
fn who(arm: &Rounds<'_>) -> String {
    let mut waits: Vec<(String, f64)> = waits(arm).into_iter().collect();
    waits.sort_by(|one, other| other.1.total_cmp(&one.1));
    let all: f64 = waits.iter().map(|(_, ns)| ns).sum();
    let told = waits.iter().take(3);
    let told = told.map(|(name, ns)| format!("{name} ({})", format::percent(ns / all)));
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return String::new();
    }
    format!("; who had the CPU in longer waits: {}", told.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::process::RunQueueBlame;
    use recording::testing::Build;
    use recording::vocabulary::{MetricId, Role};

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
        stall.expect("a stall is told")
    }

    #[test]
    fn a_loop_that_sleeps_is_told_by_the_call() {
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
    fn a_collector_that_works_meanwhile_is_the_reason() {
        let found = first(|build| {
            let build = build.thread(8, Role::Gc, |thread| thread.user(DOSE, 20));
            blocked(build, "futex")
        });
        assert_eq!(found.id, "collector-pause");
    }

    #[test]
    fn who_has_the_cpu_decides() {
        assert_eq!(first(waiting).id, "noisy-neighbour");
        let crowded = |build: Build| {
            let build = build.thread(8, "cruncher", |thread| thread.user(900_000_000, 20));
            waiting(build)
        };
        assert_eq!(first(crowded).id, "oversubscription");
    }

    #[test]
    fn who_was_waited_for_is_named_and_decides() {
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
        assert!(text.contains("in longer waits: rustc (100 %)"), "{text}");
        assert_eq!(waited("server", true).0, "oversubscription");
    }

    #[test]
    fn waiting_for_events_is_no_stall() {
        let found = causes_of(|build| blocked(build, "epoll_pwait2"));
        assert!(found.iter().all(|found| !is_stall(found.metric)));
    }
}
