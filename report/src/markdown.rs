//! The verdict as Markdown, for issues, pull requests and the job summaries of CI systems.

use crate::Error;
use crate::document::{Block, Document, FindingItem, Headline, Notice, Table};
use crate::text::VERDICT;
use std::io::Write;

/// Writes title, notices and verdict.
pub fn render(document: &Document, out: &mut dyn Write) -> Result<(), Error> {
    writeln!(out, "## {}", escape(&document.title))?;
    if !document.subtitle.is_empty() {
        writeln!(out, "\n{}", escape(&document.subtitle))?;
    }
    for item in &document.notices {
        notice(item, out)?;
    }
    let verdict = document.sections().filter(|section| section.id == VERDICT);
    verdict
        .flat_map(|section| &section.blocks)
        .try_for_each(|item| block(item, out))
}

fn notice(item: &Notice, out: &mut dyn Write) -> Result<(), Error> {
    writeln!(out, "\n> **{}**", escape(&item.title))?;
    for line in &item.lines {
        writeln!(out, ">\n> {}", escape(line))?;
    }
    Ok(())
}

/// Writes a block; folded detail and drawings are left to the page.
fn block(block: &Block, out: &mut dyn Write) -> Result<(), Error> {
    match block {
        Block::Heading { text } => writeln!(out, "\n### {}", escape(text))?,
        Block::Paragraph { text } => writeln!(out, "\n{}", escape(text))?,
        Block::Headlines { lines } => lines.iter().try_for_each(|line| headline(line, out))?,
        Block::Notice(item) => notice(item, out)?,
        Block::Findings { items } => {
            writeln!(out)?;
            items.iter().try_for_each(|item| finding(item, out))?;
        }
        Block::Table(item) => table(item, out)?,
        Block::Tabs(choice) => {
            let tabs = choice.tabs.iter().filter(|tab| !tab.page_only);
            let mut blocks = tabs.flat_map(|tab| &tab.blocks);
            blocks.try_for_each(|item| self::block(item, out))?;
        }
        Block::Facts { .. }
        | Block::Cards { .. }
        | Block::Numbers { .. }
        | Block::Command { .. }
        | Block::Fold { .. }
        | Block::Figure(_)
        | Block::Flame(_) => {}
    }
    Ok(())
}

fn headline(line: &Headline, out: &mut dyn Write) -> Result<(), Error> {
    writeln!(
        out,
        "\n### {}\n\n{}",
        escape(&line.text),
        escape(&line.detail)
    )?;
    if let Some(rows) = &line.table {
        table(rows, out)?;
    }
    for note in &line.notes {
        writeln!(out, "\n{}", escape(note))?;
    }
    Ok(())
}

fn finding(item: &FindingItem, out: &mut dyn Write) -> Result<(), Error> {
    let mut text = escape(&item.text);
    if !item.title.is_empty() {
        text = format!("**{}**: {text}", escape(&item.title));
    }
    if !item.meaning.is_empty() {
        text = format!("{text} {}", escape(&item.meaning));
    }
    if !item.advice.is_empty() {
        text = format!("{text}<br>{}", escape(&item.advice));
    }
    Ok(writeln!(out, "- {text}")?)
}

fn table(table: &Table, out: &mut dyn Write) -> Result<(), Error> {
    let shown = |at: &usize| !table.columns[*at].page_only;
    let columns: Vec<usize> = (0..table.columns.len()).filter(shown).collect();
    let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
    let labels = columns.iter().map(|at| escape(&table.columns[*at].label));
    writeln!(out, "\n{}", line(labels.collect()))?;
    let rule = columns.iter().map(|at| match table.columns[*at].number {
        true => "--:".to_string(),
        false => "---".to_string(),
    });
    writeln!(out, "{}", line(rule.collect()))?;
    for row in &table.rows {
        let cells = columns.iter().map(|at| {
            let cell = &row.cells[*at];
            escape(format!("{} {}", cell.text, cell.note).trim_end())
        });
        writeln!(out, "{}", line(cells.collect()))?;
    }
    Ok(())
}

/// Returns the text with a backslash before each character that Markdown or HTML gives a meaning.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if r"\`*_{}[]<>#|~&@".contains(letter) {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn escapes_markup() {
        assert_eq!(escape("a|b <img> *c*"), r"a\|b \<img\> \*c\*");
        assert_eq!(escape("2.42× +5.24 µs"), "2.42× +5.24 µs");
    }
}
