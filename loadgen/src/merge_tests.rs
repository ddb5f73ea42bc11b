//! Sums of summaries, and summaries that cannot be merged.

use super::*;
use crate::output::tests::summary;

#[test]
fn adds_parts_exactly() {
    let (one, mut two) = (summary(), summary());
    let mut slow = Latency::default();
    (1..=30).for_each(|ms| slow.record(ms * 1_000_000));
    two.ttft = slow.distribution();
    two.scenario = "soak".into();
    let whole = merge(&[one.clone(), two]).unwrap();
    slow.add(&Latency::decode(&one.ttft).unwrap());
    assert_eq!(whole.ttft, slow.distribution());
    assert_eq!(whole.scenario, "quick + soak");
    assert_eq!(
        (
            whole.requests.started,
            whole.requests.failed["connection reset"]
        ),
        (28, 2)
    );
    assert_eq!((whole.tokens, whole.bytes_received), (1_000, 246_912));
    assert_eq!((whole.checks[0].passed, whole.series[0].active), (20, 20));
    assert!(whole.client.saturated);
}

#[test]
fn keeps_a_single_part() {
    let mut part = summary();
    part.thresholds.clear();
    assert_eq!(merge(std::slice::from_ref(&part)).unwrap(), part);
}

#[test]
fn judges_thresholds_over_the_whole() {
    let mut two = summary();
    two.thresholds[0].expr = "ttft:count<1".into();
    assert!(
        merge(&[summary(), two.clone()])
            .unwrap_err()
            .1
            .contains("ttft:count<1")
    );
    two.thresholds[0].expr = "requests:count>20".into();
    two.thresholds[0].ok = false;
    let whole = merge(&[summary(), two]).unwrap();
    assert_eq!(
        whole
            .thresholds
            .iter()
            .map(|threshold| threshold.ok)
            .collect::<Vec<_>>(),
        [false, true]
    );
}

#[test]
fn rejects_copies_of_the_same_run() {
    let mut part = summary();
    part.origin = Some(Origin {
        run: "a1".into(),
        ..Origin::default()
    });
    let (position, reason) = merge(&[part.clone(), part.clone()]).unwrap_err();
    assert_eq!(position, 1);
    assert!(reason.contains("copy"), "{reason}");
    let mut other = part.clone();
    other.origin.as_mut().unwrap().run = "b2".into();
    assert!(merge(&[part, other]).is_ok());
}

#[test]
fn rejects_counts_that_overflow() {
    let mut part = summary();
    part.tokens = u64::MAX;
    let (position, reason) = merge(&[part, summary()]).unwrap_err();
    assert_eq!(position, 1);
    assert!(reason.contains("too large"), "{reason}");
}

#[test]
fn adds_goodput_of_equal_objectives_only() {
    let with = |slo: &str| LoadSummary {
        goodput: Some(Goodput {
            slo: slo.into(),
            met: 3,
            ended: 4,
        }),
        ..summary()
    };
    let whole = merge(&[with("ttft<1s"), with("ttft<1s")]).unwrap();
    let goodput = whole.goodput.unwrap();
    assert_eq!((goodput.met, goodput.ended), (6, 8));
    assert!(merge(&[with("ttft<1s"), with("ttft<2s")]).is_err());
}

#[test]
fn rejects_a_part_without_histograms_by_position() {
    let mut two = summary();
    two.ttft.hdr = None;
    let (position, reason) = merge(&[summary(), two]).unwrap_err();
    assert_eq!(position, 1);
    assert!(reason.contains("ttft"), "{reason}");
}
