//! The document for a terminal: aligned tables, colours only if asked for.

use crate::Error;
use crate::document::{
    Block, Column, Document, FindingItem, Headline, Notice, Section, Table, Tone,
};
use comfy_table::{CellAlignment, Table as Grid, presets};
use std::io::Write;

/// Sections the end of a run prints.
const VERDICT: &str = "verdict";
const STARTS: &str = "starts";
const OBSERVER_COST: &str = "observer-cost";
const DETAIL: &str = "detail";
/// The column that is left to the page.
const EVIDENCE: &str = "Evidence";
/// Widest table with notes, in columns.
const WIDEST: usize = 120;

/// How strongly a line is shown.
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

/// Writes the whole document; folded detail is named, not printed.
pub fn render(document: &Document, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    let mut printer = Printer { color, out };
    printer.head(document)?;
    if document.sections.is_empty() {
        writeln!(
            printer.out,
            "\nThere is nothing to show: no recording was given."
        )?;
    }
    // A section of drawings alone says nothing here.
    let said = document.sections.iter().filter(|section| {
        let drawing = |block: &Block| matches!(block, Block::Figure(_));
        !section.blocks.iter().all(drawing)
    });
    said.into_iter()
        .try_for_each(|section| printer.section(section))
}

/// Writes notices and the verdict alone, and starts, what observing cost and detail where those were asked for.
pub fn render_verdict(document: &Document, color: bool, out: &mut dyn Write) -> Result<(), Error> {
    let mut printer = Printer { color, out };
    printer.head(document)?;
    let verdict = document
        .sections
        .iter()
        .filter(|section| section.id == VERDICT);
    verdict
        .flat_map(|section| &section.blocks)
        .try_for_each(|block| printer.block(block))?;
    let asked_for = document.sections.iter();
    asked_for
        .filter(|section| [STARTS, OBSERVER_COST, DETAIL].contains(&section.id))
        .try_for_each(|section| printer.section(section))
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
        section
            .blocks
            .iter()
            .try_for_each(|block| self.block(block))
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
            Block::Fold { title, .. } => {
                self.styled(Style::Dim, &format!("  [{title}: in the HTML report]"))
            }
            // A terminal shows no drawings; the tables hold the same numbers.
            Block::Figure(_) => Ok(()),
        }
    }

    fn headline(&mut self, line: &Headline) -> Result<(), Error> {
        writeln!(self.out)?;
        self.styled(Style::Bold, &line.text)?;
        self.plain(&line.detail)?;
        line.reasons
            .iter()
            .try_for_each(|reason| self.plain(&format!("  • {reason}")))
    }

    fn finding(&mut self, item: &FindingItem) -> Result<(), Error> {
        let title = if item.title.is_empty() {
            String::new()
        } else {
            format!("{}: ", item.title)
        };
        self.plain(&format!("  • {title}{}", item.text))
    }

    fn notice(&mut self, notice: &Notice) -> Result<(), Error> {
        let style = if notice.tone == Tone::Bad {
            Style::Red
        } else {
            Style::Yellow
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
        // Notes widen columns; a table that then wraps on a screen can be read by no one.
        let with_notes: Vec<String> = grid(table, true).lines().collect();
        let fits = with_notes
            .iter()
            .all(|line| line.trim_end().chars().count() <= WIDEST);
        let lines = if fits {
            with_notes
        } else {
            grid(table, false).lines().collect()
        };
        for line in lines {
            writeln!(self.out, "{}", line.trim_end())?;
        }
        let dropped = !fits
            && table
                .rows
                .iter()
                .any(|row| row.cells.iter().any(|cell| !cell.note.is_empty()));
        if dropped {
            self.styled(Style::Dim, "  [intervals and counts: in the HTML report]")?;
        }
        Ok(())
    }

    fn plain(&mut self, text: &str) -> Result<(), Error> {
        Ok(writeln!(self.out, "{text}")?)
    }

    fn styled(&mut self, style: Style, text: &str) -> Result<(), Error> {
        let code = match style {
            Style::Bold => "1",
            Style::Dim => "2",
            Style::Red => "1;31",
            Style::Yellow => "33",
        };
        if self.color {
            return Ok(writeln!(self.out, "\x1b[{code}m{text}\x1b[0m")?);
        }
        self.plain(text)
    }
}

/// Columns aligned by spaces. Evidence is left to the page: pointers would push the numbers off the screen.
fn grid(table: &Table, notes: bool) -> Grid {
    let shown: Vec<usize> = (0..table.columns.len())
        .filter(|at| table.columns[*at].label != EVIDENCE)
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

/// A heading that neighbours share stands over the first of them.
fn header(columns: &[Column], at: usize, grouped: bool) -> String {
    let column = &columns[at];
    let repeats = at > 0 && columns[at - 1].group == column.group;
    match (grouped, repeats) {
        (false, _) => column.label.clone(),
        (true, true) => format!("\n{}", column.label),
        (true, false) => format!("{}\n{}", column.group, column.label),
    }
}
