//! What must hold of every answer.

use crate::client::Answer;
use serde::Deserialize;

/// What every answer must be like. The defaults are those of a chat stream.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Checks {
    /// HTTP status.
    pub status: u16,
    /// Content tokens at least.
    pub min_tokens: u64,
    /// Content tokens exactly.
    pub tokens: Option<u64>,
    /// Whether the end mark `[DONE]` must come.
    pub done: bool,
}

/// What answers must be like where that differs from other [`Checks`].
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    status: Option<u16>,
    min_tokens: Option<u64>,
    tokens: Option<u64>,
    done: Option<bool>,
}

impl Expect {
    /// `checks`, with what differs.
    pub fn over(&self, checks: &Checks) -> Checks {
        Checks {
            status: self.status.unwrap_or(checks.status),
            min_tokens: self.min_tokens.unwrap_or(checks.min_tokens),
            tokens: self.tokens.or(checks.tokens),
            done: self.done.unwrap_or(checks.done),
        }
    }
}

/// How one answer fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The number of its step, where there are several.
    pub step: Option<usize>,
    /// Where its checks begin among those of the whole run.
    pub first: usize,
    /// Per check, in the order of [`Checks::names`], whether it held.
    pub passed: Vec<bool>,
    /// Why the answer is no good: the first reason, as others mostly follow from it.
    pub reason: Option<String>,
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
    /// Reads `KEY=VALUE` as the command line has it.
    ///
    /// # Errors
    /// In words, if there is no such key, or the value does not suit it.
    pub fn set(&mut self, text: &str) -> Result<(), String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match key.trim() {
            "status" => self.status = number(value)?,
            "tokens" => self.tokens = Some(number(value)?),
            "min-tokens" => self.min_tokens = number(value)?,
            "done" => self.done = matches!(value, "yes" | "true"),
            other => {
                return Err(format!(
                    "nothing to expect is called {other:?}: status, tokens, min-tokens, done"
                ));
            }
        }
        self.sane()
    }

    /// Whether an answer can satisfy all checks.
    ///
    /// # Errors
    /// In words, if not.
    pub fn sane(&self) -> Result<(), String> {
        match self.tokens {
            Some(tokens) if tokens < self.min_tokens => Err(format!(
                "tokens = {tokens} and min_tokens = {} exclude each other",
                self.min_tokens
            )),
            _ => Ok(()),
        }
    }

    /// Whether server-sent events are expected.
    pub fn stream(&self) -> bool {
        self.done || self.min_tokens > 0 || self.tokens.is_some_and(|tokens| tokens > 0)
    }

    /// What each check says must hold.
    pub fn names(&self) -> Vec<String> {
        self.each(&Answer::default())
            .map(|(name, ..)| name)
            .collect()
    }

    /// Judges an answer read to its end.
    pub fn judge(&self, answer: &Answer) -> Verdict {
        let passed = self.each(answer).map(|(_, passed, _)| passed).collect();
        let error = match (answer.error, answer.cut_off) {
            (true, _) => Some("error event".to_string()),
            (_, true) => Some("malformed event".to_string()),
            _ => None,
        };
        let failed = self.each(answer).find(|(_, passed, _)| !passed);
        let reason = match failed {
            // An error event explains what is missing after it; a wrong status explains even that.
            Some((_, _, reason)) if answer.status != self.status => Some(reason),
            failed => error.or(failed.map(|(_, _, reason)| reason)),
        };
        Verdict {
            step: None,
            first: 0,
            passed,
            reason,
        }
    }

    /// Name, whether it holds of `answer`, and what to say if not.
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
            format!("status {}", answer.status),
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
        let done = self
            .done
            .then(|| ("[DONE] received".into(), answer.done, "no [DONE]".into()));
        [Some(status), least, exact, done].into_iter().flatten()
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim()
        .parse()
        .map_err(|_| format!("{text:?} is not a number that suits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(change: impl FnOnce(&mut Answer)) -> Option<String> {
        let mut answer = Answer {
            status: 200,
            tokens: 1,
            done: true,
            ..Answer::default()
        };
        change(&mut answer);
        Checks::default().judge(&answer).reason
    }

    #[test]
    fn a_good_answer_passes() {
        assert_eq!(reason(|_| {}), None);
    }

    #[test]
    fn each_fault_has_its_name() {
        assert_eq!(reason(|answer| answer.status = 404).unwrap(), "status 404");
        assert_eq!(
            reason(|answer| answer.tokens = 0).unwrap(),
            "no content token"
        );
        assert_eq!(reason(|answer| answer.done = false).unwrap(), "no [DONE]");
        assert_eq!(
            reason(|answer| (answer.error, answer.done) = (true, false)).unwrap(),
            "error event"
        );
        assert_eq!(
            reason(|answer| (answer.error, answer.status) = (true, 500)).unwrap(),
            "status 500"
        );
    }

    #[test]
    fn other_shapes_can_be_expected() {
        let mut checks = Checks::default();
        for text in ["status=201", "tokens=50", "min-tokens=0", "done=no"] {
            checks.set(text).unwrap();
        }
        assert_eq!(checks.names(), ["status is 201", "50 content tokens"]);
        let answer = Answer {
            status: 201,
            tokens: 49,
            ..Answer::default()
        };
        let verdict = checks.judge(&answer);
        assert_eq!(
            (verdict.passed, verdict.reason.unwrap()),
            (vec![true, false], "49 content tokens".into())
        );
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "colour=red", "status=ok", "tokens=-1", "tokens=0"] {
            assert!(Checks::default().set(text).is_err(), "{text}");
        }
    }
}
