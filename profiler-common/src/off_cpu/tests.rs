use super::*;

/// A generator of the tests' own (splitmix64): the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 32) as u32
    }
}

/// Judges waits of some lengths in turns, `times` each; returns the sampler and the kept sums.
fn judged(lengths: &[u64], times: u64) -> (WaitSampler, Kept) {
    let (mut sampler, mut random) = (WaitSampler::default(), Random(1));
    let mut sum = Kept {
        off_cpu_ns: 0,
        waits: 0,
    };
    let mut now = 1;
    for _ in 0..times {
        for length in lengths {
            now += length;
            if let Some(kept) = sampler.judge(*length, random.next(), now) {
                sum.off_cpu_ns += kept.off_cpu_ns;
                sum.waits += kept.waits;
            }
        }
    }
    (sampler, sum)
}

#[test]
fn keeps_sums_within_their_deviation() {
    let (sampler, kept) = judged(&[3_000, 40_000, 700_000, 9_000_000], 20_000);
    assert_eq!(sampler.waits, 80_000);
    assert_eq!(sampler.off_cpu_ns, 20_000 * 9_743_000);
    let error = kept.off_cpu_ns.abs_diff(sampler.off_cpu_ns);
    let deviation = sampler.variance_ns2().isqrt();
    assert!(
        deviation > 0 && u128::from(error) < 4 * deviation,
        "{error} of {deviation}"
    );
    // One wait in 3000 of the shortest is kept, so that their number is the least certain.
    let waits = kept.waits >> WAITS_BITS;
    assert!(waits.abs_diff(80_000) < 30_000, "{waits}");
}

#[test]
fn keeps_long_waits_exactly() {
    let (sampler, kept) = judged(&[2_000_000_000], 50);
    assert_eq!(kept.off_cpu_ns, sampler.off_cpu_ns);
    assert_eq!((sampler.variance, kept.waits >> WAITS_BITS), (0, 50));
}

#[test]
fn raises_the_period_until_the_budget_holds_and_lowers_it_again() {
    let (mut sampler, mut random) = (WaitSampler::default(), Random(2));
    let mut now = 1;
    let mut waits = |sampler: &mut WaitSampler, seconds: u64, each: u64, length: u64| {
        let end = now + seconds * 1_000_000_000;
        let before = sampler.kept_sum;
        while now < end {
            now += each;
            let _ = sampler.judge(length, random.next(), now);
        }
        sampler.kept_sum - before
    };
    // A thousand threads that wait for 10 ms, 100,000 waits a second.
    waits(&mut sampler, 1, 10_000, 10_000_000);
    let kept = waits(&mut sampler, 4, 10_000, 10_000_000);
    let budget = 4 * KEPT_PER_EPOCH * 1_000_000_000 / EPOCH_NS;
    assert!(kept <= 3 * budget, "{kept} of {budget}");
    assert!(sampler.period_ns > 100_000_000, "{}", sampler.period_ns);
    waits(&mut sampler, 3, 100_000_000, 50_000);
    assert!(
        sampler.period_ns <= FIRST_PERIOD_NS,
        "{}",
        sampler.period_ns
    );
}

#[test]
fn recognises_time_limits_by_results() {
    let failed = |errno: u64| errno.wrapping_neg();
    assert!(timed_out(FUTEX, failed(110)) && !timed_out(FUTEX, 0));
    assert!(timed_out(EPOLL_WAIT, 0) && !timed_out(EPOLL_WAIT, 1));
    assert!(timed_out(NANOSLEEP, 0) && !timed_out(crate::numbers::READ, 0));
}
