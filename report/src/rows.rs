//! The tables of a result as plain rows: CSV, and a JSON object a line, for other programs.
//!
//! Values are numbers in the unit that the file names, never formatted. Columns are fixed, so that
//! the rows of many results fit together.

mod of_arms;
mod of_recordings;

use crate::{Error, Input};
use serde_json::{Map, Value};
use std::io::Write;

/// A table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableName {
    /// Each metric of each arm.
    Metrics,
    /// Each metric of each pair of arms.
    Pairs,
    /// Each row of each arm's ledgers.
    Ledger,
    /// Each row of each difference.
    Terms,
    /// Findings.
    Findings,
    /// Work that an arm could do without.
    Waste,
    /// Functions of user code.
    Functions,
    /// Threads of each recording.
    Threads,
    /// System calls of each recording.
    Syscalls,
    /// Checks of each recording.
    Checks,
    /// Values over time of each recording: CPU time, memory, load.
    Series,
    /// Runs and time of each eBPF program in each recording.
    Probes,
}

/// A format of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Values separated by commas, with a line of names (RFC 4180).
    Csv,
    /// A JSON object a line.
    Ndjson,
}

impl TableName {
    /// All tables.
    pub const ALL: [TableName; 12] = [
        TableName::Metrics,
        TableName::Pairs,
        TableName::Ledger,
        TableName::Terms,
        TableName::Findings,
        TableName::Waste,
        TableName::Functions,
        TableName::Threads,
        TableName::Syscalls,
        TableName::Checks,
        TableName::Series,
        TableName::Probes,
    ];

    /// Returns the names of its columns. The first two are the result and its time.
    fn columns(self) -> &'static [&'static str] {
        match self {
            TableName::Metrics => of_arms::METRICS,
            TableName::Pairs => of_arms::PAIRS,
            TableName::Ledger => of_arms::LEDGER,
            TableName::Terms => of_arms::TERMS,
            TableName::Findings => of_arms::FINDINGS,
            TableName::Waste => of_arms::WASTE,
            TableName::Functions => of_arms::FUNCTIONS,
            TableName::Threads => of_recordings::THREADS,
            TableName::Syscalls => of_recordings::SYSCALLS,
            TableName::Checks => of_recordings::CHECKS,
            TableName::Series => of_recordings::SERIES,
            TableName::Probes => of_recordings::PROBES,
        }
    }

    fn rows(self, input: &Input) -> Vec<Vec<Value>> {
        let comparison = input.comparison;
        match self {
            TableName::Metrics => of_arms::metrics(comparison),
            TableName::Pairs => of_arms::pairs(comparison),
            TableName::Ledger => of_arms::ledger(comparison),
            TableName::Terms => of_arms::terms(comparison),
            TableName::Findings => of_arms::findings(comparison),
            TableName::Waste => of_arms::waste(comparison),
            TableName::Functions => of_arms::functions(comparison),
            TableName::Threads => of_recordings::threads(input.recordings),
            TableName::Syscalls => of_recordings::syscalls(input.recordings),
            TableName::Checks => of_recordings::checks(input.recordings),
            TableName::Series => of_recordings::series(input.recordings),
            TableName::Probes => of_recordings::probes(input.recordings),
        }
    }
}

/// Writes the rows of one table, of one result after another.
pub struct Rows<'a> {
    table: TableName,
    out: Out<'a>,
}

enum Out<'a> {
    Csv(Box<csv::Writer<&'a mut dyn Write>>),
    Ndjson(&'a mut dyn Write),
}

impl<'a> Rows<'a> {
    /// Begins a table. CSV has a line with the names of the columns.
    ///
    /// # Errors
    /// The destination cannot be written to.
    pub fn begin(table: TableName, format: Format, out: &'a mut dyn Write) -> Result<Self, Error> {
        let out = match format {
            Format::Ndjson => Out::Ndjson(out),
            Format::Csv => {
                let mut csv = csv::Writer::from_writer(out);
                let names = ["result", "start_unix_ns"].iter().chain(table.columns());
                csv.write_record(names).map_err(of_csv)?;
                Out::Csv(Box::new(csv))
            }
        };
        Ok(Rows { table, out })
    }

    /// Writes the rows of a result with its name and the time of its first recording.
    ///
    /// # Errors
    /// The destination cannot be written to.
    pub fn add(&mut self, result: &str, start_unix_ns: u64, input: &Input) -> Result<(), Error> {
        let result = crate::clean::clean(result);
        for row in self.table.rows(input) {
            match &mut self.out {
                Out::Csv(csv) => {
                    let head = [result.clone(), start_unix_ns.to_string()];
                    let cells = head.into_iter().chain(row.iter().map(cell));
                    csv.write_record(cells).map_err(of_csv)?;
                }
                Out::Ndjson(out) => {
                    let mut object = Map::new();
                    object.insert("result".into(), result.clone().into());
                    object.insert("start_unix_ns".into(), start_unix_ns.into());
                    let columns = self.table.columns().iter();
                    let named = columns.map(|name| (*name).to_owned()).zip(row);
                    object.extend(named);
                    serde_json::to_writer(&mut **out, &object)?;
                    writeln!(out)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the table.
    ///
    /// # Errors
    /// The destination cannot be written to.
    pub fn end(self) -> Result<(), Error> {
        match self.out {
            Out::Csv(mut csv) => Ok(csv.flush()?),
            Out::Ndjson(out) => Ok(out.flush()?),
        }
    }
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn of_csv(error: csv::Error) -> Error {
    Error::Write(std::io::Error::other(error))
}

#[cfg(test)]
mod tests;
