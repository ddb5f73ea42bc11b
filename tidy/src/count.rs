//! How often the repository departs from its style, in numbers that can be compared over time.

use std::collections::BTreeMap;

use super::{File, Rule, Violation, dialect};

/// Columns of the table: the words of comments, two rates per 1000 words, and counts.
const HEAD: [[&str; 8]; 2] = [
    [
        "comment",
        "told, tells",
        "\"what\"",
        "over",
        "run-on",
        "files",
        "functions",
        "test names",
    ],
    [
        "words", "per 1000", "per 1000", "100", "docs", "over 300", "over 60", "no verb",
    ],
];

/// Returns a table with one line a crate and one for all, of Rust files.
pub fn table(files: &[File], violations: &[Violation]) -> String {
    let mut counts: BTreeMap<&str, [usize; 8]> = BTreeMap::new();
    let mut all = [0; 8];
    let mut add = |part, column: usize, count| {
        counts.entry(part).or_default()[column] += count;
        all[column] += count;
    };
    for file in files.iter().filter(|file| file.rust.is_some()) {
        for block in file.blocks.iter().filter(|block| block.kind.is_comment()) {
            let text = block.lines.join(" ").to_ascii_lowercase();
            let count = |word| dialect::places(&text, word).count();
            add(file.part(), 0, text.split_whitespace().count());
            add(file.part(), 1, count("told") + count("tells"));
            add(file.part(), 2, count("what"));
        }
    }
    for violation in violations.iter().filter(|it| it.path.ends_with(".rs")) {
        let column = match violation.rule {
            Rule::Width => 3,
            Rule::RunOn => 4,
            Rule::Length | Rule::Size => 5,
            Rule::Function => 6,
            Rule::TestName => 7,
            _ => continue,
        };
        add(violation.part(), column, 1);
    }
    let mut text: String = HEAD.map(|head| row("", &head.map(str::to_owned))).concat();
    for (part, counts) in counts.into_iter().chain([("all", all)]) {
        let mut cells = counts.map(|count| count.to_string());
        for column in [1, 2] {
            let share = 1000.0 * counts[column] as f64 / counts[0].max(1) as f64;
            cells[column] = format!("{share:.2}");
        }
        text += &row(part, &cells);
    }
    text
}

fn row(
    part: &str,
    [words, told, what, wide, run_on, files, functions, names]: &[String; 8],
) -> String {
    format!(
        "{part:<16} {words:>8} {told:>14} {what:>14} {wide:>6} {run_on:>7} {files:>10} \
         {functions:>12} {names:>10}\n"
    )
}
