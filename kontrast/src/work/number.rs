//! The number in the text that a command prints or a file holds.

/// Longest key, in letters.
const LONGEST_KEY: usize = 128;

/// Splits `TEXT#KEY`. A `#` before anything that is no key belongs to the text.
pub fn split_key(text: &str) -> (&str, Option<String>) {
    let is_key = |key: &str| {
        let letter = |c: char| c.is_ascii_alphanumeric() || "_-.:".contains(c);
        (1..=LONGEST_KEY).contains(&key.len()) && key.chars().all(letter)
    };
    match text.rsplit_once('#') {
        Some((before, key)) if !before.is_empty() && is_key(key) => (before, Some(key.into())),
        _ => (text, None),
    }
}

/// Returns the only number of a text, or the number that follows `key` on its line.
///
/// # Errors
/// Fails if there is no such number, or more than one.
pub fn find(text: &str, key: Option<&str>) -> Result<f64, String> {
    match key {
        Some(key) => of_key(text, key),
        None => only(text),
    }
}

fn only(text: &str) -> Result<f64, String> {
    let mut numbers = words(text).filter_map(parse);
    match (numbers.next(), numbers.next()) {
        (Some(number), None) => Ok(number),
        (Some(_), Some(_)) => {
            Err("there are several numbers: append #KEY, the word before the right one".into())
        }
        (None, _) => Err(format!("there is no number in {}", shown(text))),
    }
}

fn of_key(text: &str, key: &str) -> Result<f64, String> {
    let mut found = text.lines().filter_map(|line| after_key(line, key));
    match (found.next(), found.next()) {
        (Some(number), None) => Ok(number),
        (Some(_), Some(_)) => Err(format!("{key:?} is there more than once")),
        (None, _) => Err(format!("there is no {key:?} with a number")),
    }
}

/// Returns the first number after a key: `key:1`, `key 1`, `key = 1`, `"key": 1`.
fn after_key(line: &str, key: &str) -> Option<f64> {
    let (at, _) = line.match_indices(key).find(|(at, _)| {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        let before = line[..*at].chars().next_back();
        let after = line[at + key.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })?;
    words(&line[at + key.len()..]).find_map(parse)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|c: char| c.is_whitespace() || ":=,;|\"'(){}[]<>%".contains(c));
    parts.filter(|word| !word.is_empty())
}

/// Parses a count: not negative, finite.
fn parse(word: &str) -> Option<f64> {
    let is_number = word.starts_with(|c: char| c.is_ascii_digit());
    let number: f64 = word.parse().ok().filter(|_| is_number)?;
    number.is_finite().then_some(number)
}

/// Returns the beginning of a text, for a message.
fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.trim();
    let start: String = text.chars().take(LONGEST).collect();
    match text.chars().nth(LONGEST) {
        Some(_) => format!("{start:?}…"),
        None => format!("{start:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_only_number() {
        assert_eq!(find(" 1234\n", None), Ok(1234.0));
        assert_eq!(find("(integer) 7\n", None), Ok(7.0));
        assert_eq!(find("1.5e3", None), Ok(1500.0));
        assert_eq!(find("count: 12", None), Ok(12.0));
    }

    #[test]
    fn rejects_no_number_and_several() {
        let error = |text: &str| find(text, None).expect_err("refused");
        assert!(error("ERR unknown").contains("no number in \"ERR unknown\""));
        assert!(error("").contains("no number"));
        assert!(error("1 2").contains("#KEY"));
        assert!(error("-5").contains("no number"), "a count is not negative");
        assert!(error("NaN inf").contains("no number"));
        assert!(error(&"x".repeat(10_000)).len() < 200);
    }

    #[test]
    fn finds_the_number_of_a_key() {
        let redis = "# Stats\r\ntotal_connections_received:3\r\ntotal_commands_processed:591000\r\n\
                     instantaneous_ops_per_sec:120\r\n";
        assert_eq!(find(redis, Some("total_commands_processed")), Ok(591_000.0));
        assert_eq!(find("xact_commit | 12\n", Some("xact_commit")), Ok(12.0));
        assert_eq!(find("{\"requests\": 3}", Some("requests")), Ok(3.0));
    }

    #[test]
    fn rejects_a_key_that_is_missing_or_ambiguous() {
        let error = |text: &str, key: &str| find(text, Some(key)).expect_err("refused");
        assert!(error("other:1", "total").contains("no \"total\""));
        assert!(
            error("total_sum:1", "total").contains("no \"total\""),
            "part of a word"
        );
        assert!(error("a:1\na:2", "a").contains("more than once"));
        assert!(error("total:none", "total").contains("with a number"));
    }

    #[test]
    fn splits_a_key_off() {
        assert_eq!(
            split_key("redis-cli info#total"),
            ("redis-cli info", Some("total".into()))
        );
        assert_eq!(split_key("echo '# 5'"), ("echo '# 5'", None));
        assert_eq!(split_key("#key"), ("#key", None));
    }
}
