//! The end of a log, safe to print.

use std::{
    fmt,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

/// Bytes that are read at most, however long the log is.
const MAX_BYTES: u64 = 16 * 1024;
const LINES: usize = 20;

/// The last lines of a log, safe to print.
#[derive(Debug)]
pub struct LogTail {
    path: PathBuf,
    text: String,
}

impl LogTail {
    /// Reads the end of the file at `path`. If that fails, the text has the error instead.
    pub fn read(path: &Path) -> Self {
        let text = match read_end(path) {
            Ok(bytes) => format_tail(&String::from_utf8_lossy(&bytes)),
            Err(error) => format!("  (cannot be read: {error})"),
        };
        Self {
            path: path.to_owned(),
            text,
        }
    }

    /// Returns the lines, each indented by two spaces.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for LogTail {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "The end of its log, {}:\n{}",
            self.path.display(),
            self.text
        )
    }
}

fn read_end(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    let start = file.metadata()?.len().saturating_sub(MAX_BYTES);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Escapes control characters: the output of a server must not move the user's cursor.
fn format_tail(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    if lines.is_empty() {
        return "  (empty)".to_owned();
    }
    let safe = |line: &str| line.chars().map(printable).collect::<String>();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter()
        .map(|line| format!("  {}", safe(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn printable(c: char) -> String {
    let hidden = c.is_control()
        || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    match c {
        '\t' => "    ".to_owned(),
        _ if hidden => c.escape_default().to_string(),
        _ => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{LogTail, format_tail};
    use std::path::Path;

    #[test]
    fn shows_only_the_last_lines() {
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let shown = format_tail(&text);
        assert_eq!(shown.lines().count(), super::LINES);
        assert!(shown.ends_with("  line 99"));
    }

    #[test]
    fn escapes_terminal_sequences() {
        assert_eq!(
            format_tail("\u{1b}[2Jhi\tthere\u{202e}"),
            "  \\u{1b}[2Jhi    there\\u{202e}"
        );
    }

    #[test]
    fn reports_an_empty_log() {
        assert_eq!(format_tail("\n \n"), "  (empty)");
        assert!(
            LogTail::read(Path::new("/nonexistent/log"))
                .text()
                .contains("cannot be read")
        );
    }

    #[test]
    fn reads_a_huge_log_from_its_end() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "x".repeat(1 << 20) + "\nthe end\n").unwrap();
        assert!(LogTail::read(file.path()).text().ends_with("  the end"));
    }
}
