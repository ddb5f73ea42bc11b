//! What holds up an event loop while there is work for it.

use super::case::largest;
use super::{About, Case, Hit, Kind, Row, Rule};
use crate::{arms::Rounds, quantity, work};

/// One way to be held up.
pub struct Stall {
    about: About,
    kind: Kind,
    /// Whether a row shows it.
    is_row: fn(&Row) -> bool,
    /// What must hold of the dearer arm, in which the rows make so much.
    holds: fn(&Case<'_>, f64) -> bool,
}

const BETWEEN_THREADS: &str = "handing work between threads";

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
    is_row: |row| work::of(&row.cause) == BETWEEN_THREADS,
    holds: |case, more| 2.0 * case.per(case.dear, collecting) > more,
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
    is_row: |row| work::of(&row.cause) == BETWEEN_THREADS,
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
        pattern: "An event loop that waits for a CPU, where the target's own threads take half of all CPUs or more",
        meaning: "The threads of the program compete with the one that serves",
        remedy: "Use no more threads than there are CPUs to run on, or lower the priority of those in the background",
    },
    kind: Kind::RunQueue,
    is_row: |_| true,
    holds: |case, _| own_share(case.dear) >= 0.5,
};

/// Somebody else has the CPU.
pub const NOISY_NEIGHBOUR: Stall = Stall {
    about: About {
        id: "noisy-neighbour",
        title: "Noisy neighbour",
        pattern: "An event loop that waits for a CPU, where the target's own threads take less than half of all CPUs",
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

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(self.is_row)?;
        let more = rows.iter().map(|row| row.more).sum();
        if !(self.holds)(case, more) {
            return None;
        }
        let text = format!(
            "{}{}; its threads take {} of all CPUs",
            case.values(&rows),
            largest(&rows, &case.story.metric.unit),
            quantity::percent(own_share(case.dear))
        );
        Some(Hit {
            rows,
            text,
            evidence: case.cite_all("/process/on_cpu_ns"),
        })
    }
}

/// CPU time of the collector's threads.
fn collecting(recording: &recording::Recording) -> u64 {
    let threads = recording.threads.iter();
    let collectors = threads.filter(|thread| work::of_row(&thread.role, "") == work::COLLECTING);
    collectors.map(|thread| thread.on_cpu_ns).sum()
}

/// The share of all CPUs that an arm's own threads take.
fn own_share(arm: &Rounds<'_>) -> f64 {
    let (mut own, mut all) = (0.0, 0.0);
    for (_, round) in &arm.rounds {
        own += round.process.on_cpu_ns as f64;
        all += round.window.duration_ns as f64 * f64::from(round.host.cpus.max(1));
    }
    own / all.max(1.0)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use crate::runtime::COLLECTOR;
    use crate::testing::Build;

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
        let stall = found.find(|found| found.metric.starts_with("loop_"));
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
            let build = build.thread(8, COLLECTOR, |thread| thread.user(DOSE, 20));
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
    fn waiting_for_events_is_no_stall() {
        let found = causes_of(|build| blocked(build, "epoll_pwait2"));
        assert!(found.iter().all(|found| !found.metric.starts_with("loop_")));
    }
}
