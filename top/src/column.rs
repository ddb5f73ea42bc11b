//! The columns of a table: their values, headings and texts.

use crate::{Frame, Row};
use recording::format;

/// A column of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Column {
    /// On-CPU time.
    #[default]
    Cpu,
    /// On-CPU time in user code.
    User,
    /// On-CPU time in system calls.
    Syscall,
    /// On-CPU time in page faults and interrupts.
    Fault,
    /// On-CPU time of threads that collect garbage.
    Gc,
    /// Time waiting for a CPU.
    RunQueue,
    /// Time asleep or blocked.
    Blocked,
    /// Context switches.
    Switches,
    /// System calls.
    Syscalls,
    /// Bytes that system calls moved.
    Bytes,
}

use Column::{Blocked, Bytes, Cpu, Fault, Gc, RunQueue, Switches, Syscall, Syscalls, User};

/// The columns in their order.
pub const ALL: [Column; 10] = [
    Cpu, User, Syscall, Fault, Gc, RunQueue, Blocked, Switches, Syscalls, Bytes,
];

/// The columns in the order in which they get room.
const BY_WEIGHT: [Column; 10] = [
    Cpu, User, Syscall, RunQueue, Switches, Syscalls, Gc, Fault, Blocked, Bytes,
];

impl Column {
    /// Returns the heading.
    pub fn title(self) -> &'static str {
        match self {
            Cpu => "CPU%",
            User => "USER%",
            Syscall => "SYSC%",
            Fault => "FAULT%",
            Gc => "GC%",
            RunQueue => "RUNQ%",
            Blocked => "BLOCK%",
            Switches => "SWITCH/s",
            Syscalls => "SYSCALL/s",
            Bytes => "BYTES/s",
        }
    }

    /// Returns what the column shows, for the help.
    pub fn meaning(self) -> &'static str {
        match self {
            Cpu => "on-CPU time; 100 % is one CPU",
            User => "on-CPU time in user code",
            Syscall => "on-CPU time in system calls, entry and exit included",
            Fault => "on-CPU time in page faults, interrupts and returns from context switches",
            Gc => "on-CPU time in user code that collects garbage; – where no probe sees it",
            RunQueue => "runnable, waiting for a CPU or throttled by a quota",
            Blocked => "asleep or blocked",
            Switches => "context switches per second",
            Syscalls => "system calls per second",
            Bytes => "bytes per second that system calls moved, files included",
        }
    }

    /// Returns the width in characters.
    pub fn width(self) -> u16 {
        match self {
            Cpu | User | Syscall | Fault | Gc | RunQueue => 6,
            Blocked => 7,
            Switches | Syscalls => 9,
            Bytes => 10,
        }
    }

    /// Returns the value that rows are sorted by.
    pub fn value(self, row: &Row) -> u64 {
        let cost = &row.cost;
        match self {
            Cpu => cost.on_cpu_ns(),
            User => cost.user_ns,
            Syscall => cost.syscall_ns,
            Fault => cost.fault_ns,
            Gc => cost.gc_ns,
            RunQueue => cost.run_queue_ns,
            Blocked => cost.blocked_ns,
            Switches => cost.switches,
            Syscalls => cost.syscalls,
            Bytes => cost.bytes,
        }
    }

    /// Returns the value of a row of a frame as text.
    pub fn text(self, row: &Row, frame: &Frame) -> String {
        let value = self.value(row);
        match self {
            Gc if value == 0 && !row.role.is_gc() => format::NONE.into(),
            Switches | Syscalls => format::count(rate(value, frame).round() as u64),
            Bytes => format::bytes(rate(value, frame).round() as u64),
            _ => format!("{:.1}", percent(value, frame)),
        }
    }

    /// Returns the column so many places to the right, around the end.
    pub fn moved(self, by: isize) -> Self {
        let place = ALL.iter().position(|column| *column == self);
        let place = place.unwrap_or(0).cast_signed() + by;
        ALL[place.rem_euclid(ALL.len().cast_signed()).cast_unsigned()]
    }
}

/// Returns the columns that fit into a width beside a name, in their order. `sorted` is always
/// among them.
pub fn fitting(width: u16, sorted: Column) -> Vec<Column> {
    let mut room = width;
    let mut chosen = vec![sorted];
    room = room.saturating_sub(sorted.width() + 1);
    for column in BY_WEIGHT {
        if column != sorted && room > column.width() {
            room -= column.width() + 1;
            chosen.push(column);
        }
    }
    ALL.into_iter()
        .filter(|column| chosen.contains(column))
        .collect()
}

/// Returns a count as a rate per second.
pub fn rate(count: u64, frame: &Frame) -> f64 {
    count as f64 * 1e9 / frame.length_ns.max(1) as f64
}

/// Returns a time as percent of the frame's length.
pub fn percent(ns: u64, frame: &Frame) -> f64 {
    ns as f64 * 100.0 / frame.length_ns.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_columns_that_do_not_fit() {
        assert_eq!(fitting(200, Cpu), ALL);
        assert_eq!(fitting(21, Cpu), [Cpu, User, Syscall]);
        assert_eq!(fitting(19, Bytes), [Cpu, Bytes]);
        assert_eq!(fitting(0, Gc), [Gc]);
    }

    #[test]
    fn goes_round_the_columns() {
        assert_eq!(Cpu.moved(-1), Bytes);
        assert_eq!(Bytes.moved(1), Cpu);
        assert_eq!(Cpu.moved(2), Syscall);
    }

    #[test]
    fn shows_no_gc_of_threads_that_do_other_work() {
        let frame = Frame {
            length_ns: 1_000_000_000,
            ..Frame::default()
        };
        let mut row = Row::default();
        assert_eq!(Gc.text(&row, &frame), "–");
        row.role = recording::vocabulary::Role::Gc;
        assert_eq!(Gc.text(&row, &frame), "0.0");
        row.cost.gc_ns = 250_000_000;
        assert_eq!(Gc.text(&row, &frame), "25.0");
    }
}
