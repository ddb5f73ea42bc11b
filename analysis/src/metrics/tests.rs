use super::*;
use crate::testing::Build;

#[test]
fn names_are_unique_and_found() {
    for metric in ALL {
        assert_eq!(by_name(metric.name).expect("found").title, metric.title);
    }
    assert!(by_name("nothing").is_none());
}

#[test]
fn a_round_without_load_has_nothing_per_token() {
    let round = Build::arm("go")
        .thread(1, "main", |thread| thread.user(10, 1))
        .done();
    let sample = |name: &str| by_name(name).expect("known").sample(&round);
    assert_eq!(sample("cpu_ns_per_token"), None);
    assert_eq!(sample("ttft_ns"), None);
    assert_eq!(sample("forwarding_ns"), None);
    assert_eq!(
        sample("cpu_ns_per_second").map(|sample| sample.amount),
        Some(10.0)
    );
}

#[test]
fn what_was_not_observed_is_absent_and_not_zero() {
    let in_mode = |mode| {
        let with = |recording: &mut Recording| recording.observer.mode = mode;
        let round = Build::arm("go").load(10, 1).with(with).done();
        let names = ALL.iter().filter(|metric| metric.sample(&round).is_some());
        names.map(|metric| metric.name).collect::<Vec<_>>()
    };
    let [none, counters, all] = Mode::EACH.map(in_mode);
    assert!(none.contains(&"cpu_ns_per_token") && none.contains(&"rss_bytes"));
    assert!(!none.contains(&"switches_per_token") && !counters.contains(&"syscalls_per_token"));
    assert!(counters.contains(&"switches_per_token") && all.contains(&"syscalls_per_token"));
}
