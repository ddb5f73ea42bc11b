//! Rule about commit messages: `area: verb object`, imperative, at most 72 columns.

use super::{Place, dialect, git};

/// The last commit before the rule: everything after it is checked.
const SINCE: &str = "bdbb146155036ca71ef2fd26e74e323ffeaaf8e8";
/// Commits that were merged before the test existed.
const MERGED: [&str; 9] = [
    "841da39", "0aa96a2", "bb021a2", "393fec3", "c6f6b7a", "648a3d2", "c2c700e", "b652601",
    "529b787",
];
/// Columns of subject and body.
const WIDTH: usize = 72;
/// Between the subject, the body and the next commit in git's output.
const FIELD: char = '\u{1f}';
const RECORD: char = '\u{1e}';
/// Words in -s, -ed or -ing that are imperatives all the same.
const IMPERATIVES: [&str; 14] = [
    "pass", "process", "address", "focus", "discuss", "bias", "embed", "need", "feed", "speed",
    "seed", "bring", "string", "express",
];
/// Words that begin a clause, not a command.
const NO_VERBS: [&str; 24] = [
    "a", "an", "the", "all", "each", "every", "no", "not", "one", "two", "what", "where", "which",
    "who", "how", "why", "when", "it", "its", "some", "more", "less", "clippy", "today",
];

/// Returns complaints about the commits since the rule, without merges. A clone without that commit
/// is shallow: its commits are newer. Without git there is nothing to check.
pub fn check() -> Vec<(String, Place)> {
    let known = git(&["cat-file", "-e", &format!("{SINCE}^{{commit}}")]).is_some();
    let range = match known {
        true => format!("{SINCE}..HEAD"),
        false => "HEAD".to_owned(),
    };
    let format = format!("--format=%H{FIELD}%s{FIELD}%b{RECORD}");
    let log = git(&["log", "--no-merges", &format, &range]).unwrap_or_default();
    let mut found = Vec::new();
    for record in log.split(RECORD) {
        let fields: Vec<&str> = record.trim_start().split(FIELD).collect();
        if let [hash, subject, body] = fields[..]
            && !MERGED.iter().any(|merged| hash.starts_with(merged))
        {
            let complaints = complaints(subject, body).into_iter();
            found.extend(complaints.map(|text| (format!("commit {hash}"), (1, text))));
        }
    }
    found
}

/// Returns the faults of a message.
pub fn complaints(subject: &str, body: &str) -> Vec<String> {
    let mut found = Vec::new();
    if subject.chars().count() > WIDTH {
        found.push(format!("a subject of more than {WIDTH} columns: {subject}"));
    }
    if !is_imperative(subject) {
        found.push(format!("not `area: verb object`: {subject}"));
    }
    let wide = |line: &&str| line.chars().count() > WIDTH && !line.contains("://");
    if let Some(line) = body.lines().find(wide) {
        found.push(format!("a line of more than {WIDTH} columns: {line}"));
    }
    let message = format!("{subject}. {}", body.replace('\n', " "));
    let words = dialect::found(&message).into_iter();
    found.extend(words.map(|(_, word)| format!("\"{word}\": {subject}")));
    found
}

fn is_imperative(subject: &str) -> bool {
    let Some((area, rest)) = subject.split_once(": ") else {
        return false;
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_/,. ".contains(c);
    let mut words = rest.split_whitespace();
    let (verb, object) = (words.next().unwrap_or_default(), words.next());
    let inflected = ["s", "ed", "ing"].iter().any(|end| verb.ends_with(end));
    area.chars().all(plain)
        && verb.starts_with(|c: char| c.is_ascii_lowercase())
        && !NO_VERBS.contains(&verb)
        && (!inflected || IMPERATIVES.contains(&verb))
        && object.is_some()
}
