//! The scheduler's clock against the monotonic one.
//!
//! The kernel notes when it put a task on a run queue and when it gave the task a CPU
//! (`sched_info`), also where no program saw it, but by the clock of its scheduler. Switches that
//! the programs do see give the difference.

/// Growth of the difference, ns, that is taken for drift of the clocks. A smaller one is the time
/// between the kernel's note and the program.
const DRIFT_NS: u64 = 500_000;
/// Decrease of the difference, ns, that is worth a write to memory that all CPUs read.
const GAIN_NS: u64 = 10_000;

/// Returns the new difference between the clocks after a switch-in that a program saw at `seen_ns`,
/// and the kernel noted as `noted_ns`. `None` if the known one stays: 0 stands for not known.
#[inline(always)]
pub fn learn(known: u64, seen_ns: u64, noted_ns: u64) -> Option<u64> {
    let offset = seen_ns.wrapping_sub(noted_ns);
    let grown = offset.wrapping_sub(known);
    // A program runs after the kernel's note, so that the least difference is the best.
    let drifts = grown > DRIFT_NS && grown < GAIN_NS.wrapping_neg();
    (known == 0 || drifts).then_some(offset)
}

/// Returns the monotonic time of a note of the kernel. `None` if the difference between the clocks
/// is not known, or there is no note.
#[inline(always)]
pub fn monotonic(offset: u64, noted_ns: u64) -> Option<u64> {
    (offset != 0 && noted_ns != 0).then(|| noted_ns.wrapping_add(offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_difference_of_the_least_delay() {
        assert_eq!(learn(0, 1_000_000, 400_000), Some(600_000));
        assert_eq!(learn(600_000, 2_000_000, 1_395_000), None, "some delay");
        assert_eq!(learn(600_000, 2_000_000, 1_405_000), None, "hardly better");
        let better = learn(600_000, 2_000_000, 1_500_000);
        assert_eq!(better, Some(500_000));
        let drifted = learn(600_000, 9_000_000, 7_000_000);
        assert_eq!(drifted, Some(2_000_000));
    }

    #[test]
    fn converts_also_where_the_scheduler_is_ahead() {
        let offset = learn(0, 1_000, 5_000).expect("the first");
        assert_eq!(monotonic(offset, 7_000), Some(3_000));
        assert_eq!(learn(offset, 2_000, 5_900), None);
    }

    #[test]
    fn converts_nothing_without_a_note_or_a_comparison() {
        assert_eq!((monotonic(0, 5), monotonic(5, 0)), (None, None));
    }
}
