//! Checks of every answer.

use crate::client::{Answer, Encoding};
use crate::sse::Format;
use serde::Deserialize;

/// Values of `--expect done=…`.
const YES: [&str; 2] = ["yes", "true"];
const NO: [&str; 2] = ["no", "false"];

/// Conditions that every answer must meet. The defaults suit a chat stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// HTTP status.
    pub status: u16,
    /// Lowest number of tokens.
    pub min_tokens: u64,
    /// Exact number of tokens.
    pub tokens: Option<u64>,
    /// Whether the stream must have its end mark, such as `[DONE]`.
    pub done: bool,
}

/// Conditions that replace some of other [`Checks`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    status: Option<u16>,
    min_tokens: Option<u64>,
    tokens: Option<u64>,
    done: Option<bool>,
}

impl Expect {
    /// Returns `checks` with these conditions in place of theirs.
    pub fn over(&self, checks: &Checks) -> Checks {
        Checks {
            status: self.status.unwrap_or(checks.status),
            min_tokens: self.min_tokens.unwrap_or(checks.min_tokens),
            tokens: self.tokens.or(checks.tokens),
            done: self.done.unwrap_or(checks.done),
        }
    }
}

/// Verdict on one answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Number of its step, where there are several.
    pub step: Option<usize>,
    /// Index of its first check among those of the whole run.
    pub first: usize,
    /// Whether each check passed, in the order of [`Checks::names`].
    pub passed: Vec<bool>,
    /// Reason for a rejection: the first one, as others mostly follow from it.
    pub reason: Option<String>,
    /// Whether the answer met all service-level objectives.
    pub met_slo: bool,
}

impl Default for Checks {
    fn default() -> Self {
        Self {
            status: 200,
            min_tokens: 1,
            tokens: None,
            done: true,
        }
    }
}

impl Checks {
    /// Sets a condition from `KEY=VALUE`, as the command line has it.
    ///
    /// # Errors
    /// If the key is unknown, or the value does not suit it.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match key.trim() {
            "status" => self.status = number(value)?,
            "tokens" => self.tokens = Some(number(value)?),
            "min-tokens" => self.min_tokens = number(value)?,
            "done" => self.done = yes_or_no(value)?,
            other => {
                return Err(format!(
                    "unknown key {other:?}; use status, tokens, min-tokens or done"
                ));
            }
        }
        self.sane()
    }

    /// Checks that an answer can meet all conditions.
    ///
    /// # Errors
    /// If none can.
    pub fn sane(&self) -> Result<(), String> {
        if !(100..=599).contains(&self.status) {
            return Err(format!("status = {} is not from 100 to 599", self.status));
        }
        match self.tokens {
            Some(tokens) if tokens < self.min_tokens => Err(format!(
                "tokens = {tokens} and min_tokens = {} exclude each other",
                self.min_tokens
            )),
            _ => Ok(()),
        }
    }

    /// Returns whether the answer is expected to be a stream.
    pub fn stream(&self) -> bool {
        self.done || self.min_tokens > 0 || self.tokens.is_some_and(|tokens| tokens > 0)
    }

    /// Returns the name of each check.
    pub fn names(&self) -> Vec<String> {
        self.each(&Answer::default())
            .map(|(name, ..)| name)
            .collect()
    }

    /// Judges a complete answer.
    pub fn judge(&self, answer: &Answer) -> Verdict {
        let passed = self.each(answer).map(|(_, passed, _)| passed).collect();
        let error = match (answer.error, answer.malformed) {
            (true, _) => Some("error event".to_string()),
            (_, true) => Some("malformed event".to_string()),
            _ => None,
        };
        let failed = self.each(answer).find(|(_, passed, _)| !passed);
        let reason = match failed {
            // A wrong status explains error events, and error events explain missing tokens.
            Some((_, _, reason)) if answer.status != self.status => Some(reason),
            failed => error.or(failed.map(|(_, _, reason)| match not_a_stream(answer) {
                Some(cause) => format!("{reason}: {cause}"),
                None => reason,
            })),
        };
        Verdict {
            step: None,
            first: 0,
            passed,
            reason,
            met_slo: false,
        }
    }

    /// Iterates over the checks: name, whether `answer` passes, reason if it does not.
    fn each(&self, answer: &Answer) -> impl Iterator<Item = (String, bool, String)> {
        let tokens = answer.tokens;
        let content = match self.min_tokens {
            1 => (
                "at least one content token".into(),
                "no content token".into(),
            ),
            least => (
                format!("at least {least} content tokens"),
                format!("{tokens} content tokens"),
            ),
        };
        let status = (
            format!("status is {}", self.status),
            answer.status == self.status,
            status_reason(answer.status),
        );
        let least =
            (self.min_tokens > 0).then_some((content.0, tokens >= self.min_tokens, content.1));
        let exact = self.tokens.map(|expected| {
            (
                format!("{expected} content tokens"),
                tokens == expected,
                format!("{tokens} content tokens"),
            )
        });
        let end_mark = answer.format.map_or("[DONE]", Format::end_mark);
        let done = self.done.then(|| {
            let name = "end of stream received";
            (name.into(), answer.done, format!("no {end_mark}"))
        });
        [Some(status), least, exact, done].into_iter().flatten()
    }
}

fn status_reason(status: u16) -> String {
    match status {
        301 | 302 | 303 | 307 | 308 => format!("status {status} (redirect, not followed)"),
        _ => format!("status {status}"),
    }
}

/// Returns why the body of an answer without tokens could not be read as a stream, if its head
/// shows it.
fn not_a_stream(answer: &Answer) -> Option<String> {
    if answer.tokens > 0 {
        return None;
    }
    if answer.undecoded != Encoding::Identity {
        let name = answer.undecoded.name();
        return Some(format!("content-encoding {name}, not requested"));
    }
    let kind = &answer.content_type;
    (!kind.may_stream()).then(|| format!("content-type {}", kind.as_str()))
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text:?} is not a number in range"))
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text.trim() {
        yes if YES.contains(&yes) => Ok(true),
        no if NO.contains(&no) => Ok(false),
        other => Err(format!("{other:?} is not one of yes, true, no, false")),
    }
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
