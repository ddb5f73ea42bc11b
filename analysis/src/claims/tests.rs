use super::*;
use crate::testing::go_and_bun;
use recording::{Comparison, Recording, comparison::ClaimVerdict};

const CLAIM: &str = r#"
[[claim]]
source = "somebody"
text = "go takes little"
arms = ["go"]
metric = "rss_bytes"
max = 20.0
unit = "MiB"
"#;

fn judged(claims: &str, recordings: &[(String, Recording)]) -> Comparison {
    crate::compare_annotated(recordings, &parse(claims).expect("claims"))
}

fn verdict(claims: &str) -> ClaimVerdict {
    judged(claims, &go_and_bun(3)).claims[0].verdict
}

#[test]
fn decides_by_bounds() {
    assert_eq!(verdict(CLAIM), ClaimVerdict::Confirmed);
    assert_eq!(
        verdict(&CLAIM.replace("max = 20.0", "max = 10.0")),
        ClaimVerdict::Refuted
    );
    assert_eq!(
        verdict(&CLAIM.replace("max = 20.0", "min = 20.0")),
        ClaimVerdict::Refuted
    );
}

#[test]
fn decides_nothing_across_a_bound() {
    let mut recordings = go_and_bun(3);
    recordings[0].1.memory.rss_bytes = 25 << 20;
    assert_eq!(
        judged(CLAIM, &recordings).claims[0].verdict,
        ClaimVerdict::Inconclusive
    );
}

#[test]
fn decides_nothing_from_one_round() {
    let claim = &judged(CLAIM, &go_and_bun(1)).claims[0];
    assert_eq!(claim.verdict, ClaimVerdict::Inconclusive);
    assert_eq!(claim.measured, "go: 15 MiB (one round, no interval)");
}

#[test]
fn confirms_by_all_arms_and_refutes_by_one() {
    let both = CLAIM.replace(r#"["go"]"#, r#"["go", "bun"]"#);
    assert_eq!(verdict(&both), ClaimVerdict::Refuted);
    let absent = CLAIM.replace(r#"["go"]"#, r#"["go", "node"]"#);
    assert_eq!(verdict(&absent), ClaimVerdict::NotTested);
}

#[test]
fn omits_claims_about_other_arms() {
    let claims = CLAIM.replace(r#"["go"]"#, r#"["node"]"#);
    assert_eq!(judged(&claims, &go_and_bun(2)).claims, []);
}

#[test]
fn tests_nothing_under_another_load() {
    let claims = format!("{CLAIM}scenarios = [\"stress\"]");
    let claim = &judged(&claims, &go_and_bun(2)).claims[0];
    assert_eq!(claim.verdict, ClaimVerdict::NotTested);
    assert!(
        claim.measured.contains("which this is not about"),
        "{}",
        claim.measured
    );
}

#[test]
fn computes_a_ratio_of_metrics() {
    let claims = CLAIM
        .replace("rss_bytes\"", "ttft_ns\"\nover = \"total_ns\"")
        .replace("MiB", "%")
        .replace("20.0", "2.5");
    let claim = &judged(&claims, &go_and_bun(2)).claims[0];
    assert_eq!(claim.measured, "go: 2.08 % (95 % interval 2.08–2.08)");
    assert_eq!(
        (claim.verdict, claim.evidence.len()),
        (ClaimVerdict::Confirmed, 2)
    );
}

#[test]
fn reads_the_claims_of_this_repository() {
    let claims = builtin();
    assert!(claims.len() >= 10);
    let texts = claims
        .iter()
        .filter(|claim| claim.arms.contains(&"bun-1.4".into()));
    assert!(texts.count() >= 4, "the claims are put to Bun 1.4 as well");
}

#[test]
fn rejects_untestable_claims() {
    let refused = |claims: &str| parse(claims).expect_err(claims).to_string();
    assert!(refused("x = 1").contains("not a list of claims"));
    assert!(refused(&CLAIM.replace("MiB", "furlongs")).contains("furlongs"));
    assert!(refused(&CLAIM.replace("max = 20.0", "")).contains("neither min nor max"));
    assert!(refused(&CLAIM.replace("rss_bytes", "beauty")).contains("\"beauty\" is no MetricId"));
    assert!(refused(&CLAIM.replace(r#"["go"]"#, "[]")).contains("names no arm"));
    assert!(refused(&format!("{CLAIM}colour = 1")).contains("colour"));
}
