//! The size of the table of call stacks.

use crate::record::series::POINTS_PER_SECOND;
use profiler_common::call_stack::STACK_SLOTS;

/// Returns the entries of each half of the table of stacks: at most a quarter of them is new
/// between two points of the series, on up to 160 CPUs at the usual rate.
pub fn slots(sample_hz: u32, cpus: u32) -> u32 {
    const MOST: u32 = 8 * STACK_SLOTS;
    let samples = sample_hz.saturating_mul(cpus) / POINTS_PER_SECOND;
    let slots = samples.saturating_mul(4).clamp(STACK_SLOTS, MOST);
    slots.next_power_of_two()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_room_for_the_samples_of_all_cpus() {
        assert_eq!(slots(499, 2), STACK_SLOTS);
        assert_eq!(slots(499, 64), 16_384);
        assert_eq!(slots(4_999, 8), 16_384);
        assert_eq!(slots(u32::MAX, 4_096), 8 * STACK_SLOTS);
    }
}
