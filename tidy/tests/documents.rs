//! Tables of the documents against the code that they describe.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const ARCHITECTURE: &str = "docs/architecture.md";
const GLOSSARY: &str = "docs/glossary.md";

/// Returns the root of the checkout.
fn root() -> &'static Path {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    folder.expect("the root of the repository")
}

/// Reads a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the cells of each table row under a heading, without the head of the table.
fn rows(document: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(document);
    let start = text.find(&format!("\n{heading}\n")).expect("the heading");
    let section = &text[start + heading.len() + 2..];
    let section = section.split("\n## ").next().expect("a section");
    let lines = section.lines().filter(|line| line.starts_with('|'));
    // Above each line of dashes is the head.
    let lines: Vec<&str> = lines.collect();
    let mut rows = Vec::new();
    for (line, next) in lines.iter().zip(lines.iter().skip(1).chain([&""])) {
        if line.starts_with("| ") && !next.starts_with("|---") {
            let cells = line.trim_matches('|').split('|');
            rows.push(cells.map(|cell| cell.trim().to_owned()).collect());
        }
    }
    assert!(!rows.is_empty(), "{document} has no table under {heading}");
    rows
}

/// Returns the text of each pair of backticks.
fn quoted(cell: &str) -> BTreeSet<String> {
    let odd = cell.split('`').skip(1).step_by(2);
    odd.map(str::to_owned).collect()
}

/// Returns each string literal of a Rust file that follows `before`.
fn literals_after(text: &str, before: &str) -> BTreeSet<String> {
    let start = format!("{before}\"");
    let rest = text.split(&start).skip(1);
    rest.filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()))
        .collect()
}

/// Returns the names of the files in a folder of the repository.
fn files(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).expect("the folder");
    let entries = entries.map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| entry.file_name().into_string().expect("UTF-8"))
        .collect()
}

/// Returns the quoted cells of a column, by the first cell.
fn listed(heading: &str, column: usize) -> BTreeMap<String, BTreeSet<String>> {
    let rows = rows(ARCHITECTURE, heading).into_iter();
    rows.map(|row| (row[0].trim_matches('`').to_owned(), quoted(&row[column])))
        .collect()
}

#[test]
fn lists_every_crate_with_its_dependencies() {
    let table = |path: &str| -> toml::Table { read(path).parse().expect("a manifest") };
    let workspace = table("Cargo.toml");
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("a list");
    let members: BTreeSet<&str> = members.iter().filter_map(|it| it.as_str()).collect();
    let uses = |name: &str| -> BTreeSet<String> {
        let manifest = table(&format!("{name}/Cargo.toml"));
        let list = manifest.get("dependencies").and_then(|it| it.as_table());
        let keys = list.into_iter().flat_map(|it| it.keys());
        keys.filter(|key| members.contains(key.as_str()))
            .cloned()
            .collect()
    };
    let crates: BTreeMap<_, _> = members
        .iter()
        .map(|it| ((*it).to_owned(), uses(it)))
        .collect();
    let listed = listed("## Crates", 2);
    assert_eq!(listed, crates, "left: {ARCHITECTURE}, right: Cargo.toml");
}

#[test]
fn lists_every_probe_file_with_its_hooks() {
    let mut unlisted = listed("## Probe groups", 1);
    for name in files("profiler-ebpf/src/probes") {
        let path = format!("profiler-ebpf/src/probes/{name}");
        if name != "mod.rs" && name.ends_with(".rs") {
            let hooks = unlisted.remove(&path);
            let hooks = hooks.unwrap_or_else(|| panic!("{path} is not listed"));
            for hook in attached(&read(&path)) {
                assert!(hooks.contains(&hook), "{path}: {hook} is not listed");
            }
        }
    }
    assert!(
        unlisted.is_empty(),
        "{ARCHITECTURE} lists {unlisted:?}, which are no files"
    );
}

/// Returns the tracepoints of the `hooks!` list in a probe file.
fn attached(text: &str) -> BTreeSet<String> {
    let list = text.split("hooks! {").nth(1).unwrap_or_default();
    let list = list.split("\n}").next().unwrap_or_default();
    literals_after(list, "\n    ")
}

#[test]
fn lists_every_probe_group() {
    let listed: BTreeSet<String> = rows(ARCHITECTURE, "## Probe groups")
        .iter()
        .flat_map(|row| row[2].split(", "))
        .map(str::to_owned)
        .collect();
    let groups = literals_after(&read("recording/src/vocabulary/probe_group.rs"), " = ");
    assert_eq!(listed, groups, "left: {ARCHITECTURE}, right: ProbeGroup");
}

#[test]
fn finds_each_name_of_the_worked_example() {
    for row in rows(ARCHITECTURE, "## A `sched_switch` becomes a sentence") {
        let path = row[2].trim_matches('`');
        let text = read(path);
        for name in quoted(&row[3]) {
            assert!(
                text.contains(&name),
                "step {}: {path} has no {name}",
                row[0]
            );
        }
    }
}

#[test]
fn maps_old_names_to_present_ones() {
    let folders = [
        "recording/src",
        "recording/src/vocabulary",
        "recording/src/comparison",
    ];
    let paths = folders.map(|folder| {
        files(folder)
            .into_iter()
            .map(move |it| format!("{folder}/{it}"))
    });
    let sources: String = paths
        .into_iter()
        .flatten()
        .map(|path| read(&path))
        .collect();
    for row in rows(GLOSSARY, "## Renamed fields") {
        for place in quoted(row.last().expect("a cell")) {
            let name = place.rsplit('.').next().unwrap_or(&place);
            let name = name.trim_end_matches("[]");
            let known = sources.contains(name) || name == "/2";
            assert!(known, "{GLOSSARY}: recording has no {name}");
        }
    }
    let causes = read("docs/causes.md");
    for row in rows(GLOSSARY, "## Renamed causes") {
        assert!(causes.contains(&row[1]), "docs/causes.md has no {}", row[1]);
    }
}
