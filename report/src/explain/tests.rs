use super::*;
use recording::Recording;
use recording::comparison::{Comparison, Finding};
use recording::evidence::Evidence;
use recording::testing::three_arms;
use recording::vocabulary::MetricId;
use serde_json::Value;

fn all_pages(input: &Input, topic: Topic) -> Vec<Answer> {
    let pages = (1..).map_while(|page| answer(input, topic, page));
    pages.collect()
}

/// Returns the value that a citation points to.
fn resolve(comparison: &Value, recordings: &[(String, Value)], cite: &str) -> Option<Value> {
    let (document, pointer) = cite.split_once('#')?;
    let root = match document {
        "comparison" => comparison,
        path => &recordings.iter().find(|(known, _)| known == path)?.1,
    };
    root.pointer(pointer).cloned()
}

#[test]
fn cites_places_that_exist_for_every_statement() {
    let recordings = three_arms();
    let comparison = analysis::compare(&recordings);
    let input = Input {
        comparison: &comparison,
        recordings: &recordings,
    };
    let json = |recording: &Recording| serde_json::to_value(recording).expect("plain data");
    let roots: Vec<_> = recordings
        .iter()
        .map(|(path, recording)| (path.clone(), json(recording)))
        .collect();
    let root = serde_json::to_value(&comparison).expect("plain data");
    for topic in Topic::ALL {
        let pages = all_pages(&input, topic);
        assert!(pages[0].pages == pages.len(), "{topic:?}");
        for statement in pages.iter().flat_map(|page| &page.statements) {
            assert!(!statement.cites.is_empty(), "{topic:?}: {statement:?}");
            for cite in &statement.cites {
                let found = resolve(&root, &roots, cite);
                assert!(found.is_some(), "{topic:?}: {cite}");
            }
        }
    }
    let first = answer(&input, Topic::Verdict, 1).expect("a page");
    let others = [Topic::Metrics, Topic::Findings, Topic::Ledger];
    assert!(others.iter().all(|it| first.other_topics.contains(it)));
    assert!(first.statements[0].text.contains("the CPU per token of"));
}

#[test]
fn keeps_every_page_below_its_limit() {
    let finding = |at: usize| Finding {
        id: format!("cause-{at}"),
        metric: MetricId::CpuNsPerToken,
        pair: None,
        title: "x".repeat(400),
        text: "\u{6f22}".repeat(5_000),
        meaning: String::new(),
        advice: String::new(),
        share: 0.1,
        consequence: false,
        predicted: None,
        evidence: (0..40).map(|it| Evidence::pair(it, it)).collect(),
        stacks: Vec::new(),
    };
    let comparison = Comparison {
        findings: (0..200).map(finding).collect(),
        ..Comparison::default()
    };
    let input = Input {
        comparison: &comparison,
        recordings: &[],
    };
    let pages = all_pages(&input, Topic::Findings);
    assert!(pages.len() > 5, "{}", pages.len());
    let statements: usize = pages.iter().map(|page| page.statements.len()).sum();
    assert_eq!(statements, 200);
    for page in &pages {
        let size = serde_json::to_string(page).expect("plain data").len();
        assert!(size <= LARGEST_PAGE, "{size}");
    }
    assert_eq!(pages[0].statements[0].more_cites, 32);
}

#[test]
fn has_one_page_for_a_topic_without_statements() {
    let comparison = Comparison::default();
    let input = Input {
        comparison: &comparison,
        recordings: &[],
    };
    let found = answer(&input, Topic::Waste, 1).expect("a page");
    assert_eq!((found.pages, found.statements.len()), (1, 0));
    assert_eq!(answer(&input, Topic::Waste, 2), None);
    assert_eq!(answer(&input, Topic::Waste, 0), None);
}
