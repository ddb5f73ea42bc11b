//! Traces of real loads: arrival times, prompt lengths, answer lengths, shared prefixes.
//!
//! Two shapes are read. The Azure LLM inference traces are CSV with the columns `TIMESTAMP`,
//! `ContextTokens` and `GeneratedTokens`. The Mooncake traces are JSON lines with `timestamp`
//! (milliseconds), `input_length`, `output_length` and `hash_ids`, one per block of 512 tokens.

use crate::Error;
use crate::clock::SECOND;
use crate::distribution::MAX_WORDS;
use serde::Deserialize;
use std::path::Path;

/// Tokens of a Mooncake block.
pub const BLOCK_WORDS: usize = 512;
/// Longest span of a trace.
const LONGEST_NS: u64 = 366 * 24 * 3600 * SECOND;
/// The trace that ships with the program, made for it: two minutes of bursts and shared prefixes.
const SAMPLE: &str = include_str!("../traces/sample.jsonl");

/// A trace, in order of time.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    /// Requests.
    pub entries: Vec<Entry>,
}

/// One request of a trace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Arrival, nanoseconds since the first request.
    pub at_ns: u64,
    /// Length of the prompt, in tokens.
    pub input: usize,
    /// Length of the answer, in tokens.
    pub output: usize,
    /// Identifiers of the prompt's blocks; equal blocks have equal text.
    pub blocks: Vec<u64>,
}

/// Line of a Mooncake trace.
impl Entry {
    fn checked(self) -> Result<Self, String> {
        match self.input > MAX_WORDS {
            true => Err(format!(
                "its prompt has {} tokens, at most {MAX_WORDS}",
                self.input
            )),
            false => Ok(self),
        }
    }
}

#[derive(Deserialize)]
struct Line {
    timestamp: u64,
    input_length: usize,
    output_length: usize,
    #[serde(default)]
    hash_ids: Vec<u64>,
}

impl Trace {
    /// Reads the trace at `path`; `sample` is the one that ships with the program.
    ///
    /// # Errors
    /// If the file cannot be read, or has another shape.
    pub fn read(path: &str) -> Result<Self, Error> {
        let text = match path {
            "sample" => SAMPLE.to_owned(),
            _ => std::fs::read_to_string(path).map_err(|error| Error::Read {
                path: Path::new(path).into(),
                error,
            })?,
        };
        Self::parse(&text).map_err(|reason| Error::Usage(format!("--replay {path}: {reason}")))
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .zip(1..)
            .filter(|(line, _)| !line.trim().is_empty());
        let json = text.trim_start().starts_with('{');
        let columns = match json {
            true => None,
            false => Some(Columns::parse(lines.next().ok_or("it is empty")?.0)?),
        };
        let mut entries = Vec::new();
        for (line, number) in lines {
            let entry = match &columns {
                Some(columns) => columns.entry(line),
                None => mooncake(line),
            };
            let entry = entry.and_then(Entry::checked);
            entries.push(entry.map_err(|reason| format!("line {number}: {reason}"))?);
        }
        entries.sort_by_key(|entry| entry.at_ns);
        let first_ns = entries.first().ok_or("it has no requests")?.at_ns;
        for entry in &mut entries {
            entry.at_ns -= first_ns;
        }
        let trace = Self { entries };
        match trace.length_ns() > LONGEST_NS {
            true => Err("its times span more than a year".into()),
            false => Ok(trace),
        }
    }

    /// Returns the time from the first request to the last, at least a nanosecond.
    pub fn length_ns(&self) -> u64 {
        self.entries.last().map_or(1, |entry| entry.at_ns.max(1))
    }

    /// Returns the trace with its times scaled to `length_ns`.
    pub fn with_length(mut self, length_ns: u64) -> Self {
        let factor = length_ns as f64 / self.length_ns() as f64;
        for entry in &mut self.entries {
            entry.at_ns = (entry.at_ns as f64 * factor).round() as u64;
        }
        self
    }
}

fn mooncake(line: &str) -> Result<Entry, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| error.to_string())?;
    Ok(Entry {
        at_ns: line.timestamp.saturating_mul(1_000_000),
        input: line.input_length,
        output: line.output_length,
        blocks: line.hash_ids,
    })
}

/// Positions of the columns of a CSV trace.
struct Columns {
    time: usize,
    input: usize,
    output: usize,
}

impl Columns {
    fn parse(header: &str) -> Result<Self, String> {
        let names: Vec<String> = header
            .split(',')
            .map(|name| name.trim().to_lowercase())
            .collect();
        let find = |known: &[&str]| {
            let at = names.iter().position(|name| known.contains(&name.as_str()));
            at.ok_or_else(|| format!("its first line has no column {}", known.join(" or ")))
        };
        Ok(Self {
            time: find(&["timestamp", "time"])?,
            input: find(&["contexttokens", "input_length"])?,
            output: find(&["generatedtokens", "output_length"])?,
        })
    }

    fn entry(&self, line: &str) -> Result<Entry, String> {
        let cells: Vec<&str> = line.split(',').map(str::trim).collect();
        let cell = |at: usize| cells.get(at).copied().ok_or("it has too few columns");
        let number = |at: usize| -> Result<usize, String> {
            let text = cell(at)?;
            text.parse()
                .map_err(|_| format!("{text:?} is not a number"))
        };
        Ok(Entry {
            at_ns: time_ns(cell(self.time)?)?,
            input: number(self.input)?,
            output: number(self.output)?,
            blocks: Vec::new(),
        })
    }
}

/// Parses `2023-11-16 18:17:03.9799600`, or seconds.
fn time_ns(text: &str) -> Result<u64, String> {
    if let Ok(seconds) = text.parse::<f64>()
        && seconds >= 0.0
    {
        return Ok((seconds * 1e9) as u64);
    }
    let refuse = || format!("{text:?} is not a time");
    let (date, time) = text.split_once([' ', 'T']).ok_or_else(refuse)?;
    let time = time
        .trim_end_matches('Z')
        .split('+')
        .next()
        .unwrap_or_default();
    // The fraction may have more digits than RFC 3339 parsers take.
    let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let stamp = humantime::parse_rfc3339(&format!("{date}T{whole}Z")).map_err(|_| refuse())?;
    let since = stamp.duration_since(std::time::UNIX_EPOCH);
    let since = since.map_err(|_| refuse())?;
    let fraction: f64 = format!("0.{fraction}").parse().map_err(|_| refuse())?;
    Ok(crate::clock::nanos(since) + (fraction * 1e9).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::MILLISECOND;

    #[test]
    fn reads_azure_traces() {
        let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n\
                    2023-11-16 18:17:04.0319600,2162,21\n2023-11-16 18:17:03.9799600,4808,10\n";
        let trace = Trace::parse(text).unwrap();
        let lengths: Vec<_> = trace
            .entries
            .iter()
            .map(|entry| (entry.at_ns, entry.input, entry.output))
            .collect();
        assert_eq!(lengths, [(0, 4808, 10), (52 * MILLISECOND, 2162, 21)]);
    }

    #[test]
    fn reads_mooncake_traces() {
        let text = r#"{"timestamp": 27482, "input_length": 6955, "output_length": 52, "hash_ids": [46, 47]}
{"timestamp": 30535, "input_length": 600, "output_length": 26, "hash_ids": [46, 2353]}"#;
        let trace = Trace::parse(text).unwrap();
        assert_eq!(trace.entries[1].at_ns, 3_053 * MILLISECOND);
        assert_eq!(trace.entries[0].blocks, [46, 47]);
    }

    #[test]
    fn ships_a_sample() {
        let trace = Trace::read("sample").unwrap();
        assert!(trace.entries.len() >= 50 && trace.length_ns() >= 60 * SECOND);
        let blocks = |entry: &Entry| entry.blocks.first().copied();
        let first = blocks(&trace.entries[0]);
        let shared = trace.entries.iter().filter(|entry| blocks(entry) == first);
        assert!(shared.count() > 5, "prefixes are shared");
    }

    #[test]
    fn scales_its_times() {
        let trace = Trace::read("sample").unwrap().with_length(5 * SECOND);
        assert_eq!(trace.length_ns(), 5 * SECOND);
        assert!(trace.entries.is_sorted_by_key(|entry| entry.at_ns));
    }

    #[test]
    fn rejects_other_files_with_the_line() {
        for (text, reason) in [
            ("", "empty"),
            ("a,b\n1,2", "timestamp"),
            ("timestamp,input_length,output_length\n1,2", "line 2"),
            ("timestamp,input_length,output_length\nsoon,2,3", "soon"),
            ("{\"timestamp\":1}", "line 1"),
            (
                "timestamp,input_length,output_length\n1,1000001,3",
                "line 2: its prompt has 1000001 tokens",
            ),
            (
                "timestamp,input_length,output_length\n0,1,1\ninf,1,1",
                "more than a year",
            ),
            ("timestamp,input_length,output_length", "no requests"),
        ] {
            let refusal = Trace::parse(text).unwrap_err();
            assert!(refusal.contains(reason), "{text:?}: {refusal}");
        }
    }
}
