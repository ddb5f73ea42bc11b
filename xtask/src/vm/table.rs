//! The table kernel × probe group, in docs/kernels.md.

use std::fs;

use anyhow::{Context, Result};

use super::column::Column;
use crate::project;

const PAGE: &str = "docs/kernels.md";
/// The last row of the table.
const RESULT: &str = "tests passed";
/// The beginning of its cell where recording is refused.
const REFUSED: &str = "nothing is recorded: ";
/// The lines between which the table stands.
const MARKS: [&str; 2] = ["<!-- matrix:begin -->\n", "<!-- matrix:end -->\n"];

/// Returns the table in Markdown.
pub fn of(columns: &[Column]) -> String {
    let line = |first: &str, cells: &dyn Fn(&Column) -> String| {
        let cells = columns.iter().map(|column| format!(" {} |", cells(column)));
        format!("| {first} |{}\n", cells.collect::<String>())
    };
    let mut text = line("probe group", &|column| column.release.clone());
    text += &format!("| --- |{}\n", " --- |".repeat(columns.len()));
    let groups = columns.iter().map(|column| column.groups.as_slice());
    for (group, _) in groups.max_by_key(|groups| groups.len()).unwrap_or_default() {
        text += &line(group, &|column| column.source(group).to_owned());
    }
    text + &line(RESULT, &|column| match &column.problem {
        Some(problem) => format!("{REFUSED}{}", problem.replace('|', "\\|")),
        None => format!("{} of {}", column.passed, column.passed + column.failed),
    })
}

/// Renews columns of the table in its page, each at its place.
pub fn renew(columns: impl Iterator<Item = (usize, Column)>) -> Result<()> {
    let page = project::root().join(PAGE);
    let old = fs::read_to_string(&page).with_context(|| format!("cannot read {PAGE}"))?;
    let mut all = columns_of(&old);
    for (place, column) in columns {
        *all.get_mut(place)
            .with_context(|| format!("the table in {PAGE} has no column {place}"))? = column;
    }
    let new = replaced(&old, &of(&all)).with_context(|| format!("{PAGE} has no marks"))?;
    fs::write(&page, new).with_context(|| format!("cannot write {PAGE}"))
}

/// Reads the table in a page.
fn columns_of(page: &str) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let table = page.split(MARKS[0]).nth(1).unwrap_or_default();
    let table = table.split(MARKS[1]).next().unwrap_or_default();
    for line in table.lines() {
        let line = line.trim_matches(['|', ' ']);
        let mut cells = line.split(" | ").map(str::to_owned);
        match cells.next().as_deref() {
            None | Some("---") => {}
            Some("probe group") => columns.extend(cells.map(|release| Column {
                release,
                ..Column::default()
            })),
            Some(RESULT) => columns
                .iter_mut()
                .zip(cells)
                .for_each(|(column, cell)| set_result(column, &cell)),
            Some(group) => columns
                .iter_mut()
                .zip(cells)
                .for_each(|(column, cell)| column.groups.push((group.to_owned(), cell))),
        }
    }
    columns
}

/// Reads a cell of the last row.
fn set_result(column: &mut Column, cell: &str) {
    if let Some(problem) = cell.strip_prefix(REFUSED) {
        column.problem = Some(problem.replace("\\|", "|"));
    }
    let numbers = cell.split_once(" of ");
    let numbers = numbers.and_then(|(passed, all)| Some((passed.parse().ok()?, all.parse().ok()?)));
    let (passed, all): (u64, u64) = numbers.unwrap_or_default();
    (column.passed, column.failed) = (passed, all.saturating_sub(passed));
}

fn replaced(page: &str, table: &str) -> Option<String> {
    let (before, rest) = page.split_once(MARKS[0])?;
    let (_, after) = rest.split_once(MARKS[1])?;
    Some(format!("{before}{}{table}{}{after}", MARKS[0], MARKS[1]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vm::column::tests::OUTPUT;
    use crate::vm::kernels::{MINIMUM, numbers};

    #[test]
    fn accepts_a_refusal_of_old_kernels_only() {
        let refused = OUTPUT.replace("null", "\"no atomics\"");
        let old = Column::read(&refused).unwrap();
        assert_eq!(
            (old.problem.as_deref(), old.failed),
            (Some("no atomics"), 1)
        );
        assert!(of(&[old]).ends_with("| tests passed | nothing is recorded: no atomics |\n"));
        let new = Column::read(&refused.replace("5.10.0", "6.1.0-57-cloud-amd64")).unwrap();
        assert_eq!((new.release.as_str(), new.failed), ("6.1.0-57", 2));
    }

    /// The minimum in README and the installation guide is the oldest kernel of the table on which
    /// all tests pass.
    #[test]
    fn keeps_the_minimum_kernel_in_step_with_the_table() {
        let read = |page| fs::read_to_string(project::root().join(page)).unwrap();
        let page = read(PAGE);
        let row = |first: &str| -> Vec<String> {
            let first = format!("| {first} |");
            let line = page.lines().find(|line| line.starts_with(&first)).unwrap();
            line.split('|')
                .skip(2)
                .map(|cell| cell.trim().to_owned())
                .collect()
        };
        let passes = |result: &str| {
            let (passed, total) = result.split_once(" of ")?;
            (passed == total && passed != "0").then_some(())
        };
        let mut tried = row("probe group").into_iter().zip(row(RESULT));
        let oldest = tried
            .find(|(_, result)| passes(result).is_some())
            .unwrap()
            .0;
        assert!(numbers(&oldest).starts_with(&numbers(MINIMUM)), "{oldest}");
        for page in ["README.md", "docs/install.md"] {
            assert!(
                read(page).contains(&format!("Linux {MINIMUM} or later")),
                "{page}"
            );
        }
    }

    #[test]
    fn reads_the_table_that_it_writes() {
        let page = fs::read_to_string(project::root().join(PAGE)).unwrap();
        let columns = columns_of(&page);
        assert!(columns.len() > 1 && columns[0].problem.is_some());
        assert_eq!(replaced(&page, &of(&columns)), Some(page));
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
