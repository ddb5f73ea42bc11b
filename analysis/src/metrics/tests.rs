use super::*;
use recording::testing::Build;

#[test]
fn defines_every_metric_once() {
    let ids: Vec<_> = ALL.iter().map(|metric| metric.id).collect();
    assert_eq!(ids, MetricId::ALL);
}

#[test]
fn omits_values_per_token_without_load() {
    let round = Build::arm("go")
        .thread(1, "main", |thread| thread.user(10, 1))
        .done();
    let sample = |id| of(id).sample(&round);
    assert_eq!(sample(MetricId::CpuNsPerToken), None);
    assert_eq!(sample(MetricId::TtftNs), None);
    assert_eq!(sample(MetricId::ProxyLatencyNs), None);
    let per_second = sample(MetricId::CpuNsPerSecond);
    assert_eq!(per_second.map(|sample| sample.amount), Some(10.0));
}

#[test]
fn omits_numbers_that_were_not_observed() {
    let in_mode = |mode| {
        let with = |recording: &mut Recording| recording.observer.mode = mode;
        let round = Build::arm("go").load(10, 1).with(with).done();
        let ids = ALL.iter().filter(|metric| metric.sample(&round).is_some());
        ids.map(|metric| metric.id).collect::<Vec<_>>()
    };
    let [none, counters, all] = Mode::WHOLE.map(in_mode);
    use MetricId::*;
    assert!(none.contains(&CpuNsPerToken) && none.contains(&RssBytes));
    assert!(!none.contains(&SwitchesPerToken) && !counters.contains(&SyscallsPerToken));
    assert!(counters.contains(&SwitchesPerToken) && all.contains(&SyscallsPerToken));
}
