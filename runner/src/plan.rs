//! Which arm is measured when.

use recording::observer::Mode;

/// One measurement: an arm, its round, and how much is observed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Position of the arm in the list of arms.
    pub arm: usize,
    /// Round of that arm, from 1.
    pub round: u32,
    /// How much is observed.
    pub mode: Mode,
    /// Whether the runtime helps, which makes it a round that is in no number but its own.
    pub detail: bool,
}

impl Step {
    /// What it is, to a reader, for the arm of this name.
    pub fn of(&self, arm: &str) -> String {
        let round = self.round;
        if self.detail {
            return format!("{arm}, instrumented round");
        }
        match self.mode {
            Mode::All => format!("{arm}, round {round}"),
            Mode::Overhead => format!("{arm}, round {round} of the observer's overhead"),
            mode => format!("{arm}, round {round}, {}", mode.name()),
        }
    }
}

/// Every arm once a round in each mode, the order turned round each time: A B, B A, A B, …
///
/// A machine that slowly warms up or gets busier then weighs on all arms and modes alike, because over two rounds each
/// has the same mean place in time. Which mode is in the middle changes every two rounds.
pub fn interleaved(arms: usize, modes: &[Mode], rounds: u32) -> Vec<Step> {
    let forward = |round: u32| -> Vec<Step> {
        let turned = modes.iter().cycle().skip((round as usize - 1) / 2);
        let modes: Vec<Mode> = turned.take(modes.len()).copied().collect();
        let of_arm = |arm| {
            modes.clone().into_iter().map(move |mode| Step {
                arm,
                round,
                mode,
                detail: false,
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

/// One more round of each of these arms, in which its runtime helps.
pub fn detail(arms: impl Iterator<Item = usize>) -> impl Iterator<Item = Step> {
    arms.map(|arm| Step {
        arm,
        round: 1,
        mode: Mode::All,
        detail: true,
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
    fn modes_take_every_order_within_six_rounds() {
        let plan = interleaved(1, &Mode::WHOLE, 6);
        let initial = |step: &Step| step.mode.name().chars().next().unwrap();
        let orders: Vec<String> = plan
            .chunks(3)
            .map(|round| round.iter().map(initial).collect())
            .collect();
        assert_eq!(orders, ["nca", "acn", "can", "nac", "anc", "cna"]);
    }

    #[test]
    fn the_order_turns_round() {
        assert_eq!(letters(2, 4), "ABBAABBA");
        assert_eq!(letters(3, 2), "ABCCBA");
        assert_eq!(letters(1, 3), "AAA");
        assert_eq!(letters(2, 0), "");
    }

    proptest! {
        #[test]
        fn every_arm_has_every_round_once_and_in_order(arms in 1usize..8, rounds in 0u32..12) {
            let plan = interleaved(arms, &[Mode::All], rounds);
            for arm in 0..arms {
                let own: Vec<u32> = plan.iter().filter(|step| step.arm == arm).map(|step| step.round).collect();
                prop_assert_eq!(own, (1..=rounds).collect::<Vec<_>>());
            }
        }

        #[test]
        fn over_an_even_number_of_rounds_arms_and_modes_have_the_same_mean_place(arms in 1usize..8, pairs in 1u32..6) {
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
