//! Desynchronisation of the users of a closed loop, the same in every run.
//!
//! Streams that start together stay in step, and streams that meet at the server stay together,
//! since
//! each user asks again as soon as it is answered. The server then finds several tokens at each
//! wake-up, which lowers its cost per token by chance.

use std::time::Duration;

/// Window within which users start.
const STAGGER_WINDOW: Duration = Duration::from_millis(100);
/// Longest think time, as a share of the answer's time.
const THINK_TIME_SHARE: f64 = 0.02;
/// Shortest think time, since the runtime's timers count in milliseconds.
const SHORTEST_THINK_TIME: Duration = Duration::from_millis(1);

/// Returns the start of user `index` within the window.
///
/// Multiples of the golden ratio modulo 1 are evenly spread for any number of users (three-distance
/// theorem), also modulo the pace of a stream, which is not known here.
pub fn stagger(index: usize) -> Duration {
    STAGGER_WINDOW.mul_f64((index as f64 * std::f64::consts::GOLDEN_RATIO).fract())
}

/// Returns the think time of user `index` after its `turn`-th answer, which took `took`.
///
/// The total think times of two users differ by a quadratic sequence, which is evenly spread modulo
/// any pace (Weyl 1916): two streams meet as often as by chance, and separate again.
pub fn think_time(index: usize, turn: u64, took: Duration) -> Option<Duration> {
    let share = ((index + 1) as f64 * turn as f64 * std::f64::consts::GOLDEN_RATIO).fract();
    let think_time = took.mul_f64(THINK_TIME_SHARE * share);
    (think_time >= SHORTEST_THINK_TIME).then_some(think_time)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the widest gap between users of a pace, as a multiple of an even gap.
    fn widest_gap(users: usize, pace: Duration) -> f64 {
        let phase = |index| stagger(index).as_secs_f64() % pace.as_secs_f64();
        let mut phases: Vec<f64> = (0..users).map(phase).collect();
        phases.sort_by(f64::total_cmp);
        phases.push(phases[0] + pace.as_secs_f64());
        let gaps = phases.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.fold(0.0, f64::max) * users as f64 / pace.as_secs_f64()
    }

    #[test]
    fn starts_the_first_user_at_once() {
        assert_eq!(stagger(0), Duration::ZERO);
    }

    #[test]
    fn spreads_streams_of_any_pace() {
        for millis in [1, 2, 5, 10, 20, 25, 40, 50, 100] {
            for users in [5, 10, 50, 200] {
                let gap = widest_gap(users, Duration::from_millis(millis));
                assert!(gap < 4.0, "{users} users of {millis} ms: {gap}");
            }
        }
    }

    /// Returns the share of turns at which two users with a pace of 20 ms and 50 tokens an answer
    /// are
    /// within a millisecond of each other.
    fn together(first: usize, second: usize) -> f64 {
        const TURNS: u64 = 1000;
        let took = Duration::from_millis(1000);
        let mut offset = 0.0;
        let meets = |turn| {
            let times = [first, second]
                .map(|index| think_time(index, turn, took).map_or(0.0, |time| time.as_secs_f64()));
            offset += times[0] - times[1];
            let offset = f64::rem_euclid(offset, 0.02);
            offset.min(0.02 - offset) < 0.001
        };
        (1..=TURNS).map(meets).filter(|met| *met).count() as f64 / TURNS as f64
    }

    #[test]
    fn lets_users_meet_only_by_chance() {
        for (first, second) in [(0, 1), (3, 4), (0, 9), (7, 199)] {
            let share = together(first, second);
            assert!((0.06..0.14).contains(&share), "{first}, {second}: {share}");
        }
    }

    #[test]
    fn skips_think_time_after_fast_answers() {
        assert!((1..1000).all(|turn| think_time(3, turn, Duration::from_millis(49)).is_none()));
        let times = (1..1000).filter_map(|turn| think_time(3, turn, Duration::from_secs(1)));
        assert!(times.max().unwrap() <= Duration::from_millis(20));
    }
}
