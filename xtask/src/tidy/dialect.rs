//! Rule about words: those that CONTRIBUTING.md replaces by the field's own.

use super::{
    File, Rule, Violation,
    block::{Block, Kind},
};

/// Words and phrases that mark the old dialect.
const WORDS: [&str; 19] = [
    "told",
    "tells",
    "whoever",
    "whatever",
    "nobody",
    "dear",
    "dearer",
    "dearest",
    "cheap",
    "cheaper",
    "cheapest",
    "cheaply",
    "thereof",
    "of its own",
    "is none",
    "mended",
    "goes to sleep on",
    "what hid",
    "hid what",
];

/// Files that name the words: this one, and quotations of others.
const QUOTES: [&str; 2] = ["xtask/src/tidy/", "claims.toml"];

/// Returns the places where a file uses one of the words, or "what" as a subject.
pub fn check(file: &File) -> Vec<Violation> {
    let exempt = QUOTES.iter().any(|path| file.path.starts_with(path)) || is_golden(&file.path);
    let blocks = file.blocks.iter().filter(|_| !exempt);
    blocks.flat_map(|block| of_block(file, block)).collect()
}

/// Expected outputs follow the code that writes them.
fn is_golden(path: &str) -> bool {
    path.contains("/golden/") || path.contains("/snapshots/")
}

fn of_block(file: &File, block: &Block) -> Vec<Violation> {
    let (text, starts) = block.joined();
    // A literal of one word is a name, such as that of the user nobody.
    if block.kind == Kind::Literal && !text.contains(' ') {
        return Vec::new();
    }
    found(&text)
        .into_iter()
        .map(|(at, word)| {
            let line = block.line_of(&starts, at);
            Violation::new(Rule::Dialect, &file.path, line, format!("\"{word}\""))
        })
        .collect()
}

/// Returns each word that is found, with its place in the text.
pub fn found(text: &str) -> Vec<(usize, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in WORDS {
        found.extend(places(&lower, word).map(|at| (at, word)));
    }
    let subjects = places(&lower, "what").filter(|at| is_subject(text, *at));
    found.extend(subjects.map(|at| (at, "what as a subject")));
    found.sort_unstable();
    found
}

/// Returns where `word` stands in `text` as a whole word.
pub fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let letter = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).filter_map(move |(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let whole = !before.is_some_and(letter) && !after.is_some_and(letter);
        whole.then_some(at)
    })
}

/// Whether "what" at this place begins a sentence that is no question.
fn is_subject(text: &str, at: usize) -> bool {
    let before = text[..at].trim_end_matches([' ', '"', '*', '(']);
    let begins = before.is_empty() || before.ends_with(['.', ';', '!', '?', ':', '|']);
    let rest = &text[at..];
    let end = rest.find(['.', '?', '!', ';']);
    begins && !end.is_some_and(|end| rest[end..].starts_with('?'))
}
