//! The document for a terminal: aligned tables, colours only if asked for.

use crate::Error;
use crate::document::{
    Block, Column, Document, FindingItem, Headline, Notice, Section, Table, Tone,
};
use comfy_table::{CellAlignment, ContentArrangement, Table as Grid, presets};
use std::io::Write;

/// Sections that the end of a run prints in full, after the verdict.
const AFTER_THE_VERDICT: [&str; 4] = ["waste", "starts", "observer-cost", "instrumented"];
/// Section of the verdict.
pub(crate) const VERDICT: &str = "verdict";
/// Widest line, in columns.
const WIDEST: usize = 120;

/// Emphasis of a line.
#[derive(Clone, Copy)]
enum Style {
    Bold,
    Dim,
    Red,
    Yellow,
}

struct Printer<'a> {
    color: bool,
    out: &'a mut dyn Write,
}

/// Writes the whole document. Folded detail is named, not printed.
pub fn render(document: &Document, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    let mut printer = Printer { color, out };
    printer.head(document)?;
    if document.sections().next().is_none() {
        printer.plain("\nNo recording was given.")?;
    }
    // A section of drawings alone has no text.
    let is_figure = |block: &Block| matches!(block, Block::Figure(_) | Block::Flame(_));
    let sections = document.sections();
    sections
        .filter(|section| !section.blocks.iter().all(is_figure))
        .try_for_each(|section| printer.section(section))
}

/// Writes notices and the verdict, then waste, cold starts, the observer's cost and instrumented
/// rounds, where there are any.
pub fn render_verdict(document: &Document, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    let mut printer = Printer { color, out };
    printer.head(document)?;
    let verdict = document.sections().filter(|section| section.id == VERDICT);
    verdict
        .flat_map(|section| &section.blocks)
        .try_for_each(|block| printer.block(block))?;
    let others = document.sections();
    others
        .filter(|section| AFTER_THE_VERDICT.contains(&section.id))
        .try_for_each(|section| printer.section(section))
}

/// Writes the summary of one recording.
pub fn render_summary(document: &Document, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    let mut printer = Printer { color, out };
    printer.head(document)?;
    let blocks = document.sections().flat_map(|section| &section.blocks);
    for block in blocks {
        if matches!(block, Block::Facts { .. }) {
            printer.plain("")?;
        }
        printer.block(block)?;
    }
    Ok(())
}

impl Printer<'_> {
    fn head(&mut self, document: &Document) -> Result<(), Error> {
        self.styled(Style::Bold, &document.title)?;
        if !document.subtitle.is_empty() {
            self.styled(Style::Dim, &document.subtitle)?;
        }
        document
            .notices
            .iter()
            .try_for_each(|notice| self.notice(notice))
    }

    fn section(&mut self, section: &Section) -> Result<(), Error> {
        writeln!(self.out)?;
        self.styled(Style::Bold, &format!("── {}", section.title))?;
        self.blocks(&section.blocks)
    }

    fn block(&mut self, block: &Block) -> Result<(), Error> {
        match block {
            Block::Heading { text } => {
                writeln!(self.out)?;
                self.styled(Style::Bold, text)
            }
            Block::Paragraph { text } => self.plain(text),
            Block::Headlines { lines } => lines.iter().try_for_each(|line| self.headline(line)),
            Block::Notice(notice) => self.notice(notice),
            Block::Findings { items } => items.iter().try_for_each(|item| self.finding(item)),
            Block::Table(table) => self.table(table),
            Block::Facts { rows } => rows
                .iter()
                .try_for_each(|fact| self.plain(&format!("{:<26} {}", fact.name, fact.value))),
            Block::Command { text } => self.plain(&format!("  {text}")),
            Block::Fold { title, .. } => self.elsewhere(title),
            Block::Numbers { blocks, .. } => self.blocks(blocks),
            Block::Tabs(choice) => choice.tabs.iter().try_for_each(|tab| match tab.page_only {
                true => self.elsewhere(&tab.title),
                false => self.blocks(&tab.blocks),
            }),
            // A terminal shows no drawings; the tables hold the same numbers.
            Block::Figure(_) | Block::Flame(_) | Block::Cards { .. } => Ok(()),
        }
    }

    fn blocks(&mut self, blocks: &[Block]) -> Result<(), Error> {
        blocks.iter().try_for_each(|block| self.block(block))
    }

    /// Names content that only the page shows.
    fn elsewhere(&mut self, title: &str) -> Result<(), Error> {
        self.styled(Style::Dim, &format!("  [{title}: in the HTML report]"))
    }

    /// Prints the sentence, and the values beside it where they fit.
    fn headline(&mut self, line: &Headline) -> Result<(), Error> {
        const GAP: usize = 10;
        let width = line.text.chars().count() + GAP + line.detail.chars().count();
        writeln!(self.out)?;
        if width <= WIDEST {
            let text = self.paint(Style::Bold, &line.text);
            self.plain(&format!("{text}{:GAP$}{}", "", line.detail))?;
        } else {
            self.styled(Style::Bold, &line.text)?;
            self.plain(&format!("  {}", line.detail))?;
        }
        if let Some(table) = &line.table {
            writeln!(self.out)?;
            let mut grid = grid(table, true);
            grid.set_content_arrangement(ContentArrangement::Dynamic);
            grid.set_width(WIDEST as u16 - 2);
            for line in grid.lines() {
                self.plain(format!(" {}", line.trim_end()).trim_end())?;
            }
        }
        if !line.notes.is_empty() {
            writeln!(self.out)?;
        }
        line.notes
            .iter()
            .try_for_each(|note| self.plain(&format!("  {note}")))
    }

    fn finding(&mut self, item: &FindingItem) -> Result<(), Error> {
        let title = match item.title.as_str() {
            "" => String::new(),
            title => format!("{title}: "),
        };
        self.plain(&format!("  • {title}{}", item.text))?;
        if !item.meaning.is_empty() {
            self.plain(&format!("    {}", item.meaning))?;
        }
        if !item.advice.is_empty() {
            self.plain(&format!("    {}", item.advice))?;
        }
        Ok(())
    }

    fn notice(&mut self, notice: &Notice) -> Result<(), Error> {
        let style = match notice.tone {
            Tone::Bad => Style::Red,
            _ => Style::Yellow,
        };
        writeln!(self.out)?;
        self.styled(style, &format!("!! {}", notice.title))?;
        notice
            .lines
            .iter()
            .try_for_each(|line| self.plain(&format!("   {line}")))
    }

    fn table(&mut self, table: &Table) -> Result<(), Error> {
        writeln!(self.out)?;
        self.styled(Style::Dim, &table.caption)?;
        // Notes widen columns, and a table that wraps cannot be read.
        let with_notes: Vec<String> = grid(table, true).lines().collect();
        let width = |line: &String| line.trim_end().chars().count();
        let fits = with_notes.iter().all(|line| width(line) <= WIDEST);
        let lines = match fits {
            true => with_notes,
            false => grid(table, false).lines().collect(),
        };
        lines
            .iter()
            .try_for_each(|line| self.plain(line.trim_end()))?;
        let cells = || table.rows.iter().flat_map(|row| &row.cells);
        if !fits && cells().any(|cell| !cell.note.is_empty()) {
            self.styled(Style::Dim, "  [intervals and counts: in the HTML report]")?;
        }
        Ok(())
    }

    fn plain(&mut self, text: &str) -> Result<(), Error> {
        Ok(writeln!(self.out, "{text}")?)
    }

    fn styled(&mut self, style: Style, text: &str) -> Result<(), Error> {
        let text = self.paint(style, text);
        self.plain(&text)
    }

    fn paint(&self, style: Style, text: &str) -> String {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "1;31",
            Style::Yellow => "33",
        };
        match self.color {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.into(),
        }
    }
}

/// Returns the table with columns aligned by spaces.
fn grid(table: &Table, notes: bool) -> Grid {
    let shown: Vec<usize> = (0..table.columns.len())
        .filter(|at| !table.columns[*at].page_only)
        .collect();
    let mut grid = Grid::new();
    grid.load_preset(presets::NOTHING);
    let grouped = !table.groups.is_empty();
    grid.set_header(shown.iter().map(|at| header(&table.columns, *at, grouped)));
    for row in &table.rows {
        grid.add_row(shown.iter().map(|at| {
            let cell = &row.cells[*at];
            if cell.note.is_empty() || !notes {
                cell.text.clone()
            } else {
                format!("{} ({})", cell.text, cell.note)
            }
        }));
    }
    for (at, column) in shown.iter().enumerate() {
        if table.columns[*column].number
            && let Some(column) = grid.column_mut(at)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid
}

/// Returns a column's heading. A heading that neighbours share stands over the first of them.
fn header(columns: &[Column], at: usize, grouped: bool) -> String {
    let column = &columns[at];
    let repeats = at > 0 && columns[at - 1].group == column.group;
    match (grouped, repeats) {
        (false, _) => column.label.clone(),
        (true, true) => format!("\n{}", column.label),
        (true, false) => format!("{}\n{}", column.group, column.label),
    }
}
