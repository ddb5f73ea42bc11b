//! `cargo xtask list`: which target serves which workload, from the targets' own `target.toml`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::{project, tasks};

/// Workloads in the order of docs/workloads.md.
const WORKLOADS: &str = "chat tools-sequential tools-parallel agent-loop sub-agents multimodal \
    history threads pubsub cold-start";

/// Workloads that keep data in a database.
const KEPT: [&str; 2] = ["history", "threads"];

/// The keys of a `target.toml` that the table shows.
#[derive(Deserialize)]
#[serde(default)]
struct Target {
    name: String,
    workloads: Vec<String>,
    bus: Vec<String>,
    databases: Vec<String>,
    cannot: BTreeMap<String, String>,
}

impl Default for Target {
    fn default() -> Self {
        let one = |name: &str| vec![name.to_owned()];
        Self {
            name: String::new(),
            workloads: one("chat"),
            bus: one("memory"),
            databases: one("sqlite"),
            cannot: BTreeMap::new(),
        }
    }
}

impl Target {
    fn serves(&self, workload: &str) -> bool {
        self.workloads.iter().any(|name| name == workload)
    }

    /// Returns the values that `--db` accepts for it; none if it serves no such workload.
    fn databases(&self) -> String {
        match KEPT.iter().any(|workload| self.serves(workload)) {
            true => self.databases.join(", "),
            false => String::new(),
        }
    }
}

/// Prints the table of workloads, and the kinds of task.
pub fn list() -> Result<()> {
    let targets = targets(&project::root().join("targets"))?;
    let kinds = tasks::names()?.join(", ");
    let text = table(&targets);
    write!(
        io::stdout(),
        "{text}\ntasks (--workload tasks), with these arms:\n  {kinds}\n"
    )
    .context("cannot print the table")
}

fn targets(folder: &Path) -> Result<Vec<Target>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()));
    let mut targets = Vec::new();
    for entry in entries? {
        let file = entry?.path().join("target.toml");
        if file.is_file() {
            let text = fs::read_to_string(&file);
            let target = text.map(|text| toml::from_str(&text));
            targets.push(target?.with_context(|| format!("{} cannot be read", file.display()))?);
        }
    }
    targets.sort_by(|a: &Target, b: &Target| a.name.cmp(&b.name));
    Ok(targets)
}

/// Formats one line per target and one column per workload, with reasons for each `no` below.
fn table(targets: &[Target]) -> String {
    let width = targets.iter().map(|target| target.name.len()).max();
    let width = width.unwrap_or_default();
    let mut text = format!("{:width$}  {}  --db\n", "", WORKLOADS.replace(' ', "  "));
    let mut reasons = String::new();
    let mut buses = String::new();
    for target in targets {
        if cell(target, "pubsub") == "yes" {
            buses += &format!("  {}: {}\n", target.name, target.bus.join(", "));
        }
        let cell = |workload: &str| format!("{:^w$}", cell(target, workload), w = workload.len());
        let cells: Vec<String> = WORKLOADS.split(' ').map(cell).collect();
        let (cells, databases) = (cells.join("  "), target.databases());
        text += format!("{:width$}  {cells}  {databases}", target.name).trim_end();
        text += "\n";
        for (what, reason) in &target.cannot {
            reasons += &format!("  {}, {what}: {reason}\n", target.name);
        }
    }
    text += "\nyes: served and tested, no: cannot be done here, -: not written yet\n";
    text += &reasons;
    if !buses.is_empty() {
        text += &format!("\nbuses of pubsub (--bus):\n{buses}");
    }
    text
}

fn cell(target: &Target, workload: &str) -> &'static str {
    match target.serves(workload) {
        true => "yes",
        false if target.cannot.contains_key(workload) => "no",
        false => "-",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_reasons_below_the_table() {
        let one =
            "name = 'a'\nworkloads = ['chat', 'history']\ncannot.pubsub = 'it has no channels'";
        let longer = "name = 'longer'\nworkloads = ['chat', 'pubsub']\nbus = ['memory', 'redis']";
        let targets = [one, longer].map(|text| toml::from_str(text).unwrap());
        let text = table(&targets);
        let lines: Vec<&str> = text.lines().collect();
        let words = |at: usize| lines[at].split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(1), "a yes - - - - - yes - no - sqlite");
        assert!(words(2).starts_with("longer yes - "));
        assert!(lines[2].ends_with('-'), "without threads, without database");
        assert_eq!(lines[5], "  a, pubsub: it has no channels");
        assert_eq!(lines.last(), Some(&"  longer: memory, redis"));
    }

    #[test]
    fn knows_the_workloads_of_all_targets() {
        let targets = targets(&project::root().join("targets")).unwrap();
        assert!(targets.iter().any(|target| target.name == "go"));
        for target in &targets {
            assert!(!target.name.is_empty(), "a target has no name");
            let served = target.workloads.iter().chain(&target.databases);
            for name in served.chain(target.cannot.keys()) {
                let mut known = WORKLOADS.split(' ').chain(["sqlite", "postgres"]);
                assert!(known.any(|it| it == name), "{}: {name}", target.name);
            }
        }
    }
}
