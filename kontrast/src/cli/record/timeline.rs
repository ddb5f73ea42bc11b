//! The trace of `--timeline`, and slow tokens.

use anyhow::{Context, Result};
use profiler::record::timeline::Size;
use recording::timeline::{Event, TIMELINE_FILE};
use recording::tokens::Token;
use recording::{Recording, Timeline};
use report::export::perfetto;
use runner::output::give_back_one as give_back;
use std::fmt::{self, Display, Formatter};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

/// Options of single events.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct TimelineOptions {
    /// Write the events of the last SECONDS of the recording to timeline.perfetto-trace: switches,
    /// wake-ups, system calls, page faults, collections, tokens. Open it at ui.perfetto.dev.
    #[arg(
        long = "timeline",
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "10",
        value_parser = clap::value_parser!(u32).range(1..=3600)
    )]
    seconds: Option<u32>,
    /// Keep the slowest tokens with their paths: those above a proxy latency, for instance
    /// 'proxy_latency>5ms'. Without --timeline the trace has the events around them only.
    #[arg(long, value_name = "EXPR")]
    slow: Option<Slow>,
    /// Let the file of --timeline grow to this many MiB at most; older events are overwritten.
    #[arg(
        long = "timeline-size",
        value_name = "MIB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(1..=4096)
    )]
    mebibytes: u32,
}

/// The latency above which a token is slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    above: Duration,
}

impl Display for Slow {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        write!(
            out,
            "proxy_latency>{}",
            humantime::format_duration(self.above)
        )
    }
}

impl FromStr for Slow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = || format!("{text:?} is no condition: write 'proxy_latency>5ms', say");
        let (metric, above) = text.split_once('>').ok_or_else(wanted)?;
        if metric.trim() != "proxy_latency" {
            return Err(wanted());
        }
        let above = humantime::parse_duration(above.trim());
        Ok(Slow {
            above: above.map_err(|error| format!("{}: {error}", wanted()))?,
        })
    }
}

impl TimelineOptions {
    /// Returns the size of the timeline, if events are kept.
    pub(super) fn size(&self) -> Option<Size> {
        /// Slow tokens are looked for in all events that there is room for.
        const ALL: u32 = 3600;
        let seconds = self.seconds.or(self.slow.map(|_| ALL))?;
        Some(Size {
            length: Duration::from_secs(seconds.into()),
            bytes: u64::from(self.mebibytes) << 20,
        })
    }

    /// Returns whether tokens are looked for that are slow.
    pub(super) fn keeps_slow_tokens(&self) -> bool {
        self.slow.is_some()
    }

    /// Adds the tokens and requests of the timeline to a recording whose threads have roles.
    pub(super) fn add_tokens(&self, recording: &mut Recording) {
        let threshold = self.slow.map_or(Duration::ZERO, |slow| slow.above);
        let threshold_ns = u64::try_from(threshold.as_nanos()).unwrap_or(u64::MAX);
        if let Some(timeline) = &recording.timeline {
            let found = analysis::tokens::find(recording, timeline, threshold_ns);
            (recording.tokens, recording.requests) = found;
        }
    }

    /// Writes the timeline of a recording, if it has one, and says what it covers.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn save(&self, out: &Path, recording: &Recording) -> Result<()> {
        let Some(timeline) = &recording.timeline else {
            return Ok(());
        };
        let tokens = &recording.tokens;
        match self.seconds {
            Some(_) => write(out, recording, timeline)?,
            None => write(out, recording, &around(timeline, recording))?,
        }
        if timeline.overwritten > 0 && self.seconds.is_some() {
            eprintln!(
                "kontrast: the timeline is shorter than asked for: {} older events were \
                 overwritten. Give --timeline-size MIB",
                timeline.overwritten
            );
        }
        if let Some(slow) = self.slow {
            eprintln!(
                "kontrast: {} of {} tokens in the last {:.1} s took more than {}",
                tokens.slow,
                tokens.count,
                seconds(timeline),
                humantime::format_duration(slow.above)
            );
            for token in tokens.slowest.iter().take(5) {
                eprintln!("  {}", token.text);
            }
        }
        Ok(())
    }
}

fn write(out: &Path, recording: &Recording, timeline: &Timeline) -> Result<()> {
    let path = out.join(TIMELINE_FILE);
    let cannot = || format!("cannot write {} (free some space)", path.display());
    let mut file = BufWriter::new(File::create(&path).with_context(cannot)?);
    perfetto::write(recording, timeline, &mut file).with_context(cannot)?;
    file.flush().with_context(cannot)?;
    give_back(&path);
    eprintln!(
        "kontrast: {} has {} events of the last {:.1} s; open it at https://ui.perfetto.dev",
        path.display(),
        timeline.len(),
        seconds(timeline)
    );
    Ok(())
}

fn seconds(timeline: &Timeline) -> f64 {
    let length = timeline.end_ns.saturating_sub(timeline.start_ns);
    Duration::from_nanos(length).as_secs_f64()
}

/// Returns the events around the slowest tokens.
fn around(timeline: &Timeline, recording: &Recording) -> Timeline {
    const MARGIN_NS: u64 = 1_000_000;
    let opened_ns = timeline.end_ns.saturating_sub(recording.window.duration_ns);
    let time = |token: &Token| {
        let from = opened_ns + token.arrival_ns;
        (
            from.saturating_sub(MARGIN_NS),
            from + token.latency_ns + MARGIN_NS,
        )
    };
    let mut times: Vec<(u64, u64)> = recording.tokens.slowest.iter().map(time).collect();
    times.sort_unstable();
    let mut pieces: Vec<(u64, u64)> = Vec::new();
    for (from, to) in times {
        match pieces.last_mut() {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => pieces.push((from.max(timeline.start_ns), to)),
        }
    }
    let is_near = |event: &&Event| {
        let mut pieces = pieces.iter();
        pieces.any(|(from, to)| (*from..=*to).contains(&event.time_ns))
    };
    let near = |events: &Vec<Event>| events.iter().filter(&is_near).copied().collect();
    Timeline {
        cpus: timeline.cpus.iter().map(near).collect(),
        syscall_names: timeline.syscall_names.clone(),
        pieces,
        ..*timeline
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_conditions_of_slow_tokens() {
        let above = |text: &str| text.parse::<Slow>().map(|slow| slow.above);
        assert_eq!(above("proxy_latency>5ms"), Ok(Duration::from_millis(5)));
        assert_eq!(
            above("proxy_latency > 250us"),
            Ok(Duration::from_micros(250))
        );
        let long: Slow = "proxy_latency>1500ms".parse().expect("a condition");
        assert_eq!(long.to_string().parse(), Ok(long));
        for wrong in [
            "",
            "5ms",
            "ttft>5ms",
            "proxy_latency>5",
            "proxy_latency<5ms",
        ] {
            assert!(above(wrong).is_err(), "{wrong}");
        }
    }
}
