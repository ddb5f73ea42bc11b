//! Rule about words: those that CONTRIBUTING.md replaces by the field's own.

use super::{File, Place, text::Kind};

/// Words and phrases that mark the old dialect, separated by commas.
const WORDS: &str = "told,tells,whoever,whatever,nobody,dear,dearer,dearest,cheap,cheaper,cheapest,\
    cheaply,thereof,of its own,is none,mended,goes to sleep on,what hid,hid what";
/// The label of the verdict's advice, which the style prescribes.
const LABEL: &str = "what to try";
/// Files that name the words: this one, and quotations of others.
const QUOTES: [&str; 2] = ["tidy/src/", "claims.toml"];

/// Returns the places where a file uses one of the words, or "what" as a subject. Expected outputs
/// follow the code that writes them.
pub fn check(file: &File) -> Vec<Place> {
    let golden = file.path.contains("/golden/") || file.path.contains("/snapshots/");
    if golden || QUOTES.iter().any(|path| file.path.starts_with(path)) {
        return Vec::new();
    }
    let mut places = Vec::new();
    for block in &file.blocks {
        let (text, starts) = block.joined();
        // A literal of one word is a name, such as that of the user nobody.
        if block.kind != Kind::Literal || text.contains(' ') {
            let found = found(&text).into_iter();
            places.extend(
                found.map(|(at, word)| (block.line_of(&starts, at), format!("\"{word}\""))),
            );
        }
    }
    places
}

/// Returns each word that is found, with its place in the text.
pub fn found(text: &str) -> Vec<(usize, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let mut found = Vec::new();
    for word in WORDS.split(',') {
        found.extend(places(&lower, word).map(|at| (at, word)));
    }
    let subjects = places(&lower, "what").filter(|at| {
        let is_label = places(&lower[*at..], LABEL).next() == Some(0);
        !is_label && is_subject(text, *at)
    });
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
