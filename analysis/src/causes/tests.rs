use super::{RULES, testing::*};
use crate::about::About;
use crate::conditions::CONDITIONS;
use recording::vocabulary::{MetricId, Role};
use std::fmt::Write;

/// Returns the table of `docs/causes.md`.
fn table() -> String {
    let mut text = String::from("| cause | looks at | means | what to do |\n|---|---|---|---|\n");
    let rules = RULES.iter().map(|rule| &rule.about);
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
fn the_documentation_has_every_rule() {
    let documented = include_str!("../../../docs/causes.md");
    assert!(
        documented.contains(&table()),
        "docs/causes.md needs this table:\n{}",
        table()
    );
}

#[test]
fn names_are_unique() {
    let mut ids: Vec<_> = RULES.iter().map(|rule| rule.about.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), RULES.len());
}

#[test]
fn nothing_planted_nothing_found() {
    assert_eq!(causes_of(|build| build), []);
}

#[test]
fn causes_never_add_up_to_more_than_what_was_planted() {
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
