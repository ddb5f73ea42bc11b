//! Building tables.

use crate::document::{Block, Cell, Column, Group, Row, Table, Tone};

impl Table {
    /// Returns an empty table.
    pub fn new(caption: impl Into<String>) -> Self {
        Table {
            caption: caption.into(),
            ..Table::default()
        }
    }

    /// Adds a column of words.
    pub fn words(self, label: impl Into<String>) -> Self {
        self.column(Column {
            label: label.into(),
            ..Column::default()
        })
    }

    /// Adds a column of words that only the page shows.
    pub fn page_only(self, label: impl Into<String>) -> Self {
        self.column(Column {
            label: label.into(),
            page_only: true,
            ..Column::default()
        })
    }

    /// Adds a column of numbers.
    pub fn number(self, label: impl Into<String>) -> Self {
        self.column(Column {
            label: label.into(),
            number: true,
            ..Column::default()
        })
    }

    /// Adds a column of numbers for each label, under a common heading.
    pub fn numbers<'a>(
        self,
        group: impl Into<String>,
        labels: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let group = group.into();
        labels.into_iter().fold(self, |table, label| {
            table.column(Column {
                label: label.into(),
                number: true,
                group: group.clone(),
                page_only: false,
            })
        })
    }

    fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Adds a row.
    pub fn row(&mut self, tone: Tone, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "{}", self.caption);
        self.rows.push(Row { tone, cells });
    }

    /// Adds a row of a name and values.
    pub(crate) fn named(
        &mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = String>,
    ) {
        let name = Cell::from(name.into());
        let values = values.into_iter().map(Cell::from);
        self.row(Tone::Plain, std::iter::once(name).chain(values).collect());
    }

    /// Returns the finished table.
    pub fn block(mut self) -> Block {
        if self.columns.iter().any(|column| !column.group.is_empty()) {
            self.groups = groups(&self.columns);
        }
        Block::Table(self)
    }

    /// Returns the finished table, or a sentence if it has no rows.
    pub fn block_or(self, otherwise: &str) -> Block {
        if self.rows.is_empty() {
            Block::paragraph(otherwise)
        } else {
            self.block()
        }
    }
}

fn groups(columns: &[Column]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for column in columns {
        match groups.last_mut() {
            Some(last) if last.label == column.group => last.span += 1,
            _ => groups.push(Group {
                label: column.group.clone(),
                span: 1,
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins_the_headings_of_neighbours() {
        let table = Table::new("t")
            .words("name")
            .numbers("calls", ["go", "bun"])
            .numbers("cost", ["go"]);
        let Block::Table(table) = table.block() else {
            panic!("a table")
        };
        let spans: Vec<_> = table
            .groups
            .iter()
            .map(|group| (group.label.as_str(), group.span))
            .collect();
        assert_eq!(spans, [("", 1), ("calls", 2), ("cost", 1)]);
    }

    #[test]
    fn turns_an_empty_table_into_a_sentence() {
        let empty = Table::new("t").block_or("nothing");
        assert!(matches!(empty, Block::Paragraph { text } if text == "nothing"));
    }
}
