//! How users of a closed loop stay out of step. It is the same in every run.

use std::time::Duration;

/// Users come in within this. Were they to begin at once, streams of one pace would stay in step for the whole run: how many
/// tokens a server gets at one waking, and with it what a token costs, would be decided by the accidents of the start.
const ENTRANCE: Duration = Duration::from_millis(100);
/// The longest that a user rests before asking again, as a share of what the answer took. Users who meet at a server stay together
/// from then on, since each asks again as soon as it is answered: without rests, more and more streams fall into step.
const REST: f64 = 0.02;
/// A shorter rest is none: the clock of the runtime counts in milliseconds.
const SHORTEST_REST: Duration = Duration::from_millis(1);

/// When user `index` comes in. Multiples of the golden ratio, taken modulo 1, lie evenly apart however many there are (the
/// three-distance theorem), and so do they modulo the pace of a stream, which is not known here.
pub fn entrance(index: usize) -> Duration {
    ENTRANCE.mul_f64((index as f64 * std::f64::consts::GOLDEN_RATIO).fract())
}

/// How long user `index` rests after an answer, its `turn`th, that took so long. What two users rest since they began differs by a
/// quadratic sequence, which is evenly spread modulo any pace (Weyl 1916): they meet as often as chance would have it, and part again.
pub fn rest(index: usize, turn: u64, took: Duration) -> Option<Duration> {
    let share = ((index + 1) as f64 * turn as f64 * std::f64::consts::GOLDEN_RATIO).fract();
    let rest = took.mul_f64(REST * share);
    (rest >= SHORTEST_REST).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widest gap between users of a pace, as a share of what it would be if they were evenly apart.
    fn widest_gap(users: usize, pace: Duration) -> f64 {
        let phase = |index| entrance(index).as_secs_f64() % pace.as_secs_f64();
        let mut phases: Vec<f64> = (0..users).map(phase).collect();
        phases.sort_by(f64::total_cmp);
        phases.push(phases[0] + pace.as_secs_f64());
        let gaps = phases.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.fold(0.0, f64::max) * users as f64 / pace.as_secs_f64()
    }

    #[test]
    fn the_first_user_does_not_wait() {
        assert_eq!(entrance(0), Duration::ZERO);
    }

    #[test]
    fn streams_of_any_pace_are_apart() {
        for millis in [1, 2, 5, 10, 20, 25, 40, 50, 100] {
            for users in [5, 10, 50, 200] {
                let gap = widest_gap(users, Duration::from_millis(millis));
                assert!(gap < 4.0, "{users} users of {millis} ms: {gap}");
            }
        }
    }

    /// The share of moments at which two users of a pace of 20 ms and 50 tokens an answer are within a millisecond of each other.
    fn together(first: usize, second: usize) -> f64 {
        const TURNS: u64 = 1000;
        let took = Duration::from_millis(1000);
        let mut apart = 0.0;
        let meets = |turn| {
            let rests = [first, second]
                .map(|index| rest(index, turn, took).map_or(0.0, |rest| rest.as_secs_f64()));
            apart += rests[0] - rests[1];
            let apart = f64::rem_euclid(apart, 0.02);
            apart.min(0.02 - apart) < 0.001
        };
        (1..=TURNS).map(meets).filter(|met| *met).count() as f64 / TURNS as f64
    }

    #[test]
    fn users_meet_as_chance_would_have_it_and_part_again() {
        for (first, second) in [(0, 1), (3, 4), (0, 9), (7, 199)] {
            let share = together(first, second);
            assert!((0.06..0.14).contains(&share), "{first}, {second}: {share}");
        }
    }

    #[test]
    fn whoever_is_answered_fast_does_not_rest() {
        assert!((1..1000).all(|turn| rest(3, turn, Duration::from_millis(49)).is_none()));
        let rests = (1..1000).filter_map(|turn| rest(3, turn, Duration::from_secs(1)));
        assert!(rests.max().unwrap() <= Duration::from_millis(20));
    }
}
