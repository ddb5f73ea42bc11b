//! What observing cost each arm: turns, or rounds, with programs held against those without, by the kernel's own CPU clock.
//!
//! Nothing else is corrected by it. The kernel's clock sees what programs cost on the arm's threads; what they cost in
//! interrupts and on idle CPUs is charged to whoever was there, so that it is seen in part only.

use crate::{
    arms::Rounds,
    stats::{self, Sample},
};
use recording::{
    Recording,
    comparison::{BudgetVerdict, Estimate, ObserverCost},
    observer::Mode,
};

/// What a mode may add to CPU time per token: counters 1 %, everything 3 %.
fn budget(mode: Mode) -> Option<f64> {
    match mode {
        Mode::None | Mode::Hooks | Mode::Turns => None,
        Mode::Counters => Some(1.01),
        Mode::All => Some(1.03),
    }
}

/// Every arm that has rounds without programs and rounds with some, in each of its modes, least observed first.
pub fn measure(arms: &[Rounds<'_>]) -> Vec<ObserverCost> {
    arms.iter().flat_map(of_arm).collect()
}

fn of_arm(arm: &Rounds<'_>) -> Vec<ObserverCost> {
    let modes = Mode::IN_TURNS.map(|mode| InMode::of(arm, mode));
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
    evidence: Vec<String>,
}

impl InMode {
    fn of(arm: &Rounds<'_>, mode: Mode) -> Self {
        let mut of_mode = InMode {
            mode,
            samples: Vec::new(),
            evidence: Vec::new(),
        };
        let in_turns = |recording: &Recording| recording.observer.mode == Mode::Turns;
        // Where a process was observed in turns, whole rounds of others would only add what is between processes.
        let any_in_turns = arm.rounds.iter().any(|(_, recording)| in_turns(recording));
        let rounds = arm.rounds.iter();
        for (path, recording) in rounds.filter(|round| in_turns(round.1) == any_in_turns) {
            let (samples, source) = samples(recording, mode);
            if !samples.is_empty() {
                of_mode.samples.extend(samples);
                of_mode.evidence.push(format!("{path}#{source}"));
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

/// CPU time over tokens in a mode, and where in the recording it is: once for a recording in that mode, and once for each turn.
/// Nothing where one of the two is not known. Of a load's tokens a turn has the share that it has of the time.
fn samples(recording: &Recording, mode: Mode) -> (Vec<Sample>, &'static str) {
    let observer = &recording.observer;
    let tokens = recording.tokens() as f64;
    let sample = |cpu_ns: u64, share: f64| Sample {
        amount: cpu_ns as f64,
        over: tokens * share,
    };
    let (samples, source): (Vec<Sample>, _) = if observer.mode == Mode::Turns {
        let window_ns = recording.window.duration_ns.max(1) as f64;
        let turns = observer.turns.iter().filter(|turn| turn.mode == mode);
        let turns = turns.map(|turn| sample(turn.cpu_ns, turn.duration_ns as f64 / window_ns));
        (turns.collect(), "/observer/turns")
    } else {
        let clock = recording.process.cpu_clock_ns;
        let clock = clock.filter(|_| observer.mode == mode);
        let whole = clock.map(|cpu_ns| sample(cpu_ns, 1.0));
        (whole.into_iter().collect(), "/process/cpu_clock_ns")
    };
    let told = samples.into_iter().filter(|sample| sample.over > 0.0);
    (told.collect(), source)
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
    use crate::{evidence, testing::Build};
    use recording::observer::Turn;

    /// Rounds of an arm: each costs so much without programs, with counters and with everything.
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
            Mode::EACH
                .into_iter()
                .zip(costs)
                .map(in_mode)
                .collect::<Vec<_>>()
        };
        costs.iter().enumerate().flat_map(round).collect()
    }

    fn costs(recordings: &[(String, Recording)]) -> Vec<ObserverCost> {
        crate::compare(recordings).observer_cost
    }

    #[test]
    fn each_arm_has_its_own_cost_in_each_mode() {
        let mut recordings = rounds(
            "go",
            &[[100_000, 100_500, 102_000], [200_000, 201_000, 204_000]],
        );
        recordings.extend(rounds("bun", &[[100_000, 102_000, 110_000]; 2]));
        let costs = costs(&recordings);
        let told: Vec<_> = costs
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
            told,
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
    fn turns_are_held_against_the_turn_beside_them() {
        let turn = |mode, cpu_ns| Turn {
            mode,
            duration_ns: 100,
            cpu_ns,
        };
        // The host is slower in the second round: what observing costs is the same.
        let turns = [1_000, 2_000].map(|cost| {
            let of = [(Mode::None, 100), (Mode::Counters, 100), (Mode::All, 102)];
            of.map(|(mode, percent)| turn(mode, cost * percent / 100))
        });
        let build = Build::arm("go").load(1_000, 20).with(|recording| {
            recording.window.duration_ns = 600;
            recording.observer.mode = Mode::Turns;
            recording.observer.turns = turns.concat();
        });
        let whole = Build::arm("go").load(1_000, 20);
        let whole = whole.with(|recording| recording.process.cpu_clock_ns = Some(9));
        let costs = costs(&[
            ("go/1".into(), whole.done()),
            ("go/1-turns".into(), build.done()),
        ]);
        let told: Vec<_> = costs
            .iter()
            .map(|cost| (cost.rounds, cost.verdict))
            .collect();
        let within = Some(BudgetVerdict::Within);
        assert_eq!(told, [(2, None), (2, within), (2, within)]);
        assert!((costs[2].ratio.value - 1.02).abs() < 1e-9, "{costs:?}");
        assert_eq!(costs[2].evidence, ["go/1-turns#/observer/turns"]);
    }

    #[test]
    fn rounds_that_scatter_do_not_tell() {
        let costs = costs(&rounds("go", &[[100, 90, 105], [100, 112, 99]]));
        assert_eq!(costs[1].verdict, Some(BudgetVerdict::Inconclusive));
        let one = self::costs(&rounds("go", &[[100, 100, 100]]));
        assert_eq!(one[2].verdict, Some(BudgetVerdict::Inconclusive));
    }

    #[test]
    fn without_a_round_without_programs_there_is_nothing_to_tell() {
        let mut recordings = rounds("go", &[[100, 101, 102]; 2]);
        recordings.retain(|(path, _)| !path.ends_with("none"));
        assert_eq!(costs(&recordings), []);
        assert_eq!(costs(&crate::testing::go_and_bun(2)), []);
        let mut recordings = rounds("go", &[[100, 101, 102]; 2]);
        recordings.retain(|(path, _)| path.ends_with("none"));
        assert_eq!(costs(&recordings), []);
    }

    #[test]
    fn other_numbers_are_of_the_fullest_rounds_alone() {
        let recordings = rounds("go", &[[100_000, 200_000, 300_000]; 2]);
        let comparison = crate::compare(&recordings);
        assert_eq!(comparison.arms[0].recordings, ["go/0-all", "go/1-all"]);
        let cpu = &comparison.metrics[0];
        assert_eq!(
            (cpu.name.as_str(), cpu.arms["go"].value),
            ("cpu_ns_per_token", 300.0)
        );
        let library = evidence::Library::new(&comparison, &recordings);
        for citation in evidence::citations(&comparison) {
            assert!(!library.resolve(citation).expect("resolves").is_null());
        }
        assert_eq!(comparison.observer_cost[0].evidence.len(), 2);
    }
}
