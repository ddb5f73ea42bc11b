//! A clean arm, and the same with something planted.

use recording::testing::Build;
pub use recording::testing::MAIN;
use recording::vocabulary::RegionClass;
use recording::{Recording, comparison::Finding};

/// CPU time planted in a round of 1,000 tokens: 20 µs a token.
pub const DOSE: u64 = 20_000_000;

fn round(arm: &str, round: u64, plant: impl Fn(Build) -> Build) -> (String, Recording) {
    let build = Build::arm(arm)
        .load(1_000, 20)
        .region(RegionClass::RuntimeHeap, 10 << 20)
        .relays("arrival_to_recv", 10_000)
        .with(|recording| {
            recording.sockets.send_calls = 1_000;
            recording.sockets.send_bytes = 80_000;
        })
        .thread(1, MAIN, |thread| {
            let thread = thread
                .user(10_000_000 + round * 10_000, 1_000)
                .fault(100_000, 1);
            thread
                .call("read", 1_000, 2_000_000)
                .call("write", 1_000, 9_000_000)
        });
    (format!("{arm}/{round}"), plant(build).done())
}

/// Returns three rounds each of a clean arm and of one with something planted.
pub fn recordings(plant: impl Fn(Build) -> Build) -> Vec<(String, Recording)> {
    let clean = (1..=3).map(|number| round("clean", number, |build| build));
    let planted = (1..=3).map(|number| round("planted", number, &plant));
    clean.chain(planted).collect()
}

/// Returns whether a finding is one of a rule.
pub fn is_cause(id: &str) -> bool {
    super::rules().any(|rule| rule.about.id == id)
}

/// Returns the causes found between a clean arm and one with something planted.
pub fn causes_of(plant: impl Fn(Build) -> Build) -> Vec<Finding> {
    let comparison = crate::testing::compare(&recordings(plant));
    let findings = comparison.findings.into_iter();
    findings.filter(|found| is_cause(&found.id)).collect()
}

/// Returns the finding of a rule, which must be the first of all causes.
pub fn planted(id: &str, plant: impl Fn(Build) -> Build) -> Finding {
    let found = causes_of(plant);
    let ids: Vec<_> = found.iter().map(|found| found.id.clone()).collect();
    assert_eq!(ids.first().map(String::as_str), Some(id), "found {ids:?}");
    found.into_iter().next().expect("just seen")
}

/// Asserts that the rule explains all that was planted.
pub fn assert_whole(found: &Finding) {
    assert!(
        (found.share - 1.0).abs() < 0.02,
        "{} of it: {}",
        found.share,
        found.text
    );
}

/// Half a dose of user code that the main loop saves beside what is planted.
pub fn saves(recording: &mut Recording) {
    let saved = std::mem::take(&mut recording.threads[0].samples.user);
    recording.threads[0].on_cpu_ns -= saved;
    recording.process.on_cpu_ns -= saved;
}

/// Returns the causes, largest first.
pub fn ids(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|found| found.id.as_str()).collect()
}

/// Returns the causes in alphabetical order.
pub fn sorted_ids(found: &[Finding]) -> Vec<&str> {
    let mut ids = ids(found);
    ids.sort_unstable();
    ids
}
