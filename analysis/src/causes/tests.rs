use super::{rules, testing::*};
use crate::about::About;
use crate::conditions::CONDITIONS;
use recording::vocabulary::{MetricId, Role};
use std::fmt::Write;

/// Returns the table of `docs/causes.md`.
fn table() -> String {
    let mut text = String::from("| cause | pattern | meaning | advice |\n|---|---|---|---|\n");
    let rules = rules().map(|rule| &rule.about);
    for about in rules.chain(CONDITIONS.iter().map(|condition| &condition.about)) {
        let About {
            id,
            title,
            pattern,
            meaning,
            advice,
        } = about;
        writeln!(
            text,
            "| **{title}** `{id}` | {pattern} | {meaning} | {advice} |"
        )
        .expect("a string takes all");
    }
    text
}

#[test]
fn documents_every_rule() {
    let documented = include_str!("../../../docs/causes.md");
    assert!(
        documented.contains(&table()),
        "docs/causes.md needs this table:\n{}",
        table()
    );
}

#[test]
fn gives_rules_unique_names() {
    let mut ids: Vec<_> = rules().map(|rule| rule.about.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), rules().count());
}

#[test]
fn finds_nothing_where_nothing_is_planted() {
    assert_eq!(causes_of(|build| build), []);
}

#[test]
fn adds_up_causes_to_the_whole() {
    let found = causes_of(|build| {
        let build = build.call("futex", 3_000, DOSE).call("getpid", 10, DOSE);
        build.thread(8, Role::JscHeapHelper, |thread| thread.user(DOSE, 9))
    });
    let cpu = found
        .iter()
        .filter(|found| found.metric == MetricId::CpuNsPerToken);
    let shares: Vec<f64> = cpu.map(|found| found.share).collect();
    assert_eq!(shares.len(), 3);
    assert!(
        (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6,
        "{shares:?}"
    );
}

#[test]
fn predicts_the_saving_of_removable_causes() {
    let found = planted("thread-handoff", |build| build.call("futex", 5_000, DOSE));
    let predicted = found.predicted.expect("a handoff can be removed");
    // 20 ms in 1,000 tokens.
    assert!((predicted.delta + 20_000.0).abs() < 1.0, "{predicted:?}");
    let [low, high] = predicted.ci95;
    assert!(low <= predicted.delta && predicted.delta <= high && high < 0.0);
    let code = planted("user-code", |build| {
        build.thread(9, MAIN, |thread| thread.user(DOSE, 0))
    });
    assert_eq!(code.predicted, None);
}
