//! What can be written, what is refused, what holds.

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
    (1..=100).for_each(|ms| totals.tally.ttft.record(ms * 1_000_000));
    totals.tally.requests.completed = 99;
    totals.tally.started();
    totals.tally.failed(None, Failure::Reset);
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
fn durations_have_quantiles_and_a_mean() {
    check("ttft:p(95)<96ms", 95.0, true);
    check("ttft:p(95)<95", 95.0, false);
    check("ttft : med <= 0.051 s", 0.05, true);
    check("ttft:max>100000us", 100_000.0, true);
    check("ttft:min>=2ms", 1.0, false);
    check("ttft:avg<51ms", 50.5, true);
}

#[test]
fn counts_have_rates() {
    check("tokens:rate>=50", 50.0, true);
    check("tokens:count>500", 500.0, false);
    check("completed:count>98", 99.0, true);
    check("failed:rate<1%", 1.0, false);
    check("failed:rate<0.011", 0.01, true);
    check("failed:count<2", 1.0, true);
    check("requests:count>0", 1.0, true);
}

#[test]
fn of_nothing_measured_nothing_holds() {
    for expr in ["itl:max<1s", "failed:rate<=100%"] {
        let threshold: Threshold = expr.parse().unwrap();
        assert!(!threshold.holds(&Totals::default()), "{expr}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_an_example() {
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
    ] {
        let error = expr.parse::<Threshold>().unwrap_err().to_string();
        assert!(error.contains("ttft:p(95)<500ms"), "{error}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "(ttft|failed)?:?(p\\(|rate)?.{0,12}") {
        let _ = text.parse::<Threshold>();
    }
}
