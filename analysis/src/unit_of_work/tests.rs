use super::*;
use recording::Work;
use recording::testing::{Build, MAIN};
use recording::vocabulary::MetricId;

/// Two rounds of an arm with so much CPU time, and so many requests of so many bytes, a second.
fn arm(name: &str, cpu_ns: u64, requests: u64, bytes: u64) -> Vec<(String, Recording)> {
    let round = |number: u64| {
        let build = Build::arm(name).thread(1, MAIN, |thread| thread.user(cpu_ns + number, 9));
        let build = build.with(|recording| {
            recording.sockets.requests = requests;
            recording.sockets.recv_bytes = requests * bytes;
            recording.work = Work::assumed(recording);
        });
        (format!("{name}/{number}"), build.done())
    };
    (1..=2).map(round).collect()
}

fn named(recordings: Vec<(String, Recording)>, count: u64) -> Vec<(String, Recording)> {
    let name = |(path, mut recording): (String, Recording)| {
        recording.work = Some(Work {
            name: "command".parse().expect("a name"),
            source: "load: redis-benchmark".into(),
            count,
            assumed: false,
            series: Vec::new(),
        });
        (path, recording)
    };
    recordings.into_iter().map(name).collect()
}

fn compare(a: Vec<(String, Recording)>, b: Vec<(String, Recording)>) -> Comparison {
    crate::compare(&[a, b].concat())
}

fn pair(comparison: &Comparison, id: MetricId) -> &recording::comparison::Pair {
    let metric = comparison.metrics.iter().find(|metric| metric.name == id);
    &metric.expect("measured").pairs[0]
}

#[test]
fn decides_by_the_cost_of_a_named_unit() {
    // Redis with pipelining 1 and 16: 64,500 and 591,000 commands a second.
    let one = named(arm("p1", 774_000_000, 64_500, 40), 64_500);
    let sixteen = named(arm("p16", 975_150_000, 36_938, 640), 591_000);
    let comparison = compare(one, sixteen);
    let found = pair(&comparison, MetricId::CpuNsPerWork);
    assert_eq!(found.verdict, Verdict::Lower);
    assert!((1.0 / found.ratio - 7.27).abs() < 0.01, "{}", found.ratio);
    let work = comparison.work.as_ref().expect("a unit");
    assert_eq!((work.per.label(), work.assumed), ("command", false));
    assert_eq!(work.rates["p16"].value, 591_000.0);
    let texts = comparison.findings.iter().map(|finding| &finding.text);
    let about = texts
        .clone()
        .find(|text| text.starts_with("CPU time per command"));
    assert!(
        about
            .expect("a sentence")
            .contains("p16 takes 10.4 µs less than p1")
    );
}

#[test]
fn withholds_a_verdict_where_rates_differ() {
    let comparison = compare(
        arm("p1", 774_000_000, 64_500, 40),
        arm("p16", 975_150_000, 36_938, 640),
    );
    for id in [MetricId::CpuNsPerWork, MetricId::CpuNsPerSecond] {
        let found = pair(&comparison, id);
        assert_eq!(found.verdict, Verdict::Inconclusive, "{id}");
        let reason = found.incomparable.as_deref().unwrap_or_default();
        assert!(
            reason.contains("36,938 kernel-requests a second in p16"),
            "{reason}"
        );
    }
    let decided = |text: &str| text.contains("takes") && !text.contains("no verdict");
    let about_cpu = comparison
        .findings
        .iter()
        .filter(|found| found.metric.is_cpu_time());
    assert!(about_cpu.clone().count() > 0);
    assert!(!about_cpu.into_iter().any(|found| decided(&found.text)));
}

#[test]
fn withholds_a_verdict_where_requests_differ_in_size() {
    let comparison = compare(
        arm("a", 1_000_000, 1_000, 100),
        arm("b", 2_000_000, 1_000, 150),
    );
    let reason = pair(&comparison, MetricId::CpuNsPerWork)
        .incomparable
        .clone();
    let reason = reason.expect("a reason");
    assert!(
        reason.contains("of b has 150 B and one of a 100 B"),
        "{reason}"
    );
}

#[test]
fn decides_by_requests_of_the_kernel_at_equal_rates() {
    let comparison = compare(
        arm("a", 1_000_000, 1_000, 100),
        arm("b", 2_000_000, 1_010, 100),
    );
    let found = pair(&comparison, MetricId::CpuNsPerWork);
    assert_eq!(
        (found.verdict, &found.incomparable),
        (Verdict::Higher, &None)
    );
}

#[test]
fn withholds_a_verdict_where_units_differ() {
    let one = named(arm("a", 1_000_000, 1_000, 100), 1_000);
    let comparison = compare(one, arm("b", 2_000_000, 1_000, 100));
    let found = pair(&comparison, MetricId::CpuNsPerSecond);
    assert_eq!(found.verdict, Verdict::Inconclusive);
    let reason = found.incomparable.as_deref().unwrap_or_default();
    assert!(reason.contains("(command, kernel-request)"), "{reason}");
}

#[test]
fn withholds_a_verdict_without_any_unit() {
    let comparison = compare(arm("a", 1_000_000, 0, 0), arm("b", 2_000_000, 0, 0));
    let found = pair(&comparison, MetricId::CpuNsPerSecond);
    assert_eq!(found.verdict, Verdict::Inconclusive);
    let reason = found.incomparable.as_deref().unwrap_or_default();
    assert!(reason.contains("--work"), "{reason}");
}
