//! Reads a log while it is written, with the time at which each line was complete.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};

/// Interval at which the log is read: the precision of the times.
const LOOK: Duration = Duration::from_millis(5);

/// A line of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Time at which it was read, nanoseconds since the Unix epoch.
    pub unix_ns: u64,
    /// The line without its end.
    pub text: String,
}

/// Reads a file that may not exist yet, until `ended`.
pub fn follow(path: impl AsRef<Path>, ended: impl Fn() -> bool) -> Vec<Line> {
    let mut file = None;
    let (mut lines, mut pending) = (Vec::new(), Vec::new());
    loop {
        let is_last = ended();
        file = file.or_else(|| File::open(path.as_ref()).ok());
        if let Some(file) = &mut file {
            // The next look reads the rest.
            let _ = file.read_to_end(&mut pending);
            take_lines(&mut pending, now_unix_ns(), &mut lines);
        }
        if is_last {
            return lines;
        }
        thread::sleep(LOOK);
    }
}

/// Takes complete lines out of what was read.
fn take_lines(pending: &mut Vec<u8>, unix_ns: u64, lines: &mut Vec<Line>) {
    let Some(end) = pending.iter().rposition(|byte| *byte == b'\n') else {
        return;
    };
    let complete: Vec<u8> = pending.drain(..=end).collect();
    let complete = String::from_utf8_lossy(&complete);
    lines.extend(complete.lines().map(|text| Line {
        unix_ns,
        text: text.into(),
    }));
}

fn now_unix_ns() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_nanos() as u64)
}

/// Returns the start of a process, nanoseconds since the Unix epoch, from its start in ticks since
/// boot.
///
/// # Errors
/// Fails if the clocks cannot be read.
pub fn began_unix_ns(ticks: u64) -> Result<u64> {
    let since_boot = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
    let ticks_per_second = procfs::ticks_per_second();
    let began = Duration::from_nanos(ticks * (1_000_000_000 / ticks_per_second));
    let ago = since_boot.saturating_sub(began);
    Ok(now_unix_ns().saturating_sub(ago.as_nanos() as u64))
}

/// Saves lines, so that they can be compared again.
///
/// # Errors
/// Fails if the file cannot be written.
pub fn save(path: &Path, lines: &[Line]) -> Result<()> {
    let rows = lines
        .iter()
        .map(|line| format!("{}\t{}\n", line.unix_ns, line.text));
    fs::write(path, rows.collect::<String>())
        .with_context(|| format!("cannot write {}", path.display()))
}

/// Loads saved lines.
///
/// # Errors
/// Fails if the file cannot be read, or has a line without a time.
pub fn load(path: &Path) -> Result<Vec<Line>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let row = |row: &str| {
        let (time, text) = row.split_once('\t').context("no time")?;
        anyhow::Ok(Line {
            unix_ns: time.parse()?,
            text: text.into(),
        })
    };
    let rows = text.lines().map(row).collect::<Result<_>>();
    rows.with_context(|| format!("{} is damaged", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn keeps_an_incomplete_line_until_it_is_complete() {
        let mut lines = Vec::new();
        let mut pending = b"one\ntw".to_vec();
        take_lines(&mut pending, 1, &mut lines);
        pending.extend(b"o\n");
        take_lines(&mut pending, 2, &mut lines);
        let found: Vec<_> = lines
            .iter()
            .map(|line| (line.unix_ns, line.text.as_str()))
            .collect();
        assert_eq!(found, [(1, "one"), (2, "two")]);
    }

    #[test]
    fn reads_what_was_written_before_the_end_and_loads_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let looks = Cell::new(0);
        let lines = follow(&path, || {
            looks.set(looks.get() + 1);
            fs::write(&path, "a\tb\nlast").unwrap();
            looks.get() > 1
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        let saved = dir.path().join("saved");
        save(&saved, &lines).unwrap();
        assert_eq!(load(&saved).unwrap(), lines);
        fs::write(&saved, "no time\n").unwrap();
        assert!(load(&saved).is_err());
    }

    #[test]
    fn computes_the_start_of_this_process() {
        let this = procfs::process::Process::myself().unwrap();
        let began = began_unix_ns(this.stat().unwrap().starttime).unwrap();
        assert!(began <= now_unix_ns());
        let day = Duration::from_secs(86_400).as_nanos() as u64;
        assert!(
            began > now_unix_ns() - day,
            "this test does not run for a day"
        );
    }
}
