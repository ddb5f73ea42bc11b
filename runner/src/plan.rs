//! The order of measurements.

use recording::observer::Mode;
use std::time::Duration;

/// Longest recording of a traced round: single events take much space.
pub const TRACED: Duration = Duration::from_secs(5);

/// One measurement: an arm, its round, and the probes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Position of the arm in the list of arms.
    pub arm: usize,
    /// Round of that arm, from 1.
    pub round: u32,
    /// Which probes are attached.
    pub mode: Mode,
    /// Its purpose.
    pub purpose: Purpose,
}

/// The purpose of a round. Only measured ones enter metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// To be compared.
    Measured,
    /// To see single tokens, and waits with their stacks.
    Traced,
    /// To see functions that the runtime compiles, and its events.
    Instrumented,
}

impl Step {
    /// Returns its name for the arm of this name.
    pub fn of(&self, arm: &str) -> String {
        let round = self.round;
        match self.purpose {
            Purpose::Measured => (),
            Purpose::Traced if round == 1 => return format!("{arm}, traced round"),
            Purpose::Traced => return format!("{arm}, traced round {round}"),
            Purpose::Instrumented => return format!("{arm}, instrumented round"),
        }
        match self.mode {
            Mode::All => format!("{arm}, round {round}"),
            Mode::Overhead => format!("{arm}, round {round} of the observer's overhead"),
            mode => format!("{arm}, round {round}, {}", mode.name()),
        }
    }
}

/// Returns each arm once per round in each mode, in an order that reverses: A B, B A, A B, and so
/// on.
///
/// A machine that slowly warms up or gets busier then affects all arms and modes alike: over two
/// rounds each has the same mean position. Which mode is in the middle changes every two rounds.
pub fn interleaved(arms: usize, modes: &[Mode], rounds: u32) -> Vec<Step> {
    let forward = |round: u32| -> Vec<Step> {
        let turned = modes.iter().cycle().skip((round as usize - 1) / 2);
        let modes: Vec<Mode> = turned.take(modes.len()).copied().collect();
        let of_arm = |arm| {
            modes.clone().into_iter().map(move |mode| Step {
                arm,
                round,
                mode,
                purpose: Purpose::Measured,
            })
        };
        (0..arms).flat_map(of_arm).collect()
    };
    (1..=rounds)
        .flat_map(|round| {
            let mut steps = forward(round);
            if round % 2 == 0 {
                steps.reverse();
            }
            steps
        })
        .collect()
}

/// Returns each arm once per traced round, in the same order.
pub fn traced(arms: usize, rounds: u32) -> impl Iterator<Item = Step> {
    let steps = interleaved(arms, &[Mode::All], rounds).into_iter();
    steps.map(|step| Step {
        purpose: Purpose::Traced,
        ..step
    })
}

/// Returns one instrumented round of each of these arms.
pub fn instrumented(arms: impl Iterator<Item = usize>) -> impl Iterator<Item = Step> {
    arms.map(|arm| Step {
        arm,
        round: 1,
        mode: Mode::All,
        purpose: Purpose::Instrumented,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letters(arms: usize, rounds: u32) -> String {
        let letter = |step: &Step| char::from(b'A' + step.arm as u8);
        let plan = interleaved(arms, &[Mode::All], rounds);
        plan.iter().map(letter).collect()
    }

    #[test]
    fn orders_modes_in_every_way_within_six_rounds() {
        let plan = interleaved(1, &Mode::WHOLE, 6);
        let initial = |step: &Step| step.mode.name().chars().next().unwrap();
        let orders: Vec<String> = plan
            .chunks(3)
            .map(|round| round.iter().map(initial).collect())
            .collect();
        assert_eq!(orders, ["nca", "acn", "can", "nac", "anc", "cna"]);
    }

    #[test]
    fn reverses_the_order_of_arms() {
        assert_eq!(letters(2, 4), "ABBAABBA");
        assert_eq!(letters(3, 2), "ABCCBA");
        assert_eq!(letters(1, 3), "AAA");
        assert_eq!(letters(2, 0), "");
    }

    proptest! {
        #[test]
        fn plans_every_round_of_an_arm_once_and_in_order(arms in 1usize..8, rounds in 0u32..12) {
            let plan = interleaved(arms, &[Mode::All], rounds);
            for arm in 0..arms {
                let own: Vec<u32> = plan.iter().filter(|step| step.arm == arm).map(|step| step.round).collect();
                prop_assert_eq!(own, (1..=rounds).collect::<Vec<_>>());
            }
        }

        #[test]
        fn gives_arms_and_modes_the_same_mean_position(arms in 1usize..8, pairs in 1u32..6) {
            let plan = interleaved(arms, &Mode::WHOLE, pairs * 2);
            let places = |of: (usize, Mode)| {
                let steps = plan.iter().enumerate();
                steps.filter(|(_, step)| (step.arm, step.mode) == of).map(|(at, _)| at).sum::<usize>()
            };
            for arm in 0..arms {
                for mode in Mode::WHOLE {
                    prop_assert_eq!(places((arm, mode)), places((0, Mode::None)));
                }
            }
        }
    }
}
