//! Cost of observing each arm: intervals, or rounds, with probes compared with those without, by
//! the kernel's own CPU clock.
//!
//! No other number is corrected by it. The kernel's clock includes the cost of programs on the
//! arm's threads. Programs that run in interrupts and on idle CPUs are charged to the thread that
//! runs there, so the clock has a part of their cost only.

use crate::{
    arms::Rounds,
    stats::{self, Sample},
};
use recording::{
    Evidence, Recording,
    comparison::{BudgetVerdict, Estimate, ObserverCost},
    evidence::{Field, List, Part},
    observer::Mode,
};

/// Returns the budget of a mode, as a ratio of CPU time per token: 1 % for counters, 3 % for all
/// probes.
fn budget(mode: Mode) -> Option<f64> {
    match mode {
        Mode::None | Mode::AttachedIdle | Mode::Overhead => None,
        Mode::Counters => Some(1.01),
        Mode::All => Some(1.03),
    }
}

/// Measures every arm that was observed with and without probes, in each of its modes, fewest
/// probes first.
pub fn measure(arms: &[Rounds<'_>]) -> Vec<ObserverCost> {
    arms.iter().flat_map(of_arm).collect()
}

fn of_arm(arm: &Rounds<'_>) -> Vec<ObserverCost> {
    let modes = Mode::ALTERNATING.map(|mode| InMode::of(arm, mode));
    let [without, ..] = &modes;
    let with_any = modes[1..].iter().any(|mode| !mode.samples.is_empty());
    if without.samples.is_empty() || !with_any {
        return Vec::new();
    }
    let measured = modes.iter().filter(|mode| !mode.samples.is_empty());
    measured
        .map(|mode| mode.against(without, arm.arm))
        .collect()
}

/// The rounds of an arm in one mode.
struct InMode {
    mode: Mode,
    samples: Vec<Sample>,
    evidence: Vec<Evidence>,
}

impl InMode {
    fn of(arm: &Rounds<'_>, mode: Mode) -> Self {
        let mut of_mode = InMode {
            mode,
            samples: Vec::new(),
            evidence: Vec::new(),
        };
        let alternates = |recording: &Recording| recording.observer.mode == Mode::Overhead;
        // Where modes alternated on one process, rounds of other processes would only add the noise
        // between processes.
        let any_alternates = arm
            .rounds
            .iter()
            .any(|(_, recording)| alternates(recording));
        let rounds = arm.rounds.iter();
        for (path, recording) in rounds.filter(|round| alternates(round.1) == any_alternates) {
            let (samples, source) = samples(path, recording, mode);
            if !samples.is_empty() {
                of_mode.samples.extend(samples);
                of_mode.evidence.push(source);
            }
        }
        of_mode
    }

    fn against(&self, without: &InMode, arm: &str) -> ObserverCost {
        let ratio = self.ratio(without);
        let rounds = self.samples.len().min(without.samples.len());
        let budget = budget(self.mode);
        ObserverCost {
            arm: arm.into(),
            mode: self.mode,
            rounds: self.samples.len() as u32,
            cpu_ns_per_token: Estimate {
                value: stats::value(&self.samples),
                ci95: stats::interval(&self.samples),
            },
            ratio,
            budget,
            verdict: budget.map(|budget| verdict(ratio.ci95, budget, rounds)),
            evidence: self.evidence.clone(),
        }
    }

    fn ratio(&self, without: &InMode) -> Estimate {
        let (value, own) = (stats::value(&without.samples), stats::value(&self.samples));
        Estimate {
            value: stats::ratio(value, own),
            ci95: stats::ratio_interval(&without.samples, &self.samples),
        }
    }
}

/// Returns CPU time over tokens in a mode, one sample for a recording in that mode, or one for each
/// interval; and where the recording has it. Intervals have the share of a load's tokens that they
/// have of the time.
fn samples(path: &str, recording: &Recording, mode: Mode) -> (Vec<Sample>, Evidence) {
    let observer = &recording.observer;
    let tokens = recording.tokens() as f64;
    let sample = |cpu_ns: u64, share: f64| Sample {
        amount: cpu_ns as f64,
        over: tokens * share,
    };
    let (samples, source): (Vec<Sample>, _) = if observer.mode == Mode::Overhead {
        let window_ns = recording.window.duration_ns.max(1) as f64;
        let intervals = observer.overhead.iter().filter(|one| one.mode == mode);
        let samples = intervals.map(|one| sample(one.cpu_ns, one.duration_ns as f64 / window_ns));
        (samples.collect(), Evidence::list(path, List::Overhead))
    } else {
        let clock = recording.process.cpu_clock_ns;
        let clock = clock.filter(|_| observer.mode == mode);
        let whole = clock.map(|cpu_ns| sample(cpu_ns, 1.0));
        let source = Evidence::part(path, Part::Process).field(Field::CpuClockNs);
        (whole.into_iter().collect(), source)
    };
    let known = samples.into_iter().filter(|sample| sample.over > 0.0);
    (known.collect(), source)
}

fn verdict([low, high]: [f64; 2], budget: f64, rounds: usize) -> BudgetVerdict {
    if rounds < 2 {
        BudgetVerdict::Inconclusive
    } else if high <= budget {
        BudgetVerdict::Within
    } else if low > budget {
        BudgetVerdict::Over
    } else {
        BudgetVerdict::Inconclusive
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence;
    use crate::testing::compare;
    use recording::observer::ModeInterval;
    use recording::testing::Build;
    use recording::vocabulary::MetricId;

    /// Rounds of an arm: each has so much CPU time without probes, with counters and with all
    /// probes.
    fn rounds(arm: &str, costs: &[[u64; 3]]) -> Vec<(String, Recording)> {
        let round = |(number, costs): (usize, &[u64; 3])| {
            let in_mode = |(mode, cost): (Mode, &u64)| {
                let build = Build::arm(arm).load(1_000, 20).with(|recording| {
                    recording.observer.mode = mode;
                    recording.process.cpu_clock_ns = Some(*cost);
                    recording.process.on_cpu_ns = *cost;
                });
                (format!("{arm}/{number}-{}", mode.name()), build.done())
            };
            Mode::WHOLE
                .into_iter()
                .zip(costs)
                .map(in_mode)
                .collect::<Vec<_>>()
        };
        costs.iter().enumerate().flat_map(round).collect()
    }

    fn costs(recordings: &[(String, Recording)]) -> Vec<ObserverCost> {
        compare(recordings).observer_cost
    }

    #[test]
    fn measures_each_arm_in_each_mode() {
        let mut recordings = rounds(
            "go",
            &[[100_000, 100_500, 102_000], [200_000, 201_000, 204_000]],
        );
        recordings.extend(rounds("bun", &[[100_000, 102_000, 110_000]; 2]));
        let costs = costs(&recordings);
        let reported: Vec<_> = costs
            .iter()
            .map(|cost| {
                (
                    cost.arm.as_str(),
                    cost.mode.name(),
                    cost.rounds,
                    cost.verdict,
                )
            })
            .collect();
        use BudgetVerdict::{Over, Within};
        assert_eq!(
            reported,
            [
                ("go", "none", 2, None),
                ("go", "counters", 2, Some(Within)),
                ("go", "all", 2, Some(Within)),
                ("bun", "none", 2, None),
                ("bun", "counters", 2, Some(Over)),
                ("bun", "all", 2, Some(Over)),
            ]
        );
        assert_eq!(costs[0].cpu_ns_per_token.value, 150.0);
        assert!((costs[2].ratio.value - 1.02).abs() < 1e-9, "{:?}", costs[2]);
        assert_eq!(costs[0].ratio.value, 1.0);
    }

    #[test]
    fn compares_intervals_with_those_beside_them() {
        let interval = |mode, cpu_ns| ModeInterval {
            mode,
            duration_ns: 100,
            cpu_ns,
        };
        // The host is slower in the second round, and the cost of observing is the same.
        let intervals = [1_000, 2_000].map(|cost| {
            let of = [(Mode::None, 100), (Mode::Counters, 100), (Mode::All, 102)];
            of.map(|(mode, percent)| interval(mode, cost * percent / 100))
        });
        let build = Build::arm("go").load(1_000, 20).with(|recording| {
            recording.window.duration_ns = 600;
            recording.observer.mode = Mode::Overhead;
            recording.observer.overhead = intervals.concat();
        });
        let whole = Build::arm("go").load(1_000, 20);
        let whole = whole.with(|recording| recording.process.cpu_clock_ns = Some(9));
        let costs = costs(&[
            ("go/1".into(), whole.done()),
            ("go/1-overhead".into(), build.done()),
        ]);
        let reported: Vec<_> = costs
            .iter()
            .map(|cost| (cost.rounds, cost.verdict))
            .collect();
        let within = Some(BudgetVerdict::Within);
        assert_eq!(reported, [(2, None), (2, within), (2, within)]);
        assert!((costs[2].ratio.value - 1.02).abs() < 1e-9, "{costs:?}");
        let cited = costs[2].evidence[0].to_string();
        assert_eq!(cited, "go/1-overhead#/observer/overhead");
    }

    #[test]
    fn decides_nothing_from_noisy_rounds() {
        let costs = costs(&rounds("go", &[[100, 90, 105], [100, 112, 99]]));
        assert_eq!(costs[1].verdict, Some(BudgetVerdict::Inconclusive));
        let one = self::costs(&rounds("go", &[[100, 100, 100]]));
        assert_eq!(one[2].verdict, Some(BudgetVerdict::Inconclusive));
    }

    #[test]
    fn measures_nothing_without_a_reference() {
        let mut recordings = rounds("go", &[[100, 101, 102]; 2]);
        recordings.retain(|(path, _)| !path.ends_with("none"));
        assert_eq!(costs(&recordings), []);
        assert_eq!(costs(&crate::testing::go_and_bun(2)), []);
        let mut recordings = rounds("go", &[[100, 101, 102]; 2]);
        recordings.retain(|(path, _)| path.ends_with("none"));
        assert_eq!(costs(&recordings), []);
    }

    #[test]
    fn compares_the_rounds_with_most_probes_only() {
        let recordings = rounds("go", &[[100_000, 200_000, 300_000]; 2]);
        let comparison = compare(&recordings);
        assert_eq!(comparison.arms[0].recordings, ["go/0-all", "go/1-all"]);
        let cpu = &comparison.metrics[0];
        assert_eq!(
            (cpu.name, cpu.arms["go"].value),
            (MetricId::CpuNsPerToken, 300.0)
        );
        let library = evidence::Library::new(&comparison, &recordings);
        for citation in evidence::citations(&comparison) {
            assert!(!library.resolve(citation).expect("resolves").is_null());
        }
        assert_eq!(comparison.observer_cost[0].evidence.len(), 2);
    }
}
