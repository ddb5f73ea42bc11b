//! Conditions of one arm that matter for every difference. They have no row in a ledger.

mod contended_lock;
mod cpu_quota;
mod disk_io;
mod gc_pauses;
mod growing_memory;
mod highest_load;
mod nagle_delay;
mod order;
mod saturated_thread;
mod stolen_time;
mod upstream_answers;
mod upstream_slow;
mod waiting_for_cpu;
mod waits_for;

use crate::about::About;
use crate::arms::Rounds;
use crate::gc;
use crate::thresholds::Thresholds;
use order::LostNs;
use recording::comparison::Finding;
use recording::vocabulary::{MetricId, WaitKind};
use recording::{Evidence, Recording};

/// One condition.
pub struct Condition {
    /// The condition in words.
    pub about: About,
    /// The metric that it bears on.
    pub metric: MetricId,
    /// Rounds in which it is looked for.
    rounds: Looked,
    /// The time that is lost by it, if it is lost time.
    lost: Option<LostNs>,
    /// Returns the sign of the condition in a round, with its path; `None` where it does not hold.
    check: fn(&str, &Recording, &Thresholds) -> Option<Sign>,
}

impl Condition {
    /// Returns the rounds of an arm in which it is looked for, with their paths.
    fn looked_in<'a>(&self, arm: &Rounds<'a>) -> Vec<(&'a str, &'a Recording)> {
        match self.rounds {
            Looked::Compared => arm.rounds.clone(),
            Looked::WithWaits => arm.with_waits(),
            Looked::WaitsOrCompared => match arm.with_waits() {
                none if none.is_empty() => arm.rounds.clone(),
                some => some,
            },
        }
    }
}

/// Rounds in which a condition is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Looked {
    /// Those that are compared.
    Compared,
    /// Those with waits: traced rounds, where none that is compared has any.
    WithWaits,
    /// Those with waits; the compared ones where no round has any.
    WaitsOrCompared,
}

/// Sign of a condition in one round.
pub struct Sign {
    /// Severity, for choosing the worst round.
    pub size: f64,
    /// The sign in words, without a full stop.
    pub text: String,
    /// The number that it rests on.
    pub evidence: Evidence,
}

/// Every condition.
pub const CONDITIONS: &[Condition] = &[
    Condition {
        about: About {
            id: "highest-load",
            title: "Max sustained load",
            pattern: "A run with `--scenario breakpoint`",
            meaning: "The recording is of this load, so other arms may have been recorded at another load.",
            advice: "Relieve the resource nearest to its limit, and repeat.",
        },
        metric: MetricId::TtftNs,
        rounds: Looked::Compared,
        lost: None,
        check: highest_load::check,
    },
    Condition {
        about: About {
            id: "saturated-thread",
            title: "Saturated thread",
            pattern: "A thread on a CPU for more than 90 % of its round",
            meaning: "The thread is the bottleneck; its connections wait for it.",
            advice: "Spread its work over more threads or processes, or reduce it.",
        },
        metric: MetricId::ProxyLatencyNs,
        rounds: Looked::Compared,
        lost: None,
        check: saturated_thread::check,
    },
    Condition {
        about: About {
            id: "waiting-for-cpu",
            title: "Waiting for a CPU",
            pattern: "Run-queue time above 20 % of on-CPU time",
            meaning: "More threads want to run than there are CPUs: the target's own, the load generator's, or others.",
            advice: "Give the target its own CPUs (--target-cpus), or use fewer threads.",
        },
        metric: MetricId::ProxyLatencyNs,
        rounds: Looked::Compared,
        lost: Some(|round| Some(round.process.run_queue_ns)),
        check: waiting_for_cpu::check,
    },
    Condition {
        about: About {
            id: "cpu-quota",
            title: "CPU quota",
            pattern: "Time throttled by a cgroup's CPU quota above 5 % of on-CPU time",
            meaning: "The cgroup used its quota up before the period ended, and its threads had to wait for the next one, however idle the CPUs were.",
            advice: "Raise the quota (cpu.max, docker --cpus, resources.limits.cpu), or start no more threads than it gives CPUs (GOMAXPROCS).",
        },
        metric: MetricId::ProxyLatencyNs,
        rounds: Looked::Compared,
        lost: Some(|round| Some(round.process.throttled_ns)),
        check: cpu_quota::check,
    },
    Condition {
        about: About {
            id: "gc-pauses",
            title: "GC pauses",
            pattern: "Time in which the program stands still for its garbage collector above 1 % of the round",
            meaning: "Every request that is under way waits for the collection, also on idle CPUs.",
            advice: "Allocate less, keep less data alive, or give the heap more room, so that collections are fewer and shorter.",
        },
        metric: MetricId::ProxyLatencyP99Ns,
        rounds: Looked::Compared,
        lost: Some(|round| gc::measure(round)?.pause_ns),
        check: gc_pauses::check,
    },
    Condition {
        about: About {
            id: "contended-lock",
            title: "Contended lock",
            pattern: "Time that threads wait for locks above 5 % of that and of on-CPU time",
            meaning: "One thread at a time does the work that the lock protects, however many CPUs are idle.",
            advice: "Hold the lock for less time, split it, or give each thread its own data.",
        },
        metric: MetricId::ThreadNsPerSecond,
        rounds: Looked::WithWaits,
        lost: Some(|round| order::waited(round, WaitKind::Lock)),
        check: contended_lock::check,
    },
    Condition {
        about: About {
            id: "disk-io",
            title: "Disk I/O",
            pattern: "Time that threads wait for files above 5 % of that and of on-CPU time",
            meaning: "A thread that reads a file that is not in memory, or waits until data is on the disk, does nothing else meanwhile.",
            advice: "Sync less often or several writes at once, keep what is read in memory, or give the file its own thread.",
        },
        metric: MetricId::ThreadNsPerSecond,
        rounds: Looked::WithWaits,
        lost: Some(|round| order::waited(round, WaitKind::File)),
        check: disk_io::check,
    },
    Condition {
        about: About {
            id: "upstream-slow",
            title: "Slow upstream",
            pattern: "Time that threads wait for data of peers that the target sends to, or requests of event loops that sleep for an answer, above 50 % of that and of on-CPU time",
            meaning: "Most of a request is the time in which another service answers, unless the peer sends on its own, as a message broker does.",
            advice: "Look at the peer first. Ask for several things at once, ask for less, or keep the answers.",
        },
        metric: MetricId::ThreadNsPerSecond,
        rounds: Looked::WaitsOrCompared,
        lost: Some(|round| order::waited(round, WaitKind::Socket)),
        check: upstream_slow::check,
    },
    Condition {
        about: About {
            id: "nagle-delay",
            title: "Nagle-delayed sends",
            pattern: "More than 1 % of the sends to clients that Nagle's algorithm delays until earlier data is acknowledged",
            meaning: "The kernel delays a small send while earlier data is unacknowledged, and a delayed ACK can take 40 ms. Mostly it is the first chunk after the head of a response.",
            advice: "Set TCP_NODELAY on accepted connections, or send the head together with the first chunk.",
        },
        metric: MetricId::TtftNs,
        rounds: Looked::Compared,
        lost: None,
        check: nagle_delay::check,
    },
    Condition {
        about: About {
            id: "stolen-time",
            title: "Steal time",
            pattern: "Steal above 1 % of all CPU time",
            meaning: "Another virtual machine took CPU time. CPU time here excludes steal, but wall-clock times are longer, and shared caches make instructions slower.",
            advice: "Measure on a quieter host, or record more rounds.",
        },
        metric: MetricId::ProxyLatencyNs,
        rounds: Looked::Compared,
        lost: None,
        check: stolen_time::check,
    },
    Condition {
        about: About {
            id: "growing-memory",
            title: "Growing memory",
            pattern: "Resident memory that grows by more than 5 % in the second half of a round",
            meaning: "Memory had not settled: it was warming up, or it leaks.",
            advice: "Measure longer (--scenario soak) to distinguish the two.",
        },
        metric: MetricId::RssBytes,
        rounds: Looked::Compared,
        lost: None,
        check: growing_memory::check,
    },
];

/// Returns the conditions of all arms, each once per arm, by its worst round. Those of an arm that
/// are lost time come in the order of that time.
pub fn find(arms: &[Rounds<'_>], limits: &Thresholds) -> Vec<Finding> {
    let of_arm = |arm: &Rounds<'_>| {
        let found = CONDITIONS.iter().filter_map(|condition| {
            let finding = finding(arm, condition, limits)?;
            let lost = condition.lost.and_then(|lost_ns| {
                let looked = condition.looked_in(arm);
                order::lost_per_second(lost_ns, &looked)
            });
            Some((lost, finding))
        });
        order::by_lost_time(found.collect())
    };
    arms.iter().flat_map(of_arm).collect()
}

/// Returns the titles of the conditions of an arm that bear on a metric.
pub fn titles(arm: &Rounds<'_>, metric: MetricId, limits: &Thresholds) -> Vec<&'static str> {
    let of_metric = CONDITIONS
        .iter()
        .filter(|condition| condition.metric == metric);
    of_metric
        .filter(|condition| finding(arm, condition, limits).is_some())
        .map(|condition| condition.about.title)
        .collect()
}

fn finding(arm: &Rounds<'_>, condition: &Condition, limits: &Thresholds) -> Option<Finding> {
    let looked = condition.looked_in(arm);
    let signs = looked
        .iter()
        .filter_map(|(path, round)| Some((path, (condition.check)(path, round, limits)?)));
    let signs: Vec<_> = signs.collect();
    // A sign in a minority of the rounds is chance.
    if 2 * signs.len() <= looked.len() {
        return None;
    }
    let worst = signs
        .iter()
        .max_by(|one, other| one.1.size.total_cmp(&other.1.size))?;
    let about = &condition.about;
    let (name, rounds, of) = (arm.arm, signs.len(), looked.len());
    let traced = looked.iter().all(|(_, round)| round.traced);
    let found = match (traced, of) {
        (true, 1) => format!("in the traced round of {name}"),
        (true, _) => format!("in {rounds} of {of} traced rounds of {name}; at worst"),
        (false, _) => format!("in {rounds} of {of} rounds of {name}; at worst"),
    };
    let text = format!("{found}, {}.", worst.1.text);
    Some(Finding {
        id: about.id.into(),
        metric: condition.metric,
        pair: None,
        title: about.title.into(),
        text,
        meaning: about.meaning.into(),
        advice: about.advice.into(),
        share: 0.0,
        consequence: false,
        predicted: None,
        evidence: signs
            .iter()
            .map(|(_, sign)| sign.evidence.clone())
            .collect(),
        stacks: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
