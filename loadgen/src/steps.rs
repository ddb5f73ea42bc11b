//! Steps that every user repeats: one request, or several in order.

use crate::checks::{Checks, Verdict};
use crate::client::template::Placeholder;
use crate::client::{Answer, Request, Values};

/// A request, and the checks of its answer.
#[derive(Clone, Debug)]
pub struct Step {
    /// Identity among several steps; none for a single step.
    pub id: Option<StepId>,
    /// Request to send.
    pub request: Request,
    /// Checks of the answer.
    pub checks: Checks,
    /// Index of its first check among those of all steps.
    first_check: usize,
}

/// Identity of a step among several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepId {
    /// Number, from 0.
    pub number: usize,
    /// Name that its checks and reasons carry.
    pub name: String,
    /// Path and query as written; empty for that of the URL.
    pub path: String,
}

/// Steps in order, at least one.
#[derive(Clone, Debug)]
pub struct Steps {
    steps: Vec<Step>,
    /// Value of `{run}`.
    run: String,
}

impl Steps {
    /// Returns a single step.
    pub fn one(request: Request, checks: Checks) -> Self {
        Self {
            steps: vec![Step {
                id: None,
                request,
                checks,
                first_check: 0,
            }],
            run: run(),
        }
    }

    /// Returns several steps, each with its name and its path as written; none for an empty list.
    pub fn several(list: Vec<(String, String, Request, Checks)>) -> Option<Self> {
        let (mut steps, mut first_check, several) = (Vec::new(), 0, list.len() > 1);
        for (number, (name, path, request, checks)) in list.into_iter().enumerate() {
            let checks_here = checks.names().len();
            steps.push(Step {
                id: several.then_some(StepId { number, name, path }),
                request,
                checks,
                first_check,
            });
            first_check += checks_here;
        }
        (!steps.is_empty()).then(|| Self { steps, run: run() })
    }

    /// Returns the step of a user that began `turn` requests before, and its placeholder values.
    pub fn at(&self, user: usize, turn: u64) -> (&Step, Values<'_>) {
        let count = self.steps.len() as u64;
        let values = Values {
            user,
            turn,
            iteration: turn / count,
            run: &self.run,
            ..Values::default()
        };
        (&self.steps[(turn % count) as usize], values)
    }

    /// Returns whether a body has one of these placeholders.
    pub fn has(&self, placeholders: &[Placeholder]) -> bool {
        let mut steps = self.steps.iter();
        steps.any(|step| step.request.body.has(placeholders))
    }

    /// Iterates over the steps if there are several.
    pub fn several_ids(&self) -> impl Iterator<Item = (&StepId, &Request)> {
        let steps = self.steps.iter();
        steps.filter_map(|step| Some((step.id.as_ref()?, &step.request)))
    }

    /// Returns the name of each check of each step.
    pub fn check_names(&self) -> Vec<String> {
        let names = |step: &Step| -> Vec<String> {
            let names = step.checks.names().into_iter();
            names.map(|check| step.qualified(check)).collect()
        };
        self.steps.iter().flat_map(names).collect()
    }
}

impl Step {
    /// Judges a complete answer.
    pub fn judge(&self, answer: &Answer) -> Verdict {
        let verdict = self.checks.judge(answer);
        Verdict {
            step: self.number(),
            first: self.first_check,
            reason: verdict.reason.map(|reason| self.qualified(reason)),
            ..verdict
        }
    }

    /// Returns its number among several steps, from 0.
    pub fn number(&self) -> Option<usize> {
        self.id.as_ref().map(|id| id.number)
    }

    /// Returns `text`, after the name of the step if there are several.
    fn qualified(&self, text: String) -> String {
        match &self.id {
            Some(id) => format!("{}: {text}", id.name),
            None => text,
        }
    }
}

/// Returns eight random hexadecimal digits, which differ between processes and machines.
fn run() -> String {
    format!("{:08x}", rand::random::<u32>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Template;

    fn steps() -> Steps {
        let request = || Request::new(Template::parse("{}"), &[]).unwrap();
        let plain = |status| Checks {
            status,
            min_tokens: 0,
            done: false,
            ..Checks::default()
        };
        let list = vec![
            ("ask".into(), String::new(), request(), Checks::default()),
            ("add".into(), "/add".into(), request(), plain(201)),
        ];
        Steps::several(list).unwrap()
    }

    #[test]
    fn repeats_the_steps_in_order() {
        let steps = steps();
        let at = |turn| {
            let (step, values) = steps.at(5, turn);
            (step.id.clone().unwrap().name, values.turn, values.iteration)
        };
        assert_eq!(at(0), ("ask".into(), 0, 0));
        assert_eq!(at(1), ("add".into(), 1, 0));
        assert_eq!(at(2), ("ask".into(), 2, 1));
    }

    #[test]
    fn judges_each_step_by_its_checks() {
        let steps = steps();
        let names = steps.check_names();
        assert_eq!(
            names,
            [
                "ask: status is 200",
                "ask: at least one content token",
                "ask: end of stream received",
                "add: status is 201"
            ]
        );
        let verdict = steps.at(0, 1).0.judge(&Answer {
            status: 409,
            ..Answer::default()
        });
        assert_eq!((verdict.first, verdict.passed.len()), (3, 1));
        assert_eq!(verdict.reason.unwrap(), "add: status 409");
    }

    #[test]
    fn identifies_each_run() {
        assert_ne!(steps().run, steps().run);
        assert!(Steps::several(Vec::new()).is_none());
    }
}
