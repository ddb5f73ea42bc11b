//! Rule about the names of tests: a behaviour, which begins with a verb.

use super::{File, Rule, Violation};

/// Words in s that are no verbs.
const NO_VERBS: [&str; 14] = [
    "was", "does", "this", "as", "its", "always", "unless", "us", "less", "ones", "ours", "yes",
    "plus", "its",
];
/// Words after a noun in the plural, and not after a verb.
const AFTER_NOUNS: [&str; 13] = [
    "of", "are", "have", "is", "who", "which", "were", "may", "can", "do", "has", "must", "need",
];

/// Returns the tests whose name does not begin with a verb in the third person.
pub fn check(file: &File) -> Vec<Violation> {
    let functions = file.rust.iter().flat_map(|source| &source.functions);
    functions
        .filter(|function| function.test && !begins_with_verb(&function.name))
        .map(|function| {
            let text = format!("`{}` does not begin with a verb", function.name);
            Violation::new(Rule::TestName, &file.path, function.line, text)
        })
        .collect()
}

/// By the form of the words: a plural noun is taken for a verb unless the next word shows it.
pub fn begins_with_verb(name: &str) -> bool {
    let mut words = name.split('_');
    let (first, second) = (words.next().unwrap_or_default(), words.next());
    first.ends_with('s')
        && !NO_VERBS.contains(&first)
        && second.is_some_and(|word| !AFTER_NOUNS.contains(&word))
}
