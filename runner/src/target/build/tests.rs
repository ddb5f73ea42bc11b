use super::{super::testing::Scratch, missing_tool};
use std::fs;

/// Creates a target whose build counts its runs.
fn counting(more: &str) -> Scratch {
    let scratch = Scratch::new(&format!(
        "build = 'echo built >> .build/count; echo > .build/server'\n{more}"
    ));
    scratch.write("main.go", "package main");
    scratch
}

fn builds(scratch: &Scratch) -> bool {
    scratch.arm("").build().unwrap()
}

#[test]
fn builds_once_while_nothing_changes() {
    let scratch = counting("run = 'x'");
    assert!(builds(&scratch) && !builds(&scratch));
    assert_eq!(scratch.read(".build/count"), "built\n");
}

#[test]
fn builds_again_after_a_change() {
    let shared = Scratch::new("");
    let more = format!("run = 'x'\nsources = ['{}']", shared.path("").display());
    let scratch = counting(&more);
    assert!(builds(&scratch));
    for (place, name) in [
        (&scratch, "main.go"),
        (&scratch, "sub/go.sum"),
        (&scratch, ".npmrc"),
        (&shared, "lib.ts"),
    ] {
        place.write(name, "changed");
        assert!(builds(&scratch) && !builds(&scratch), "{name}");
    }
    fs::rename(scratch.path("main.go"), scratch.path("other.go")).unwrap();
    assert!(builds(&scratch), "a new name is a change");
}

#[test]
fn ignores_changes_of_ignored_files_and_build_outputs() {
    let scratch = counting("run = 'x'");
    scratch.write(".gitignore", "out/");
    assert!(builds(&scratch));
    for name in [
        "out/server",
        "node_modules/a/index.js",
        "target/debug/server",
    ] {
        scratch.write(name, "written by a build");
    }
    assert!(!builds(&scratch));
    assert_eq!(scratch.read(".build/.gitignore"), "*\n");
}

#[test]
fn builds_again_after_the_program_was_removed() {
    let scratch = counting("run = 'exec .build/server {args}'");
    assert!(builds(&scratch) && !builds(&scratch));
    fs::remove_file(scratch.path(".build/server")).unwrap();
    assert!(builds(&scratch));
}

#[test]
fn reports_the_output_of_a_failed_build_and_tries_again() {
    let scratch = Scratch::new("build = 'echo no such type >&2; exit 2'\nrun = 'x'");
    for _ in 0..2 {
        let error = scratch.arm("").build().unwrap_err().to_string();
        assert!(
            error.starts_with("building t failed (exit status: 2)"),
            "{error}"
        );
        assert!(
            error.ends_with("/.build/build.log:\n  no such type"),
            "{error}"
        );
    }
}

#[test]
fn builds_again_after_a_failed_build() {
    let scratch = counting("run = 'x'");
    assert!(builds(&scratch));
    let good = scratch.read("target.toml");
    scratch.write("target.toml", &good.replace("echo built", "false; exit 1"));
    assert!(scratch.arm("").build().is_err());
    scratch.write("target.toml", &good);
    assert!(
        builds(&scratch),
        "the failed build may have spoilt what was there"
    );
}

#[test]
fn reports_a_missing_source() {
    let error = counting("run = 'x'\nsources = ['../gone']")
        .arm("")
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("gone"), "{error}");
}

#[test]
fn writes_nothing_without_a_build_command() {
    let scratch = Scratch::new("run = 'x'");
    assert!(!builds(&scratch));
    assert!(!scratch.path(".build").exists());
}

#[test]
fn reports_how_to_install_a_missing_tool() {
    let scratch = Scratch::new("build = 'no-such-compiler main.x'\nrun = 'x'");
    let error = scratch.arm("").build().unwrap_err().to_string();
    assert!(
        error.contains("'no-such-compiler' is needed and was not found"),
        "{error}"
    );
    for line in [
        "  sh: 1: go: not found",
        "  sh: line 1: go: command not found",
    ] {
        assert!(
            missing_tool(line).unwrap().contains("'go' is needed"),
            "{line}"
        );
    }
    assert_eq!(missing_tool("  main.go:3: undefined: x"), None);
}
