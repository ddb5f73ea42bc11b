//! Tables of the documents against the code that they describe.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::project;

const ARCHITECTURE: &str = "docs/architecture.md";
const GLOSSARY: &str = "docs/glossary.md";

/// Reads a file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(project::root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Returns the cells of each table row under a heading, without the head of the table.
fn rows(document: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(document);
    let start = text.find(&format!("\n{heading}\n")).expect("the heading");
    let section = &text[start + heading.len() + 2..];
    let section = section.split("\n## ").next().expect("a section");
    let lines: Vec<&str> = section.lines().collect();
    let mut rows = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let is_head = lines
            .get(at + 1)
            .is_some_and(|next| next.starts_with("|---"));
        if line.starts_with("| ") && !is_head {
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

/// Returns the crates of the workspace, each with the crates of the workspace that it depends on.
fn crates() -> BTreeMap<String, BTreeSet<String>> {
    let table = |path: &str| -> toml::Table { read(path).parse().expect("a manifest") };
    let workspace = table("Cargo.toml");
    let members = workspace["workspace"]["members"]
        .as_array()
        .expect("a list");
    let names: BTreeSet<String> = members
        .iter()
        .filter_map(|member| Some(member.as_str()?.to_owned()))
        .collect();
    let uses = |name: &String| {
        let manifest = table(&format!("{name}/Cargo.toml"));
        let list = manifest.get("dependencies").and_then(|it| it.as_table());
        let keys = list.into_iter().flat_map(|it| it.keys().cloned());
        keys.filter(|key| names.contains(key)).collect()
    };
    names
        .iter()
        .map(|name| (name.clone(), uses(name)))
        .collect()
}

#[test]
fn lists_every_crate_with_its_dependencies() {
    let listed: BTreeMap<String, BTreeSet<String>> = rows(ARCHITECTURE, "## Crates")
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), quoted(&row[2])))
        .collect();
    assert_eq!(listed, crates(), "left: {ARCHITECTURE}, right: Cargo.toml");
}

#[test]
fn lists_every_probe_file_with_its_hooks() {
    let listed: BTreeMap<String, BTreeSet<String>> = rows(ARCHITECTURE, "## Probe groups")
        .into_iter()
        .map(|row| (row[0].trim_matches('`').to_owned(), quoted(&row[1])))
        .collect();
    let folder = project::root().join("profiler-ebpf/src/probes");
    let mut expected = BTreeSet::new();
    for entry in fs::read_dir(folder).expect("the probes") {
        let name = entry.expect("an entry").file_name();
        let path = format!("profiler-ebpf/src/probes/{}", name.to_string_lossy());
        if path.ends_with("/mod.rs") || !path.ends_with(".rs") {
            continue;
        }
        let hooks = listed
            .get(&path)
            .unwrap_or_else(|| panic!("{path} is not listed"));
        for hook in attached(&read(&path)) {
            assert!(hooks.contains(&hook), "{path}: {hook} is not listed");
        }
        expected.insert(path);
    }
    let paths: BTreeSet<String> = listed.into_keys().collect();
    assert_eq!(paths, expected, "left: {ARCHITECTURE}, right: the files");
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
    let mut sources = String::new();
    for folder in [
        "recording/src",
        "recording/src/vocabulary",
        "recording/src/comparison",
    ] {
        for entry in fs::read_dir(project::root().join(folder)).expect("the crate recording") {
            let path = entry.expect("an entry").path();
            if path.is_file() {
                sources += &fs::read_to_string(path).expect("a source file");
            }
        }
    }
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

/// Returns the anchor that GitHub gives a heading.
fn anchor(heading: &str) -> String {
    let lower = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = lower
        .chars()
        .filter(|c| c.is_alphanumeric() || "-_ ".contains(*c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Returns the anchors of a document, and the targets of its links.
fn anchors_and_links(text: &str) -> (BTreeSet<String>, Vec<String>) {
    let (mut anchors, mut links, mut fenced) = (BTreeSet::new(), Vec::new(), false);
    for line in text.lines() {
        fenced ^= line.starts_with("```");
        if !fenced && line.starts_with('#') {
            anchors.insert(anchor(line));
        }
        let targets = line.split("](").skip(1);
        links.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    (anchors, links)
}

#[test]
fn leads_links_to_headings_that_exist() {
    let folder = project::root().join("docs");
    let mut documents = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("the documents") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        if name.ends_with(".md") {
            let text = read(&format!("docs/{name}"));
            documents.insert(name, anchors_and_links(&text));
        }
    }
    for (name, (own, links)) in &documents {
        for link in links {
            let Some((path, wanted)) = link.split_once('#') else {
                continue;
            };
            let anchors = match path {
                "" => Some(own),
                path => documents.get(path).map(|(anchors, _)| anchors),
            };
            let found = anchors.is_none_or(|anchors| anchors.contains(wanted));
            assert!(found, "docs/{name}: {link} leads to no heading");
        }
    }
}
