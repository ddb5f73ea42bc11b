use super::{File, Rule, commits, dialect, layout, violations};

/// Checks which rules one file violates, and in which lines.
#[track_caller]
fn check(path: &str, text: &str, expected: &[(Rule, usize)]) {
    let mut found = violations(&[File::new(path, text.to_owned())]);
    found.retain(|it| it.rule != Rule::Commit);
    let found: Vec<_> = found.iter().map(|it| (it.rule, it.line)).collect();
    assert_eq!(found, expected, "{path}: {text}");
}

#[test]
fn requires_length_and_module_documentation() {
    check("a/src/b.rs", "#![no_std]\n//! Adds.\nfn f() {}\n", &[]);
    check("a/src/b.rs", "fn f() {}\n", &[(Rule::Layout, 1)]);
    let lines = |count| format!("//! Adds.\n{}", "\n".repeat(count));
    check(
        "a/src/b.rs",
        &lines(layout::MAX_LINES),
        &[(Rule::Length, 1)],
    );
    check(
        "a/src/b.rs",
        &lines(layout::PREFERRED_LINES),
        &[(Rule::Size, 1)],
    );
    let body = "    g();\n".repeat(layout::FUNCTION_LINES);
    let function = format!("//! Adds.\n\nfn f() {{\n{body}}}\n");
    check("a/src/b.rs", &function, &[(Rule::Function, 3)]);
}

#[test]
fn requires_a_place_for_unsafe() {
    let block = format!("//! Adds.\nfn f() {{ {} {{ g() }} }}\n", "unsafe");
    check("profiler/src/b.rs", &block, &[]);
    check("report/src/b.rs", &block, &[(Rule::Unsafe, 2)]);
}

#[test]
fn requires_a_place_for_what_differs_between_architectures() {
    for code in [
        "#[cfg(target_arch = \"x86_64\")]\nfn f() {}",
        "const A: bool = cfg!(kernel_arch = \"aarch64\");",
        "fn f(nr: u32) -> bool { nr == 232 }",
        "fn f(call_nr: u32) -> bool { matches!(call_nr, 7 | 23) }",
        "fn f(saved: &Saved) -> u64 { saved.rbp }",
        "const FIELD: [&str; 2] = [\"pt_regs\", \"ip\"];",
    ] {
        let text = format!("//! Adds.\n{code}\n");
        check("profiler/src/record/b.rs", &text, &[(Rule::Arch, 2)]);
        check("profiler/src/record/arch.rs", &text, &[]);
        check("xtask/src/b.rs", &text, &[]);
    }
    let common = "//! Adds.\n// On x86 saved.rip.\n#[cfg(target_arch = \"bpf\")]\n\
                  fn f(nr: u32) -> bool { nr == READ }\n";
    check("profiler/src/record/b.rs", common, &[]);
}

#[test]
fn rejects_paths_of_a_machine() {
    check("a.md", &format!("see /{}/x", "root"), &[(Rule::Layout, 1)]);
    check("a.md", "see elsewhere", &[]);
}

#[test]
fn rejects_dependencies_against_the_flow() {
    let text = "[dependencies]\ntokio = \"1\"\n";
    check("analysis/Cargo.toml", text, &[(Rule::Crates, 1)]);
    check("profiler/Cargo.toml", text, &[]);
}

#[test]
fn measures_comments_but_not_code() {
    let wide = "x".repeat(layout::WIDTH);
    let comment = format!("//! Adds.\n\n// A {wide}\nfn f() {{}}\n");
    check("a/src/b.rs", &comment, &[(Rule::Width, 3)]);
    check(
        "a/src/b.rs",
        &comment.replace("// A", "/* A\n B */ //"),
        &[(Rule::Width, 4)],
    );
    check(
        "a/src/b.rs",
        &format!("//! Adds.\n\nconst A: &str = \"// {wide}\";\n"),
        &[],
    );
    let document = format!("{wide}x\n\n| {wide} |\n\n```\n{wide}x\n```\n");
    check("a.md", &document, &[(Rule::Width, 1)]);
}

#[test]
fn rejects_documentation_that_continues_the_item_above() {
    let text = "//! Adds.\n\n/// Sooner,\nfn f() {}\n/// or later.\nfn g() {}\n";
    check("a/src/b.rs", text, &[(Rule::RunOn, 5)]);
    let names = "//! Adds.\n\n/// eBPF programs.\nfn f() {}\n/// `x` is one.\nfn g() {}\n";
    check("a/src/b.rs", names, &[]);
}

#[test]
fn detects_the_dialect_in_comments_literals_and_prose() {
    let comment = "//! Adds.\n\n/// Signals of its\n/// own, of its own.\nfn of_its_own() {}\n";
    check(
        "a/src/b.rs",
        comment,
        &[(Rule::Dialect, 3), (Rule::Dialect, 4)],
    );
    let literal = format!("//! Adds.\nconst A: &str = \"it {}\";\n", "tells");
    check("a/src/b.rs", &literal, &[(Rule::Dialect, 2)]);
    check("a.md", "Code is exempt: `told`.\n", &[]);
    check("a.md", "One.\n\nis told\n", &[(Rule::Dialect, 3)]);
}

#[test]
fn distinguishes_what_as_a_subject_from_questions_and_the_label() {
    for (text, count) in [
        ("What waits is counted.", 1),
        ("Runs; what waits is counted.", 1),
        ("What waits?", 0),
        ("Prints what the kernel counts.", 0),
        ("what to try: fewer threads.", 0),
    ] {
        assert_eq!(dialect::found(text).len(), count, "{text}");
    }
}

#[test]
fn accepts_verbs_at_the_start_of_test_names() {
    for (name, accepted) in [
        ("rejects_zero", true),
        ("keeps_order", true),
        ("passes_through_it", true),
        ("a_line_is_a_number", false),
        ("recordings_of_one_arm", false),
        ("threads_are_kept", false),
        ("was_true", false),
    ] {
        let text = format!("//! Adds.\n#[test]\nfn {name}() {{}}\n");
        let rules = [(Rule::TestName, 3)];
        check("a/src/b.rs", &text, if accepted { &[] } else { &rules });
    }
}

/// Returns the violations of one rule in several files.
fn texts(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let file = |(path, text): &(&str, &str)| File::new(path, (*text).to_owned());
    let files: Vec<File> = files.iter().map(file).collect();
    let mut found = violations(&files);
    found.retain(|it| it.rule == rule);
    found.into_iter().map(|it| it.text).collect()
}

#[test]
fn detects_siblings_that_use_each_other() {
    for (third, circle) in [
        ("use crate::one::One;", true),
        ("fn f() { crate::one::f() }", true),
        ("use super::Two;", false),
        ("#[cfg(test)]\nmod tests { use crate::one::One; }", false),
    ] {
        let files = [
            ("a/src/one.rs", "use super::{two::three::Two, Root};"),
            ("a/src/two/mod.rs", "mod three;"),
            ("a/src/two/three.rs", third),
        ];
        let expected: &[&str] = if circle { &["one ↔ two"] } else { &[] };
        assert_eq!(texts(Rule::Circle, &files), expected, "{third}");
    }
}

#[test]
fn detects_links_and_paths_that_lead_nowhere() {
    for (text, count) in [
        ("[b](../a/src/b.rs#L1), `a/src/b.rs`, [x](https://a.b)", 0),
        ("[c](c.md) and `a/src/c.rs`", 2),
        ("`results/latest`, `and/or`: not of this tree", 0),
        ("## A `b` c\n[here](#a-b-c), [there](a.md#a-b-c)", 0),
        ("## A\n[here](#b), [there](a.md#c)", 2),
    ] {
        let files = [("docs/a.md", text), ("a/src/b.rs", "//! Adds.\n")];
        assert_eq!(texts(Rule::Docs, &files).len(), count, "{text}");
    }
}

#[test]
fn requires_an_imperative_subject_with_an_area() {
    for (subject, count) in [
        ("profiler: follow forked workers", 0),
        ("ci, docs: pass the path", 0),
        ("Follow forked workers", 1),
        ("profiler: follows forked workers", 1),
        ("profiler: the workers are followed", 1),
        ("clippy: today", 1),
        (&format!("profiler: follow {}", "x".repeat(72)), 1),
    ] {
        assert_eq!(commits::complaints(subject, "").len(), count, "{subject}");
    }
    assert_eq!(commits::complaints("a: do it", &"x".repeat(73)).len(), 1);
}
