//! The rows of a table: chosen, added up and sorted as the user wants them.

use crate::column::Column;
use crate::{Frame, Row};
use recording::vocabulary::Role;
use report::clean::clean;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Threads that make up a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Grouping {
    /// Add up the threads of a role.
    #[default]
    Roles,
    /// Show each thread.
    Threads,
}

/// Which rows there are, and in which order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// Threads that make up a row.
    pub grouping: Grouping,
    /// Column that rows are sorted by.
    pub sort: Column,
    /// Smallest first.
    pub ascending: bool,
    /// Text that the role, the name or an id of a thread contains; in lower case.
    pub filter: String,
}

impl Choice {
    /// Returns the rows of a frame.
    pub fn of(&self, frame: &Frame) -> Vec<Row> {
        let threads = frame.rows.iter().filter(|row| self.fits(row));
        let mut rows = match self.grouping {
            Grouping::Threads => threads.cloned().collect(),
            Grouping::Roles => by_role(threads),
        };
        rows.sort_by(|one, two| self.order(one, two));
        rows
    }

    fn fits(&self, row: &Row) -> bool {
        let texts = [
            row.name.to_lowercase(),
            row.role.label().to_lowercase(),
            row.tid.to_string(),
            row.pid.to_string(),
        ];
        let contains = |text: &String| text.contains(&self.filter);
        self.filter.is_empty() || texts.iter().any(contains)
    }

    fn order(&self, one: &Row, two: &Row) -> Ordering {
        let values = self.sort.value(one).cmp(&self.sort.value(two));
        let values = if self.ascending {
            values
        } else {
            values.reverse()
        };
        let name = |row: &Row| (row.name.clone(), row.tid);
        values.then_with(|| name(one).cmp(&name(two)))
    }
}

fn by_role<'a>(threads: impl Iterator<Item = &'a Row>) -> Vec<Row> {
    let mut roles: BTreeMap<Role, Row> = BTreeMap::new();
    for thread in threads {
        let sum = roles.entry(thread.role.clone()).or_insert_with(|| Row {
            pid: thread.pid,
            name: clean(thread.role.label()),
            role: thread.role.clone(),
            ..Row::default()
        });
        sum.threads += thread.threads;
        sum.cost.add(&thread.cost);
    }
    roles.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Cost;

    fn row(tid: u32, name: &str, role: Role, user_ns: u64, switches: u64) -> Row {
        Row {
            pid: 40,
            tid,
            name: name.into(),
            role,
            threads: 1,
            cost: Cost {
                user_ns,
                switches,
                ..Cost::default()
            },
        }
    }

    fn frame() -> Frame {
        Frame {
            rows: vec![
                row(40, "bun", Role::MainLoop, 50, 5),
                row(41, "HeapHelper", Role::JscHeapHelper, 20, 9),
                row(42, "HeapHelper", Role::JscHeapHelper, 31, 1),
            ],
            ..Frame::default()
        }
    }

    fn tids(choice: &Choice) -> Vec<u32> {
        choice.of(&frame()).iter().map(|row| row.tid).collect()
    }

    #[test]
    fn sorts_by_a_column_in_either_direction() {
        let mut choice = Choice {
            grouping: Grouping::Threads,
            ..Choice::default()
        };
        assert_eq!(tids(&choice), [40, 42, 41]);
        choice.sort = Column::Switches;
        assert_eq!(tids(&choice), [41, 40, 42]);
        choice.ascending = true;
        assert_eq!(tids(&choice), [42, 40, 41]);
    }

    #[test]
    fn adds_up_the_threads_of_a_role() {
        let rows = Choice::default().of(&frame());
        let sums = rows
            .iter()
            .map(|row| (&*row.name, row.threads, row.cost.user_ns));
        let expected = [("JSC heap helper (GC)", 2, 51), ("main loop", 1, 50)];
        assert_eq!(sums.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn keeps_rows_that_contain_the_filter() {
        let with = |filter: &str| Choice {
            grouping: Grouping::Threads,
            filter: filter.into(),
            ..Choice::default()
        };
        assert_eq!(tids(&with("heaph")), [42, 41]);
        assert_eq!(tids(&with("main l")), [40]);
        assert_eq!(tids(&with("42")), [42]);
        assert_eq!(tids(&with("nothing")), [0; 0]);
    }
}
