//! What must hold of every answer.

use crate::client::Answer;

/// The checks of a run, in the order they are reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checks {
    /// Status every answer must have.
    pub status: u16,
}

/// How one answer fared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Per check, in the order of [`Checks::names`], whether it held.
    pub passed: Vec<bool>,
    reasons: [Option<String>; 4],
}

impl Default for Checks {
    fn default() -> Self {
        Self { status: 200 }
    }
}

impl Checks {
    /// What each check says must hold.
    pub fn names(&self) -> Vec<String> {
        vec![
            format!("status is {}", self.status),
            "at least one content token".into(),
            "[DONE] received".into(),
        ]
    }

    /// Judges an answer read to its end.
    pub fn judge(&self, answer: &Answer) -> Verdict {
        let status = answer.status == self.status;
        let content = answer.tokens > 0;
        let done = answer.done;
        Verdict {
            passed: vec![status, content, done],
            reasons: [
                (!status).then(|| format!("status {}", answer.status)),
                answer.error.then(|| "error event".into()),
                (!content).then(|| "no content token".into()),
                (!done).then(|| "no [DONE]".into()),
            ],
        }
    }
}

impl Verdict {
    /// Why the answer is no good; the first reason, as the others mostly follow from it.
    pub fn reason(&self) -> Option<String> {
        self.reasons.iter().flatten().next().cloned()
    }
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
        Checks::default().judge(&answer).reason()
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
        assert_eq!(reason(|answer| answer.error = true).unwrap(), "error event");
    }

    #[test]
    fn every_check_is_reported() {
        let checks = Checks::default();
        assert_eq!(
            checks.names().len(),
            checks.judge(&Answer::default()).passed.len()
        );
    }
}
