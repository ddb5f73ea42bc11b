//! Names from an observed process may hold HTML, terminal escapes, or both. None of it may work.

mod support;

use recording::Recording;
use report::Input;
use support::{Fixture, html};

const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)>\x1b[2J\x1b]0;owned\x07\u{202e}\"'&{{ 7*7 }}";

/// The fixture with every name that an observed process chooses made hostile.
fn hostile() -> Fixture {
    let mut fixture = Fixture::load();
    fixture
        .recordings
        .iter_mut()
        .for_each(|(_, recording)| poison(recording));
    let comparison = &mut fixture.comparison;
    comparison.validity.reasons.push(HOSTILE.into());
    for finding in &mut comparison.findings {
        finding.text += HOSTILE;
        finding.evidence.push(HOSTILE.into());
    }
    for pair in comparison
        .metrics
        .iter_mut()
        .flat_map(|metric| &mut metric.pairs)
    {
        for term in pair.terms.iter_mut().chain(&mut pair.by_work) {
            term.cause = HOSTILE.into();
            term.role = term.role.as_ref().map(|_| HOSTILE.into());
            term.evidence.push(HOSTILE.into());
        }
    }
    fixture
}

fn poison(recording: &mut Recording) {
    let hostile = || HOSTILE.to_string();
    recording.target.cmdline = vec![hostile()];
    recording.target.runtime_version = hostile();
    recording.host.cpu_model = hostile();
    recording.host.cgroup = hostile();
    recording
        .latency
        .insert(hostile(), recording.latency["run_queue"].clone());
    for thread in &mut recording.threads {
        (thread.name, thread.role) = (hostile(), hostile());
    }
    recording
        .syscalls
        .iter_mut()
        .for_each(|call| call.name = hostile());
    recording
        .checks
        .iter_mut()
        .for_each(|check| (check.name, check.note, check.ok) = (hostile(), hostile(), false));
    recording
        .memory
        .regions
        .iter_mut()
        .for_each(|region| region.class = hostile());
    recording
        .wakers
        .iter_mut()
        .for_each(|waker| waker.from_role = hostile());
    let frame = recording::sites::Frame {
        function: hostile(),
        file: hostile(),
        class: hostile(),
    };
    recording.memory_sites = vec![recording::MemorySite {
        role: hostile(),
        kind: hostile(),
        count: 1,
        bytes: 1,
        stack: vec![frame],
    }];
    recording.waited_for = vec![recording::process::WaitedFor {
        name: hostile(),
        ..Default::default()
    }];
    let load = recording.load.as_mut().expect("the fixture has a load");
    load.scenario = hostile();
    load.requests.failed.insert(hostile(), 1);
}

/// Also the arm's own name, which ends up in titles, headers, legends and file names.
fn hostile_arm() -> Vec<(String, Recording)> {
    let mut recordings = hostile().recordings;
    recordings
        .iter_mut()
        .for_each(|(_, recording)| recording.target.arm = HOSTILE.into());
    recordings
}

fn harmless(text: &str) {
    let bad = text
        .chars()
        .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
    assert_eq!(bad, None);
}

#[test]
fn a_page_shows_names_as_text() {
    let recordings = hostile_arm();
    for page in [
        html(&hostile().input()),
        html(&Input {
            comparison: None,
            recordings: &recordings,
        }),
    ] {
        harmless(&page);
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
fn a_terminal_is_not_steered() {
    let recordings = hostile_arm();
    for input in [
        hostile().input(),
        Input {
            comparison: None,
            recordings: &recordings,
        },
    ] {
        let mut text = Vec::new();
        report::text(&input, false, &mut text).unwrap();
        report::verdict(&input, false, &mut text).unwrap();
        harmless(&String::from_utf8(text).unwrap());
    }
}

#[test]
fn colours_come_from_the_renderer_alone() {
    let mut text = Vec::new();
    report::text(&hostile().input(), true, &mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    let escapes: std::collections::BTreeSet<&str> = text
        .split('\x1b')
        .skip(1)
        .map(|rest| rest.split('m').next().unwrap())
        .collect();
    assert_eq!(
        escapes.into_iter().collect::<Vec<_>>(),
        ["[0", "[1", "[1;31", "[2"]
    );
}

#[test]
fn charts_stay_in_their_directory() {
    let recordings = hostile_arm();
    let dir = tempfile::tempdir().unwrap();
    let input = Input {
        comparison: None,
        recordings: &recordings,
    };
    for path in report::svg(&input, dir.path()).unwrap() {
        assert_eq!(path.parent(), Some(dir.path()));
        let svg = std::fs::read_to_string(&path).unwrap();
        harmless(&svg);
        assert!(!svg.contains("<img"));
    }
}
