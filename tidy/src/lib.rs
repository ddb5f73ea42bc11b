//! Rules of this repository that no compiler checks, for `cargo xtask tidy`.
//!
//! Each rule is a function from a file, or from all files, to the places that violate it. A test of
//! `xtask` fails on a violation; the command prints them and counts them by crate.

mod arch;
mod circles;
mod commits;
mod count;
mod dialect;
mod docs;
mod layout;
mod rust;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use text::Block;

/// Rules that a part of the repository does not keep yet. The test fails on all other violations.
const OPEN: &[(&str, &[Rule])] = &[
    ("profiler", &[Rule::Size, Rule::Function]),
    ("profiler-common", &[Rule::Size]),
    ("recording", &[Rule::Size]),
];

/// Number of files below which git has not listed this repository.
const FEWEST_FILES: usize = 20;

/// A line and a complaint about it.
type Place = (usize, String);

/// Returns the places in which a file violates a rule.
type Check = fn(&File) -> Vec<Place>;

/// The rules that each file keeps alone.
const RULES: [(Rule, Check); 12] = [
    (Rule::Length, layout::too_long),
    (Rule::Size, layout::long),
    (Rule::Function, layout::long_functions),
    (Rule::Layout, layout::no_module_doc),
    (Rule::Layout, layout::machine_places),
    (Rule::Unsafe, layout::misplaced_unsafe),
    (Rule::Crates, layout::dependencies),
    (Rule::Arch, arch::misplaced),
    (Rule::Width, layout::wide),
    (Rule::RunOn, layout::run_on),
    (Rule::Dialect, dialect::check),
    (Rule::TestName, layout::test_names),
];

/// A rule of the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// Files of at most 400 lines.
    Length,
    /// Files of at most 300 lines.
    Size,
    /// Functions of at most 60 lines.
    Function,
    /// A module documentation in each file, and no path of one machine.
    Layout,
    /// `unsafe` in its place.
    Unsafe,
    /// Dependencies along the flow of data.
    Crates,
    /// Registers, numbers of system calls and architectures in one module of a crate.
    Arch,
    /// Comments and prose of at most 100 columns.
    Width,
    /// Documentation that does not continue the item above.
    RunOn,
    /// Words that style.md replaces.
    Dialect,
    /// Tests named by a behaviour.
    TestName,
    /// Sibling modules that do not use each other in a circle.
    Circle,
    /// Links and paths in documents that lead somewhere.
    Docs,
    /// Commit messages.
    Commit,
}

/// A place that violates a rule.
struct Violation {
    rule: Rule,
    path: String,
    line: usize,
    text: String,
}

impl Violation {
    fn part(&self) -> &str {
        part(&self.path)
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{}:{}: {:?}: {}",
            self.path, self.line, self.rule, self.text
        )
    }
}

/// A file of the repository.
struct File {
    path: String,
    text: String,
    /// The parsed file, if it is Rust.
    rust: Option<rust::Source>,
    /// Comments, string literals and prose.
    blocks: Vec<Block>,
}

impl File {
    fn new(path: &str, text: String) -> Self {
        let rust = path.ends_with(".rs").then(|| rust::parse(&text));
        let (rust, blocks) = match rust {
            Some((source, blocks)) => (Some(source), blocks),
            None => (None, text::blocks(path, &text)),
        };
        Self {
            path: path.to_owned(),
            text,
            rust,
            blocks,
        }
    }

    /// The crate or top folder that the file belongs to.
    fn part(&self) -> &str {
        part(&self.path)
    }
}

fn part(path: &str) -> &str {
    path.split_once('/').map_or(".", |(part, _)| part)
}

/// Prints the violations in files whose path starts with one of `prefixes` (all without any), then
/// a table by crate.
///
/// # Errors
/// If there are violations, or git cannot list the files.
pub fn run(prefixes: &[String]) -> Result<()> {
    let files = tracked()?;
    let wanted =
        |path: &str| prefixes.is_empty() || prefixes.iter().any(|prefix| path.starts_with(prefix));
    let mut found = violations(&files);
    found.retain(|violation| wanted(&violation.path));
    for violation in &found {
        println!("{violation}");
    }
    let mut table: BTreeMap<(&str, Rule), usize> = BTreeMap::new();
    for violation in &found {
        *table.entry((violation.part(), violation.rule)).or_default() += 1;
    }
    for ((part, rule), count) in table {
        println!("{part:<16} {:<10} {count:>5}", format!("{rule:?}"));
    }
    anyhow::ensure!(
        found.is_empty(),
        "{} violations; CONTRIBUTING.md describes the rules",
        found.len()
    );
    Ok(())
}

/// Returns the places that violate a rule which their part of the repository keeps.
///
/// # Errors
/// If git cannot list the files.
pub fn unexpected() -> Result<Vec<String>> {
    let is_open = |part: &str, rule: Rule| {
        let mut open = OPEN.iter().filter(|(it, _)| *it == part);
        open.any(|(_, rules)| rules.contains(&rule))
    };
    let mut found = violations(&tracked()?);
    found.retain(|it| !is_open(it.part(), it.rule));
    Ok(found.iter().map(ToString::to_string).collect())
}

/// Prints how often the repository departs from its style, by crate.
///
/// # Errors
/// If git cannot list the files.
pub fn count() -> Result<()> {
    let files = tracked()?;
    print!("{}", count::table(&files, &violations(&files)));
    Ok(())
}

fn violations(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut add = |rule, path: &str, (line, text)| {
        let path = path.to_owned();
        found.push(Violation {
            rule,
            path,
            line,
            text,
        });
    };
    for file in files {
        for (rule, check) in RULES {
            check(file)
                .into_iter()
                .for_each(|place| add(rule, &file.path, place));
        }
    }
    for (rule, places) in [
        (Rule::Docs, docs::check(files)),
        (Rule::Circle, circles::check(files)),
        (Rule::Commit, commits::check()),
    ] {
        places
            .into_iter()
            .for_each(|(path, place)| add(rule, &path, place));
    }
    found
}

/// Returns the files that git tracks or would track.
fn tracked() -> Result<Vec<File>> {
    let list = git(&["ls-files", "--cached", "--others", "--exclude-standard"])
        .context("git cannot list the files here")?;
    let read = |path: &str| {
        let bytes = fs::read(root().join(path)).ok()?;
        // An image is a place that documents link to, but has no text.
        let text = String::from_utf8(bytes).unwrap_or_default();
        Some(File::new(path, text))
    };
    let files: Vec<File> = list.lines().filter_map(read).collect();
    anyhow::ensure!(
        files.len() > FEWEST_FILES,
        "git lists only {} files",
        files.len()
    );
    Ok(files)
}

/// Returns the root of the checkout.
fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    folder.expect("tidy lies in the root of the repository")
}

/// Returns the trimmed output of git in this repository; `None` if it fails.
fn git(arguments: &[&str]) -> Option<String> {
    let git = Command::new("git")
        .args(arguments)
        .current_dir(root())
        .output();
    let output = git.ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
