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
    let sample = |id| of(id).sample(&round, Per::Second);
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
        let ids = ALL
            .iter()
            .filter(|metric| metric.sample(&round, Per::Token).is_some());
        ids.map(|metric| metric.id).collect::<Vec<_>>()
    };
    let [none, counters, all] = Mode::WHOLE.map(in_mode);
    use MetricId::*;
    assert!(none.contains(&CpuNsPerToken) && none.contains(&RssBytes));
    assert!(!none.contains(&SwitchesPerToken) && !counters.contains(&SyscallsPerToken));
    assert!(counters.contains(&SwitchesPerToken) && all.contains(&SyscallsPerToken));
}

#[test]
fn divides_by_the_named_unit_of_work() {
    let work = |recording: &mut Recording| {
        recording.work = Some(recording::Work {
            name: "command".parse().expect("a name"),
            source: "file:x".into(),
            count: 4,
            assumed: false,
            series: Vec::new(),
        });
    };
    let build = Build::arm("redis").call("read", 8, 400).with(work);
    let round = build.done();
    let unit = recording::work::common_unit([&round]);
    let value = |id, per| {
        let sample = of(id).sample(&round, per)?;
        Some(sample.amount / sample.over)
    };
    assert_eq!(value(MetricId::CpuNsPerWork, unit), Some(100.0));
    assert_eq!(value(MetricId::SyscallsPerWork, unit), Some(2.0));
    assert_eq!(value(MetricId::SyscallsPerWork, Per::Token), None);
    assert_eq!(of(MetricId::CpuNsPerWork).per(unit).label(), "command");
    assert_eq!(of(MetricId::CpuNsPerToken).per(unit), Per::Token);
}

#[test]
fn divides_by_requests_without_tokens() {
    let round = Build::arm("api").load(0, 4).call("read", 8, 400).done();
    let sample = |id: MetricId| of(id).sample(&round, Per::Request);
    assert_eq!(sample(MetricId::SyscallsPerWork).map(|s| s.over), Some(4.0));
    assert_eq!(
        sample(MetricId::CpuNsPerWork),
        None,
        "it has a name already"
    );
    assert_eq!(sample(MetricId::CpuNsPerRequest).map(|s| s.over), Some(4.0));
}
