//! Building tables.

use crate::document::{Block, Cell, Column, Group, Row, Table, Tone};

impl Table {
    /// An empty table.
    pub fn new(caption: impl Into<String>) -> Self {
        Table {
            caption: caption.into(),
            ..Table::default()
        }
    }

    /// Adds a column of words.
    pub fn words(self, label: impl Into<String>) -> Self {
        self.column(label.into(), false, String::new())
    }

    /// Adds a column of numbers.
    pub fn number(self, label: impl Into<String>) -> Self {
        self.column(label.into(), true, String::new())
    }

    /// Adds a column of numbers for each label, under a common heading.
    pub fn numbers<'a>(
        self,
        group: impl Into<String>,
        labels: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let group = group.into();
        labels.into_iter().fold(self, |table, label| {
            table.column(label.into(), true, group.clone())
        })
    }

    fn column(mut self, label: String, number: bool, group: String) -> Self {
        self.columns.push(Column {
            label,
            number,
            group,
        });
        self
    }

    /// Adds a row.
    pub fn row(&mut self, tone: Tone, cells: Vec<Cell>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "{}", self.caption);
        self.rows.push(Row { tone, cells });
    }

    /// The finished table.
    pub fn block(mut self) -> Block {
        if self.columns.iter().any(|column| !column.group.is_empty()) {
            self.groups = groups(&self.columns);
        }
        Block::Table(self)
    }

    /// The finished table, or a sentence if it has no rows.
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
    fn neighbours_share_a_heading() {
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
    fn an_empty_table_is_a_sentence() {
        assert!(
            matches!(Table::new("t").block_or("nothing"), Block::Paragraph { text } if text == "nothing")
        );
    }
}
