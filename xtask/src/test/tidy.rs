//! Habits of this repository that no compiler checks.
//!
//! Each rule is a plain function from a file to its complaints; the test prints them all.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::{process, project};

/// Longer files are hard to hold in one's head.
const MAX_LINES: usize = 400;
/// How far above an unsafe block its reason may begin.
const SAFETY_REACH: usize = 6;

struct File {
    path: String,
    text: String,
}

#[test]
fn every_file_is_tidy() {
    let files = tracked();
    assert!(files.len() > 20, "git lists only {} files", files.len());
    let complaints: Vec<String> = files.iter().flat_map(complaints).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

/// What git tracks or would track, less what is not text.
fn tracked() -> Vec<File> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let list = process::output(
        Command::new("git")
            .args(arguments)
            .current_dir(project::root()),
    )
    .expect("git lists the files of this repository");
    let read = |path: &str| {
        let text = fs::read_to_string(project::root().join(path)).ok()?;
        Some(File {
            path: path.to_owned(),
            text,
        })
    };
    list.lines().filter_map(read).collect()
}

fn complaints(file: &File) -> Vec<String> {
    let mut found = places_of_a_machine(file);
    if Path::new(&file.path)
        .extension()
        .is_some_and(|it| it == "rs")
    {
        found.extend(too_long(file));
        found.extend(no_module_doc(file));
        found.extend(unsafe_without_reason(file));
        found.extend(unsafe_out_of_place(file));
    }
    if file.path.ends_with("Cargo.toml") {
        found.extend(backwards_dependency(file));
    }
    found
}

fn too_long(file: &File) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > MAX_LINES).then(|| format!("{}: {lines} lines, at most {MAX_LINES}", file.path))
}

/// The first line but attributes says what the module is for; that of `tests.rs` is plain.
fn no_module_doc(file: &File) -> Option<String> {
    if file.path.ends_with("/tests.rs") {
        return None;
    }
    let first = file
        .text
        .lines()
        .find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    let documented = first.is_some_and(|line| line.starts_with("//!"));
    (!documented).then(|| format!("{}: no //! at the top", file.path))
}

fn unsafe_without_reason(file: &File) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().collect();
    let has_reason = |at: usize| {
        lines[at.saturating_sub(SAFETY_REACH)..=at]
            .iter()
            .any(|line| line.contains("// SAFETY:") || line.contains("# Safety"))
    };
    unsafe_lines(file)
        .filter(|&at| !has_reason(at))
        .map(|at| format!("{}:{}: unsafe without // SAFETY:", file.path, at + 1))
        .collect()
}

/// Only the kernel side and the code that talks to it may be unsafe.
fn unsafe_out_of_place(file: &File) -> Option<String> {
    let allowed = [
        "profiler-ebpf/",
        "profiler-common/",
        "profiler/src/",
        "profiler/tests/kernel/",
        // Between fork and exec: what a child does before it becomes its program.
        "runner/src/guardian.rs",
    ];
    let misplaced = !allowed.iter().any(|folder| file.path.starts_with(folder));
    let at = unsafe_lines(file).next().filter(|_| misplaced)?;
    Some(format!(
        "{}:{}: unsafe outside the kernel's neighbourhood",
        file.path,
        at + 1
    ))
}

/// Lines that open an unsafe block, function or implementation; attributes do not count.
fn unsafe_lines(file: &File) -> impl Iterator<Item = usize> {
    let opens = ["{", "fn ", "impl "].map(|what| format!("{} {what}", "unsafe"));
    file.text.lines().enumerate().filter_map(move |(at, line)| {
        let code = line.split("//").next().unwrap_or(line);
        opens.iter().any(|it| code.contains(it)).then_some(at)
    })
}

/// Everyone's clients know their registries, and nobody else has our folders.
fn places_of_a_machine(file: &File) -> Vec<String> {
    // In two parts, so that this file does not name them itself.
    let places = [
        ("/ro", "ot/"),
        ("/wo", "rk/"),
        ("registry.", "npmjs"),
        ("proxy.", "golang.org"),
        ("deb.", "debian.org"),
        ("py", "pi.org"),
        ("static.", "crates.io"),
        ("index.", "crates.io"),
    ]
    .map(|(start, end)| format!("{start}{end}"));
    let names = |line: &str| places.iter().find(|place| line.contains(*place)).cloned();
    let lines = file.text.lines().enumerate();
    lines
        .filter_map(|(at, line)| Some(format!("{}:{}: names {}", file.path, at + 1, names(line)?)))
        .collect()
}

/// The crates in the order that data flows; what each may not reach for.
fn backwards_dependency(file: &File) -> Vec<String> {
    let forbidden: &[&str] = match file.path.trim_end_matches("/Cargo.toml") {
        "recording" => &["aya", "tokio", "analysis", "report"],
        "analysis" => &["aya", "tokio", "report"],
        "report" => &["aya", "tokio"],
        "profiler" => &["report", "runner", "kontrast"],
        "runner" => &["aya", "analysis", "profiler", "report", "kontrast"],
        "loadgen" => &["aya", "analysis", "profiler", "runner", "kontrast"],
        "stub" => &[
            "aya", "analysis", "report", "profiler", "runner", "kontrast",
        ],
        "profiler-common" => &["recording", "serde"],
        _ => &[],
    };
    let table: toml::Table = file.text.parse().expect("cargo reads it too");
    let uses = |name: &str| {
        table
            .get("dependencies")
            .is_some_and(|it| it.get(name).is_some())
    };
    forbidden
        .iter()
        .filter(|name| uses(name))
        .map(|name| format!("{}: may not depend on {name}", file.path))
        .collect()
}

fn of(path: &str, text: &str) -> Vec<String> {
    complaints(&File {
        path: path.to_owned(),
        text: text.to_owned(),
    })
}

#[test]
fn length_and_documentation_are_held() {
    assert_eq!(
        of("a/src/b.rs", "#![no_std]\n//! Says.\nfn f() {}\n"),
        [""; 0]
    );
    assert_eq!(of("a/src/b.rs", "fn f() {}\n").len(), 1);
    let long = format!("//! Says.\n{}", "\n".repeat(MAX_LINES));
    assert_eq!(of("a/src/b.rs", &long).len(), 1);
}

#[test]
fn unsafe_needs_a_reason_and_a_place() {
    let block = format!("//! Says.\nfn f() {{ {} {{ g() }} }}\n", "unsafe");
    assert_eq!(of("profiler/src/b.rs", &block).len(), 1);
    assert_eq!(of("report/src/b.rs", &block).len(), 2);
    let reasoned = block.replace("fn f", "// SAFETY: g asks nothing.\nfn f");
    assert_eq!(of("profiler/src/b.rs", &reasoned), [""; 0]);
}

#[test]
fn paths_of_a_machine_are_refused() {
    assert_eq!(of("a.md", &format!("see /{}/x", "root")).len(), 1);
    assert_eq!(of("a.md", "see docs/x"), [""; 0]);
}

#[test]
fn dependencies_point_forwards() {
    assert_eq!(
        of("analysis/Cargo.toml", "[dependencies]\ntokio = \"1\"\n").len(),
        1
    );
    assert_eq!(
        of("profiler/Cargo.toml", "[dependencies]\ntokio = \"1\"\n"),
        [""; 0]
    );
}
