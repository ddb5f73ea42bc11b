//! `cargo xtask tidy`: rules of this repository that no compiler checks.
//!
//! Each rule is a function from a file, or from all files, to its violations. A test fails on a
//! violation; the command prints them and counts them by crate.

mod block;
mod circles;
mod commits;
mod count;
mod crates;
mod dialect;
mod docs;
mod layout;
mod markdown;
mod names;
mod rust;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{process, project};
use block::Block;

/// Rules that a part of the repository does not keep yet. The test fails on all other violations.
#[cfg(test)]
const OPEN: &[(&str, Rule)] = &[
    (".", Rule::Docs),
    ("analysis", Rule::Length),
    ("analysis", Rule::Size),
    ("analysis", Rule::Dialect),
    ("analysis", Rule::TestName),
    ("analysis", Rule::Circle),
    ("docs", Rule::Dialect),
    ("loadgen", Rule::Size),
    ("profiler", Rule::Size),
    ("profiler-common", Rule::Size),
    ("recording", Rule::Size),
    ("report", Rule::Dialect),
];

/// What a violation violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    /// Files of at most 400 lines.
    Length,
    /// Files of at most 300 lines and functions of at most 60.
    Size,
    /// A module documentation in each file, and no path of one machine.
    Layout,
    /// `unsafe` in its place, with its reason.
    Unsafe,
    /// Dependencies along the flow of data.
    Crates,
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
    /// Links, paths and lists in documents that match the repository.
    Docs,
    /// Commit messages.
    Commit,
}

/// A place that violates a rule.
#[derive(Debug)]
struct Violation {
    rule: Rule,
    path: String,
    line: usize,
    text: String,
}

impl Violation {
    fn new(rule: Rule, path: &str, line: usize, text: impl Into<String>) -> Self {
        Self {
            rule,
            path: path.to_owned(),
            line,
            text: text.into(),
        }
    }
}

impl std::fmt::Display for Violation {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            rule,
            path,
            line,
            text,
        } = self;
        write!(out, "{path}:{line}: {rule:?}: {text}")
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
        let rust = path.ends_with(".rs").then(|| rust::Source::parse(&text));
        let blocks = match &rust {
            Some(source) => source.blocks.clone(),
            None => text::blocks(path, &text),
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
/// Git cannot list the files, or there is a violation.
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
        *table
            .entry((part(&violation.path), violation.rule))
            .or_default() += 1;
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

/// Prints how often the repository departs from its style, by crate.
///
/// # Errors
/// Git cannot list the files.
pub fn count() -> Result<()> {
    print!("{}", count::table(&tracked()?));
    Ok(())
}

fn violations(files: &[File]) -> Vec<Violation> {
    let mut found = Vec::new();
    for file in files {
        found.extend(layout::check(file));
        found.extend(crates::check(file));
        found.extend(dialect::check(file));
        found.extend(names::check(file));
    }
    found.extend(docs::check(files));
    found.extend(circles::check(files));
    found.extend(commits::check());
    found
}

/// Returns the files that git tracks or would track.
fn tracked() -> Result<Vec<File>> {
    let arguments = ["ls-files", "--cached", "--others", "--exclude-standard"];
    let mut git = Command::new("git");
    git.args(arguments).current_dir(project::root());
    let list = process::output(&mut git).context("git cannot list the files here")?;
    let read = |path: &str| {
        let bytes = fs::read(project::root().join(path)).ok()?;
        // An image is a place that documents link to, but has no text.
        Some(File::new(
            path,
            String::from_utf8(bytes).unwrap_or_default(),
        ))
    };
    Ok(list.lines().filter_map(read).collect())
}

/// Whether the file's name ends in one of these extensions.
fn is_one_of(path: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(path).extension().and_then(|it| it.to_str());
    extension.is_some_and(|it| extensions.contains(&it))
}
