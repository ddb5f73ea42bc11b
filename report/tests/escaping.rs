//! Names from an observed process may hold HTML, Markdown or terminal escapes. None of it may take
//! effect.

#[path = "support/stacks.rs"]
mod stacks;
mod support;

use recording::memory::MemoryStack;
use recording::peers::Peer;
use recording::process::{Frame, RunQueueBlame};
use recording::vocabulary::{CodePlace, MemoryEvent, RegionClass, Role, Transport};
use recording::{Comparison, Evidence, Recording};
use report::Input;
use support::{Fixture, html};

const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)>\x1b[2J\x1b]0;owned\x07\u{202e}\"'&{{ 7*7 }}";

/// Returns the example with every name that an observed process chooses made hostile.
fn hostile() -> Fixture {
    let mut fixture = Fixture::first(6);
    stacks::add(&mut fixture.recordings);
    fixture.comparison = analysis::compare(&fixture.recordings);
    fixture
        .recordings
        .iter_mut()
        .for_each(|(_, recording)| poison(recording));
    poison_comparison(&mut fixture.comparison);
    poison_packages(&mut fixture.comparison);
    fixture
}

fn poison_packages(comparison: &mut Comparison) {
    let arms = comparison.arms.iter_mut();
    let costs = arms.filter_map(|arm| arm.packages.as_mut());
    let rows = costs.flat_map(|costs| &mut costs.rows);
    rows.for_each(|row| row.package = HOSTILE.to_string());
    assert!(
        !comparison.package_pairs.is_empty(),
        "the example has packages"
    );
    let pairs = comparison.package_pairs.iter_mut();
    let rows = pairs.flat_map(|pair| &mut pair.rows);
    rows.for_each(|row| row.package = HOSTILE.to_string());
}

fn poison_comparison(comparison: &mut Comparison) {
    let hostile = || HOSTILE.to_string();
    let evidence = Evidence::recording(HOSTILE);
    comparison.validity.reasons.push(hostile());
    for finding in &mut comparison.findings {
        finding.title = hostile();
        finding.text += HOSTILE;
        finding.meaning = hostile();
        finding.advice = hostile();
        finding.evidence.push(evidence.clone());
    }
    for pair in comparison
        .metrics
        .iter_mut()
        .flat_map(|metric| &mut metric.pairs)
    {
        for term in pair.terms.iter_mut().chain(&mut pair.by_kind) {
            term.cause = hostile();
            term.function = Some(hostile());
            term.role = term.role.as_ref().map(|_| Role::Named(hostile()));
            term.evidence.push(evidence.clone());
        }
    }
    let flame = comparison.flame.as_mut().expect("the example has stacks");
    for frame in &mut flame.frames {
        (frame.label, frame.module) = (hostile(), hostile());
        frame.package = hostile();
    }
    for arm in &mut comparison.arms {
        arm.functions.iter_mut().for_each(|found| {
            (found.name, found.place) = (hostile(), hostile());
            (found.source, found.caller) = (hostile(), hostile());
        });
        // One is shown by its address.
        if let Some(found) = arm.functions.first_mut() {
            (found.name, found.address) = (String::new(), hostile());
        }
        for waste in &mut arm.waste {
            (waste.text, waste.advice) = (hostile(), hostile());
            waste.evidence.push(evidence.clone());
        }
        for found in &mut arm.event_loops {
            found.role = Role::Named(hostile());
        }
        let ledgers = arm.ledger.values_mut();
        let ledgers = ledgers.chain(arm.by_cause.values_mut());
        for row in ledgers.chain(arm.by_kind.values_mut()).flatten() {
            row.cause = hostile();
            row.function = Some(hostile());
            row.role = row.role.as_ref().map(|_| Role::Named(hostile()));
        }
    }
}

fn poison(recording: &mut Recording) {
    let hostile = || HOSTILE.to_string();
    recording.target.cmdline = vec![hostile()];
    recording.target.runtime_version = hostile();
    recording.host.cpu_model = hostile();
    recording.host.cgroup = hostile();
    let run_queue = recording.latency["run_queue"].clone();
    recording.latency.insert(hostile(), run_queue);
    for thread in &mut recording.threads {
        (thread.name, thread.role) = (hostile(), Role::Named(hostile()));
    }
    for call in &mut recording.syscalls {
        call.name = hostile();
    }
    recording.peers = vec![Peer {
        transport: Transport::Unix,
        address: Some(hostile()),
        send_bytes: 1,
        ..Peer::default()
    }];
    for check in &mut recording.checks {
        (check.name, check.note, check.unit, check.ok) = (hostile(), hostile(), hostile(), false);
    }
    for waker in &mut recording.wakers {
        waker.from_role = Role::Named(hostile());
    }
    let frame = Frame {
        function: hostile(),
        file: hostile(),
        class: CodePlace::Region(RegionClass::Other),
        code: None,
    };
    recording.memory_stacks = vec![MemoryStack {
        thread: Some(0),
        kind: MemoryEvent::Map,
        count: 1,
        bytes: 1,
        stack: vec![frame],
    }];
    recording.run_queue_blame = vec![RunQueueBlame {
        name: hostile(),
        ..RunQueueBlame::default()
    }];
    for group in &mut recording.observer.probe_groups {
        (group.source, group.fallback_reason) = (hostile(), hostile());
        group.programs = vec![hostile()];
    }
    let load = recording.load.as_mut().expect("the example has a load");
    load.scenario = hostile();
    load.requests.failed.insert(hostile(), 1);
}

/// The page's own script.
const SCRIPTS: [&str; 2] = [
    include_str!("../templates/page.js"),
    include_str!("../templates/flame.js"),
];

/// Returns recordings whose arm has a hostile name too, which is in titles, headers, legends and
/// file names.
fn hostile_arm() -> Vec<(String, Recording)> {
    let mut recordings = hostile().recordings;
    for (_, recording) in &mut recordings {
        recording.target.arm = HOSTILE.into();
    }
    recordings
}

fn assert_no_control_characters(text: &str) {
    let bad = text
        .chars()
        .find(|letter| (letter.is_control() && *letter != '\n') || *letter == '\u{202e}');
    assert_eq!(bad, None);
}

#[test]
fn shows_names_as_text_in_the_page() {
    let recordings = hostile_arm();
    for page in [
        html(&hostile().input()),
        html(&Input {
            comparison: &Comparison::default(),
            recordings: &recordings,
        }),
    ] {
        assert_no_control_characters(&page);
        let page = SCRIPTS.iter().fold(page, |page, script| {
            page.replacen(&format!("<script>{script}</script>"), "", 1)
        });
        assert!(
            page.contains("&lt;img src=x onerror=alert(1)&gt;"),
            "the name is shown"
        );
        assert!(!page.contains("<img") && !page.contains("<script") && !page.contains("</script"));
        assert!(
            page.contains("{{ 7*7 }}") && !page.contains(">49<"),
            "names are no templates"
        );
    }
}

#[test]
fn keeps_terminal_escapes_out_of_text() {
    let recordings = hostile_arm();
    for input in [
        hostile().input(),
        Input {
            comparison: &Comparison::default(),
            recordings: &recordings,
        },
    ] {
        let mut text = Vec::new();
        report::text(&input, false, &mut text).unwrap();
        report::verdict(&input, false, &mut text).unwrap();
        assert_no_control_characters(&String::from_utf8(text).unwrap());
    }
}

#[test]
fn escapes_markup_in_markdown() {
    let mut text = Vec::new();
    report::markdown(&hostile().input(), &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert_no_control_characters(&text);
    assert!(text.contains(r"\<img src=x") && !text.contains(" <img") && !text.contains("|<"));
}

#[test]
fn colours_only_its_own_lines() {
    let mut text = Vec::new();
    report::text(&hostile().input(), true, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let escapes: std::collections::BTreeSet<&str> = text
        .split('\x1b')
        .skip(1)
        .map(|rest| rest.split('m').next().unwrap())
        .collect();
    let escapes: Vec<_> = escapes.into_iter().collect();
    assert_eq!(escapes, ["[0", "[1", "[1;31", "[2"]);
}

#[test]
fn keeps_charts_in_their_directory() {
    let recordings = hostile_arm();
    let dir = tempfile::tempdir().unwrap();
    let input = Input {
        comparison: &Comparison::default(),
        recordings: &recordings,
    };
    for path in report::svg(&input, dir.path()).unwrap() {
        assert_eq!(path.parent(), Some(dir.path()));
        let svg = std::fs::read_to_string(&path).unwrap();
        assert_no_control_characters(&svg);
        assert!(!svg.contains("<img"));
    }
}
