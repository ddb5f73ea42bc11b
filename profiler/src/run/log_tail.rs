//! The end of a log, safe to show.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::Path,
};

/// Lines shown.
const LINES: usize = 12;
/// Bytes read; more than that many lines need is left in the file.
const BYTES: u64 = 4096;

/// An error that names a log and shows how it ends.
pub fn trouble(what: &str, log: &Path) -> anyhow::Error {
    let lines = tail(log);
    let place = log.display();
    match lines.is_empty() {
        true => anyhow::anyhow!("{what}; it wrote nothing to its log, {place}"),
        false => anyhow::anyhow!("{what}; its log is {place}, and ends with:{lines}"),
    }
}

/// The last lines of a log, each indented on a line of its own; empty if there is nothing to read.
fn tail(log: &Path) -> String {
    let bytes = read_end(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines.iter().skip(lines.len().saturating_sub(LINES));
    last.map(|line| format!("\n    {}", shown(line))).collect()
}

fn read_end(log: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(BYTES)))?;
    let mut bytes = Vec::new();
    file.take(BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A line without what a terminal would obey: the observed process wrote it.
fn shown(line: &str) -> String {
    let safe = |character: char| match character {
        '\t' => ' ',
        character if character.is_control() => char::REPLACEMENT_CHARACTER,
        character => character,
    };
    line.trim_end().chars().map(safe).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail_of(content: &[u8]) -> String {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        std::fs::write(&log, content).unwrap();
        tail(&log)
    }

    #[test]
    fn the_last_lines_are_shown() {
        let content: String = (0..1000).map(|line| format!("line {line}\n\n")).collect();
        let tail = tail_of(content.as_bytes());
        assert_eq!(tail.lines().count(), LINES + 1);
        assert!(tail.ends_with("\n    line 998\n    line 999"), "{tail}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_not_passed_on() {
        assert_eq!(
            tail_of(b"a\x1b[2Jb\x07\tc\xff\r\n"),
            "\n    a\u{fffd}[2Jb\u{fffd} c\u{fffd}"
        );
    }

    #[test]
    fn a_log_that_is_empty_or_missing_is_said_to_be() {
        assert_eq!(tail_of(b"\n \n"), "");
        let error = trouble("the stub ended", Path::new("/nowhere/stub.log")).to_string();
        assert_eq!(
            error,
            "the stub ended; it wrote nothing to its log, /nowhere/stub.log"
        );
    }
}
