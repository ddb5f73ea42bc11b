//! The table kernel × probe group, in docs/kernels.md.

use std::fs;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::project;

const PAGE: &str = "docs/kernels.md";
/// The lines between which the table stands.
const MARKS: [&str; 2] = ["<!-- matrix:begin -->\n", "<!-- matrix:end -->\n"];

/// Sources and test results of one kernel.
#[derive(Debug, Default, PartialEq)]
pub struct Column {
    /// The release, as `uname -r` prints it.
    pub release: String,
    /// Each probe group, and the source that serves it.
    pub groups: Vec<(String, String)>,
    /// Number of tests that passed.
    pub passed: u64,
    /// Number of tests that failed.
    pub failed: u64,
    /// Names of the tests that failed.
    pub failures: Vec<String>,
}

/// The part of `kontrast doctor --json` that the table shows.
#[derive(Deserialize)]
struct Doctor {
    signals: Vec<Signal>,
}

#[derive(Deserialize)]
struct Signal {
    signal: String,
    source: String,
}

impl Column {
    /// Reads what a machine printed.
    pub fn read(output: &str) -> Result<Self> {
        let section = |name: &str| {
            let (_, rest) = output.split_once(&format!("@{name}"))?;
            Some(rest.split("\n@").next().unwrap_or(rest))
        };
        let release = section("kernel ").context("the kernel did not start our programs")?;
        let doctor = section("doctor\n").context("`kontrast doctor` did not run")?;
        // Messages of the kernel and errors stand around it.
        let json = doctor.find('{').zip(doctor.rfind('}'));
        let json = json
            .and_then(|(begin, end)| doctor.get(begin..=end))
            .unwrap_or_default();
        let doctor: Doctor = serde_json::from_str(json).context("`kontrast doctor --json`")?;
        let mut column = Column {
            release: release.trim().to_owned(),
            ..Self::default()
        };
        for Signal { signal, source } in doctor.signals {
            column.groups.push((signal, source));
        }
        for line in section("tests\n").unwrap_or_default().lines() {
            let Some((test, result)) = line
                .strip_prefix("test ")
                .and_then(|l| l.split_once(" ... "))
            else {
                continue;
            };
            match result.trim() {
                "ok" => column.passed += 1,
                "ignored" => {}
                _ => {
                    column.failed += 1;
                    column.failures.push(test.to_owned());
                }
            }
        }
        if !output.contains("\n@end") {
            column.failed += 1;
            column
                .failures
                .push("(the machine did not come to its end)".into());
        }
        Ok(column)
    }

    fn source(&self, group: &str) -> &str {
        let mut groups = self.groups.iter();
        groups
            .find(|(name, _)| name == group)
            .map_or("–", |(_, source)| source)
    }
}

/// Returns the table in Markdown.
pub fn of(columns: &[Column]) -> String {
    let line = |first: &str, cells: &dyn Fn(&Column) -> String| {
        let cells = columns.iter().map(|column| format!(" {} |", cells(column)));
        format!("| {first} |{}\n", cells.collect::<String>())
    };
    let mut text = line("probe group", &|column| column.release.clone());
    text += &format!("| --- |{}\n", " --- |".repeat(columns.len()));
    let groups = columns.first().map(|column| column.groups.as_slice());
    for (group, _) in groups.unwrap_or_default() {
        text += &line(group, &|column| column.source(group).to_owned());
    }
    let total = |column: &Column| column.passed + column.failed;
    text + &line("tests passed", &|column| {
        format!("{} of {}", column.passed, total(column))
    })
}

/// Puts the table into its page.
pub fn write(columns: &[Column]) -> Result<()> {
    let page = project::root().join(PAGE);
    let old = fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let new = replaced(&old, &of(columns)).with_context(|| format!("{PAGE} has no marks"))?;
    fs::write(&page, new).with_context(|| format!("cannot write {PAGE}"))
}

fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some(format!("{before}{}{table}{}{after}", MARKS[0], MARKS[1]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "boot\n@kernel 5.10.0\n@doctor\n[  1.2] noise\n{\"signals\": \
        [{\"signal\": \"sockets\", \"source\": \"none\"}]}\n@doctor of uid 1000\nno {\n@tests\n\
        test counts::one ... ok\ntest counts::two ... FAILED\n@end\n";

    #[test]
    fn reads_groups_and_results() {
        let column = Column::read(OUTPUT).unwrap();
        assert_eq!(column.release, "5.10.0");
        assert_eq!(column.source("sockets"), "none");
        assert_eq!((column.passed, column.failed), (1, 1));
        assert_eq!(column.failures, ["counts::two"]);
    }

    #[test]
    fn counts_a_machine_that_stops_early_as_failed() {
        let cut = OUTPUT.strip_suffix("@end\n").unwrap();
        assert_eq!(Column::read(cut).unwrap().failed, 2);
        assert!(Column::read("Kernel panic").is_err());
    }

    #[test]
    fn replaces_the_table_between_its_marks() {
        let column = Column::read(OUTPUT).unwrap();
        let page = format!("a\n{}old\n{}b\n", MARKS[0], MARKS[1]);
        let new = replaced(&page, &of(&[column])).unwrap();
        assert!(
            new.contains("| sockets | none |\n| tests passed | 1 of 2 |\n"),
            "{new}"
        );
        assert!(!new.contains("old") && new.ends_with("b\n"));
        assert_eq!(replaced("a", "table"), None);
    }
}
