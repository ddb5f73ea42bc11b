//! How often the repository departs from its style, in numbers that can be compared over time.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{File, Rule, Violation, dialect, layout, names};

/// Counts of one crate, or of all.
#[derive(Clone, Copy, Default)]
struct Counts {
    words: usize,
    told: usize,
    what: usize,
    wide: usize,
    run_on: usize,
    long_files: usize,
    long_functions: usize,
    test_names: usize,
}

impl Counts {
    fn of(file: &File) -> Self {
        let mut counts = Self::default();
        for block in file.blocks.iter().filter(|block| block.kind.is_comment()) {
            let text = block.lines.join(" ").to_ascii_lowercase();
            counts.words += text.split_whitespace().count();
            counts.told += dialect::places(&text, "told").count();
            counts.told += dialect::places(&text, "tells").count();
            counts.what += dialect::places(&text, "what").count();
        }
        counts.wide = layout::wide(file).len();
        counts.run_on = layout::run_on(file).len();
        let size = layout::check(file);
        let long = |violation: &&Violation| matches!(violation.rule, Rule::Size | Rule::Length);
        let (files, functions): (Vec<_>, Vec<_>) = size
            .iter()
            .filter(long)
            .partition(|violation| !violation.text.starts_with('`'));
        counts.long_files = files.len();
        counts.long_functions = functions.len();
        counts.test_names = names::check(file).len();
        counts
    }

    fn add(&mut self, other: Self) {
        self.words += other.words;
        self.told += other.told;
        self.what += other.what;
        self.wide += other.wide;
        self.run_on += other.run_on;
        self.long_files += other.long_files;
        self.long_functions += other.long_functions;
        self.test_names += other.test_names;
    }
}

/// Returns a table with one line a crate and one for all, of Rust files.
pub fn table(files: &[File]) -> String {
    let mut by_part: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut all = Counts::default();
    for file in files.iter().filter(|file| file.rust.is_some()) {
        let counts = Counts::of(file);
        by_part.entry(file.part()).or_default().add(counts);
        all.add(counts);
    }
    let mut text = format!(
        "{:<16} {:>8} {:>14} {:>14} {:>6} {:>7} {:>10} {:>12} {:>10}\n",
        "",
        "comment",
        "told, tells",
        "\"what\"",
        "over",
        "run-on",
        "files",
        "functions",
        "test names"
    );
    let _ = writeln!(
        text,
        "{:<16} {:>8} {:>14} {:>14} {:>6} {:>7} {:>10} {:>12} {:>10}",
        "", "words", "per 1000", "per 1000", "100", "docs", "over 300", "over 60", "no verb"
    );
    for (part, counts) in by_part.into_iter().chain([("all", all)]) {
        let share = |count: usize| 1000.0 * count as f64 / counts.words.max(1) as f64;
        let _ = writeln!(
            text,
            "{part:<16} {:>8} {:>14.2} {:>14.2} {:>6} {:>7} {:>10} {:>12} {:>10}",
            counts.words,
            share(counts.told),
            share(counts.what),
            counts.wide,
            counts.run_on,
            counts.long_files,
            counts.long_functions,
            counts.test_names,
        );
    }
    text
}
