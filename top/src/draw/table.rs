//! The table of roles or threads.

use super::bold;
use crate::column::{Column, fitting};
use crate::rows::Grouping;
use crate::{Frame, Row, View};
use ratatui::Frame as Screen;
use ratatui::layout::{Alignment, Constraint, Rect};
use ratatui::style::Modifier;
use ratatui::text::Text;
use ratatui::widgets::{Row as Line, Table};

/// Width that the name has at least.
const NAME: u16 = 16;
/// Width of thread ids, and of numbers of threads.
const ID: u16 = 8;

/// Draws the rows that fit.
pub fn draw(view: &View, frame: &Frame, screen: &mut Screen, area: Rect) {
    let columns = fitting(area.width.saturating_sub(NAME + ID + 1), view.sorted());
    let rows = view.choice.of(frame);
    let shown = rows.iter().skip(view.scroll).take(area.height.into());
    let lines = shown.map(|row| line(row, &columns, frame));
    let widths = [Constraint::Fill(1), Constraint::Length(ID)]
        .into_iter()
        .chain(
            columns
                .iter()
                .map(|column| Constraint::Length(column.width())),
        );
    let table = Table::new(lines, widths).header(header(view, &columns));
    screen.render_widget(table.column_spacing(1), area);
}

fn header(view: &View, columns: &[Column]) -> Line<'static> {
    let (name, id) = match view.choice.grouping {
        Grouping::Roles => ("ROLE", "THREADS"),
        Grouping::Threads => ("THREAD", "TID"),
    };
    let titles = columns.iter().map(|column| {
        let title = Text::from(column.title()).alignment(Alignment::Right);
        match *column == view.sorted() {
            true => title.style(bold().add_modifier(Modifier::REVERSED)),
            false => title.style(bold()),
        }
    });
    let names = [
        Text::styled(name, bold()),
        Text::styled(id, bold()).alignment(Alignment::Right),
    ];
    Line::new(names.into_iter().chain(titles).collect::<Vec<_>>())
}

fn line(row: &Row, columns: &[Column], frame: &Frame) -> Line<'static> {
    let (name, id) = names(row);
    let right = |text: String| Text::from(text).alignment(Alignment::Right);
    let values = columns.iter().map(|column| right(column.text(row, frame)));
    let cells = [Text::from(name), right(id)].into_iter().chain(values);
    Line::new(cells.collect::<Vec<_>>())
}

/// Returns the name of a row, and the id of its thread or the number of its threads.
pub fn names(row: &Row) -> (String, String) {
    match row.tid {
        0 => (row.name.clone(), row.threads.to_string()),
        tid => {
            let role = row.role.label();
            let role = if role == row.name {
                String::new()
            } else {
                format!("  {}", report::clean::clean(role))
            };
            (format!("{}{role}", row.name), tid.to_string())
        }
    }
}
