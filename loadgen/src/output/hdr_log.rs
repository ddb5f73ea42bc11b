//! Log in the format of the HdrHistogram project, one tagged line per distribution, for its
//! plotters
//! and analysers. Values are nanoseconds; the maximum column is in milliseconds.

use crate::measure::Totals;
use anyhow::Result;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use std::io::Write;
use std::time::Duration;

/// Writes the log of a run.
///
/// # Errors
/// If `out` cannot be written.
pub fn write(totals: &Totals, out: &mut dyn Write) -> Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    // The writer needs a sized type.
    let mut out = out;
    let mut log = IntervalLogWriterBuilder::new()
        .add_comment("[Histogram log format version 1.3]")
        .with_max_value_divisor(1e6)
        .begin_log_with(&mut out, &mut serializer)?;
    let length = Duration::from_nanos(totals.elapsed_ns);
    for (name, latency) in totals.counters.named() {
        let tag = Tag::new(name);
        log.write_histogram(latency.hdr(), Duration::ZERO, length, tag)
            .map_err(|error| anyhow::anyhow!("cannot write the histogram of {name}: {error:?}"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn writes_a_tagged_line_per_distribution() {
        let mut totals = Totals {
            elapsed_ns: 2_000_000_000,
            ..Totals::default()
        };
        totals.counters.ttft.record(21_000_000);
        let mut log = Vec::new();
        write(&totals, &mut log).unwrap();
        let mut tags = Vec::new();
        for entry in IntervalLogIterator::new(&log) {
            if let LogEntry::Interval(line) = entry.unwrap() {
                assert_eq!(line.duration(), Duration::from_secs(2));
                tags.push((line.tag().unwrap().as_str().to_string(), line.max()));
            }
        }
        assert_eq!(tags.len(), 7);
        assert_eq!(tags[1].0, "ttft");
        assert!((20.9..21.1).contains(&tags[1].1), "{tags:?}");
    }
}
