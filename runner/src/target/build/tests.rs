use super::{super::testing::Scratch, missing_tool};
use std::fs;

/// A target whose build says so each time.
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
fn it_is_built_once_as_long_as_nothing_changes() {
    let scratch = counting("run = 'x'");
    assert!(builds(&scratch) && !builds(&scratch));
    assert_eq!(scratch.read(".build/count"), "built\n");
}

#[test]
fn a_change_builds_again() {
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
fn what_git_ignores_and_what_builds_write_is_no_change() {
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
fn a_program_that_was_removed_is_built_again() {
    let scratch = counting("run = 'exec .build/server {args}'");
    assert!(builds(&scratch) && !builds(&scratch));
    fs::remove_file(scratch.path(".build/server")).unwrap();
    assert!(builds(&scratch));
}

#[test]
fn a_failure_shows_the_output_and_is_tried_again() {
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
fn a_failure_after_a_success_is_not_forgotten() {
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
fn a_source_that_is_not_there_is_named() {
    let error = counting("run = 'x'\nsources = ['../gone']")
        .arm("")
        .build()
        .unwrap_err()
        .to_string();
    assert!(error.contains("gone"), "{error}");
}

#[test]
fn without_a_build_command_nothing_is_written() {
    let scratch = Scratch::new("run = 'x'");
    assert!(!builds(&scratch));
    assert!(!scratch.path(".build").exists());
}

#[test]
fn a_missing_tool_comes_with_the_way_to_install_it() {
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
