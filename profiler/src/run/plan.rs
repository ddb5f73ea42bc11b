//! Which arm is measured when.

/// One measurement: an arm and its round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Position of the arm in the list of arms.
    pub arm: usize,
    /// Round of that arm, from 1.
    pub round: u32,
}

/// Every arm once a round, the order turned round each time: A B, B A, A B, …
///
/// A machine that slowly warms up or gets busier then weighs on all arms alike, because over two rounds each arm has
/// the same mean place in time.
pub fn interleaved(arms: usize, rounds: u32) -> Vec<Step> {
    (1..=rounds)
        .flat_map(|round| {
            (0..arms).map(move |place| {
                let forward = round % 2 == 1;
                let arm = if forward { place } else { arms - 1 - place };
                Step { arm, round }
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn letters(arms: usize, rounds: u32) -> String {
        let letter = |step: &Step| char::from(b'A' + step.arm as u8);
        interleaved(arms, rounds).iter().map(letter).collect()
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
            let plan = interleaved(arms, rounds);
            for arm in 0..arms {
                let own: Vec<u32> = plan.iter().filter(|step| step.arm == arm).map(|step| step.round).collect();
                prop_assert_eq!(own, (1..=rounds).collect::<Vec<_>>());
            }
        }

        #[test]
        fn over_an_even_number_of_rounds_all_arms_have_the_same_mean_place(arms in 1usize..8, pairs in 1u32..6) {
            let plan = interleaved(arms, pairs * 2);
            let places = |arm| plan.iter().enumerate().filter(|(_, step)| step.arm == arm).map(|(at, _)| at).sum::<usize>();
            for arm in 1..arms {
                prop_assert_eq!(places(arm), places(0));
            }
        }
    }
}
