//! Syntax of thresholds, and their values.

use super::*;
use crate::client::Failure;
use crate::clock::SECOND;
use proptest::prelude::*;

fn totals() -> Totals {
    let mut totals = Totals {
        tokens: 500,
        elapsed_ns: 10 * SECOND,
        ..Totals::default()
    };
    (1..=100).for_each(|ms| totals.counters.ttft.record(ms * 1_000_000));
    totals.counters.tpot.record(20_000_000);
    totals.counters.checks = vec![[97, 3], [100, 0]];
    totals.bytes_received = 1_000;
    totals.counters.requests.completed = 99;
    totals.counters.started(false);
    totals.counters.failed(None, Failure::Reset);
    totals.counters.requests.started = 100;
    totals.counters.requests.cut = 10;
    totals.counters.goodput = 80;
    totals
}

fn check(expr: &str, value: f64, holds: bool) {
    let threshold: Threshold = expr.parse().unwrap();
    let judged = threshold.judged(&totals());
    assert!(
        (judged.value - value).abs() < value * 0.001 + 1e-9,
        "{expr}: {}",
        judged.value
    );
    assert_eq!(judged.ok, holds, "{expr}");
}

#[test]
fn judges_quantiles_and_means_of_durations() {
    check("ttft:p(95)<96ms", 95.0, true);
    check("ttft:p(95)<95", 95.0, false);
    check("ttft : med <= 0.051 s", 0.05, true);
    check("ttft:max>100000us", 100_000.0, true);
    check("ttft:min>=2ms", 1.0, false);
    check("ttft:avg<51ms", 50.5, true);
}

#[test]
fn judges_counts_and_rates() {
    check("tokens:rate>=50", 50.0, true);
    check("tokens:count>500", 500.0, false);
    check("completed:count>98", 99.0, true);
    check("failed:rate<1%", 1.0, false);
    check("failed:rate<0.011", 0.01, true);
    check("failed:count<2", 1.0, true);
    check("requests:count>0", 100.0, true);
}

#[test]
fn judges_every_printed_metric() {
    check("tpot:avg<21ms", 20.0, true);
    check("cut:rate<5%", 10.0, false);
    check("cut:count<=10", 10.0, true);
    check("checks:rate>0.99", 0.985, false);
    check("goodput:rate>=80%", 80.0, true);
    check("chunks:count<1", 0.0, true);
    check("data_received:rate<101", 100.0, true);
    for (name, _) in totals().counters.named() {
        let expr = format!("{name}:max<1h").replace("1h", "1s");
        assert!(expr.parse::<Threshold>().is_ok(), "{expr}");
    }
}

#[test]
fn reports_the_unit_of_the_value() {
    let unit = |expr: &str| expr.parse::<Threshold>().unwrap().judged(&totals()).unit;
    for (expr, expected) in [
        ("ttft:max<5", "ms"),
        ("ttft:max<5s", "s"),
        ("ttft:max<5us", "µs"),
        ("failed:rate<1%", "%"),
        ("failed:rate<0.01", ""),
        ("tokens:rate>5", "/s"),
        ("data_sent:count<5", "B"),
    ] {
        assert_eq!(unit(expr), expected, "{expr}");
    }
}

#[test]
fn fails_without_measurements() {
    for expr in ["itl:max<1s", "failed:rate<=100%"] {
        let threshold: Threshold = expr.parse().unwrap();
        assert!(!threshold.holds(&Totals::default()), "{expr}");
    }
}

#[test]
fn rejects_unreadable_thresholds_with_an_example() {
    for expr in [
        "",
        "ttft",
        "ttft<1s",
        "speed:avg<1",
        "ttft:p(101)<1s",
        "ttft:p(x)<1",
        "ttft:p(95)",
        "ttft:p(95)=1s",
        "ttft:p(95)<fast",
        "ttft:p(95)<1h",
        "ttft:rate<1",
        "tokens:p(95)<1",
        "tokens:rate<1ms",
        "ttft:avg<1%",
        "failed:count<1%",
        "tokens:count<1%",
        "failed:rate<5",
        "failed:rate<101%",
        "goodput:rate>=1.01",
    ] {
        let error = expr.parse::<Threshold>().unwrap_err().to_string();
        assert!(error.contains("ttft:p(95)<500ms"), "{error}");
    }
}

proptest! {
    #[test]
    fn parses_or_rejects_any_text(text in "(ttft|failed)?:?(p\\(|rate)?.{0,12}") {
        let _ = text.parse::<Threshold>();
    }
}
