use super::{File, OPEN, Rule, commits, dialect, layout, names, part, tracked, violations};

#[test]
fn keeps_all_rules() {
    let files = tracked().unwrap();
    assert!(files.len() > 20, "git lists only {} files", files.len());
    let mut found = violations(&files);
    found.retain(|it| !OPEN.contains(&(part(&it.path), it.rule)));
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

/// The rules that one file violates, with the lines.
fn rules(path: &str, text: &str) -> Vec<(Rule, usize)> {
    let file = File::new(path, text.to_owned());
    let found = violations(&[file]).into_iter();
    found
        .filter(|it| it.rule != Rule::Commit)
        .map(|it| (it.rule, it.line))
        .collect()
}

#[test]
fn requires_length_and_module_documentation() {
    assert_eq!(
        rules("a/src/b.rs", "#![no_std]\n//! Adds.\nfn f() {}\n"),
        []
    );
    assert_eq!(
        rules("a/src/b.rs", "fn f() {}\n"),
        [(Rule::Layout, 1)],
        "no documentation"
    );
    let long = format!("//! Adds.\n{}", "\n".repeat(layout::MAX_LINES));
    assert_eq!(rules("a/src/b.rs", &long), [(Rule::Length, 1)]);
    let body = "    g();\n".repeat(layout::FUNCTION_LINES);
    let function = format!("//! Adds.\n\nfn f() {{\n{body}}}\n");
    assert_eq!(rules("a/src/b.rs", &function), [(Rule::Size, 3)]);
}

#[test]
fn requires_a_reason_and_a_place_for_unsafe() {
    let block = format!("//! Adds.\nfn f() {{ {} {{ g() }} }}\n", "unsafe");
    assert_eq!(rules("profiler/src/b.rs", &block), [(Rule::Unsafe, 2)]);
    assert_eq!(rules("report/src/b.rs", &block).len(), 2);
    let reasoned = block.replace("fn f", "// SAFETY: g has no condition.\nfn f");
    assert_eq!(rules("profiler/src/b.rs", &reasoned), []);
}

#[test]
fn rejects_paths_of_a_machine() {
    let named = format!("see /{}/x", "root");
    assert_eq!(rules("a.md", &named), [(Rule::Layout, 1)]);
    assert_eq!(rules("a.md", "see elsewhere"), []);
}

#[test]
fn rejects_dependencies_against_the_flow() {
    let text = "[dependencies]\ntokio = \"1\"\n";
    assert_eq!(rules("analysis/Cargo.toml", text), [(Rule::Crates, 1)]);
    assert_eq!(rules("profiler/Cargo.toml", text), []);
}

#[test]
fn measures_comments_but_not_code() {
    let wide = "x".repeat(layout::WIDTH);
    let comment = format!("//! Adds.\n\n// A {wide}\nfn f() {{}}\n");
    assert_eq!(rules("a/src/b.rs", &comment), [(Rule::Width, 3)]);
    let literal = format!("//! Adds.\n\nconst A: &str = \"// {wide}\";\n");
    assert_eq!(rules("a/src/b.rs", &literal), []);
    let document = format!("{wide}x\n\n| {wide} |\n\n```\n{wide}x\n```\n");
    assert_eq!(rules("a.md", &document), [(Rule::Width, 1)]);
}

#[test]
fn rejects_documentation_that_continues_the_item_above() {
    let text = "//! Adds.\n\n/// Sooner,\nfn f() {}\n/// or later.\nfn g() {}\n";
    assert_eq!(rules("a/src/b.rs", text), [(Rule::RunOn, 5)]);
    let names = "//! Adds.\n\n/// eBPF programs.\nfn f() {}\n/// `x` is one.\nfn g() {}\n";
    assert_eq!(rules("a/src/b.rs", names), []);
}

#[test]
fn detects_the_dialect_in_comments_literals_and_prose() {
    let comment = "//! Adds.\n\n/// Signals of\n/// its own.\nfn of_its_own() {}\n";
    let comment = comment.replace("of\n/// its", "of its\n/// own, of its");
    assert_eq!(
        rules("a/src/b.rs", &comment),
        [(Rule::Dialect, 3), (Rule::Dialect, 4)]
    );
    let literal = format!("//! Adds.\nconst A: &str = \"it {}\";\n", "tells");
    assert_eq!(rules("a/src/b.rs", &literal), [(Rule::Dialect, 2)]);
    assert_eq!(rules("a.md", "Use `told`.\n"), [], "code is exempt");
    assert_eq!(rules("a.md", "One.\n\nis told\n"), [(Rule::Dialect, 3)]);
}

#[test]
fn distinguishes_what_as_a_subject_from_questions() {
    let count = |text| dialect::found(text).len();
    assert_eq!(count("What waits is counted."), 1);
    assert_eq!(count("Runs; what waits is counted."), 1);
    assert_eq!(count("What waits?"), 0);
    assert_eq!(count("Prints what the kernel counts."), 0);
}

#[test]
fn accepts_verbs_at_the_start_of_test_names() {
    for name in ["rejects_zero", "keeps_order", "passes_through_it"] {
        assert!(names::begins_with_verb(name), "{name}");
    }
    for name in [
        "a_line_is_a_number",
        "recordings_of_one_arm",
        "threads_are_kept",
        "was_true",
    ] {
        assert!(!names::begins_with_verb(name), "{name}");
    }
}

#[test]
fn detects_siblings_that_use_each_other() {
    let file = |path: &str, text: &str| File::new(path, format!("//! Adds.\n{text}\n"));
    let circle = |second: &str| {
        let files = [
            file("a/src/one.rs", "use super::{two::three::Two, Root};"),
            file("a/src/two/mod.rs", "mod three;"),
            file("a/src/two/three.rs", second),
        ];
        let found = violations(&files).into_iter();
        let circles = found.filter(|it| it.rule == Rule::Circle);
        circles.map(|it| it.text).collect::<Vec<_>>()
    };
    assert_eq!(circle("use crate::one::One;"), ["one ↔ two"]);
    assert_eq!(circle("fn f() { crate::one::f() }"), ["one ↔ two"]);
    assert_eq!(circle("use super::Two;"), [""; 0]);
    assert_eq!(
        circle("#[cfg(test)]\nmod tests { use crate::one::One; }"),
        [""; 0]
    );
}

#[test]
fn detects_links_and_paths_that_lead_nowhere() {
    let files = |text: &str| {
        [
            File::new("docs/a.md", text.to_owned()),
            File::new("a/src/b.rs", "//! Adds.\n".to_owned()),
        ]
    };
    let count = |text: &str| {
        let found = violations(&files(text)).into_iter();
        found.filter(|it| it.rule == Rule::Docs).count()
    };
    assert_eq!(
        count("[b](../a/src/b.rs#L1), `a/src/b.rs`, [x](https://a.b)"),
        0
    );
    assert_eq!(count("[c](c.md) and `a/src/c.rs`"), 2);
    assert_eq!(count("`results/latest`, `and/or`"), 0, "not of this tree");
}

#[test]
fn requires_an_imperative_subject_with_an_area() {
    let count = |subject| commits::complaints(subject, "").len();
    for subject in ["profiler: follow forked workers", "ci, docs: pass the path"] {
        assert_eq!(count(subject), 0, "{subject}");
    }
    for subject in [
        "Follow forked workers",
        "profiler: follows forked workers",
        "profiler: the workers are followed",
        "clippy: today",
    ] {
        assert_eq!(count(subject), 1, "{subject}");
    }
    let wide = format!("profiler: follow {}", "x".repeat(72));
    assert_eq!(count(&wide), 1);
    assert_eq!(commits::complaints("a: do it", &"x".repeat(73)).len(), 1);
}
