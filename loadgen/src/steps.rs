//! What every user does, again and again: one request, or several in order.

use crate::checks::{Checks, Verdict};
use crate::client::{Answer, Request, Values};

/// One of the requests, and what must come back.
#[derive(Clone, Debug)]
pub struct Step {
    /// What tells it from the others; none where there is only one step.
    pub told: Option<Told>,
    /// What is sent.
    pub request: Request,
    /// What must come back.
    pub checks: Checks,
    /// Where its checks begin among those of all steps.
    first_check: usize,
}

/// What tells a step from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// From 0.
    pub number: usize,
    /// What its checks and refusals are called by.
    pub name: String,
    /// Path and query as written; empty for that of the URL.
    pub path: String,
}

/// The steps in order, at least one.
#[derive(Clone, Debug)]
pub struct Steps {
    steps: Vec<Step>,
    /// What `{run}` stands for.
    run: String,
}

impl Steps {
    /// The same request again and again.
    pub fn one(request: Request, checks: Checks) -> Self {
        Self {
            steps: vec![Step {
                told: None,
                request,
                checks,
                first_check: 0,
            }],
            run: run(),
        }
    }

    /// Several, each with its name and its path as written; none if there are none.
    pub fn several(list: Vec<(String, String, Request, Checks)>) -> Option<Self> {
        let (mut steps, mut first_check, several) = (Vec::new(), 0, list.len() > 1);
        for (number, (name, path, request, checks)) in list.into_iter().enumerate() {
            let checks_here = checks.names().len();
            steps.push(Step {
                told: several.then_some(Told { number, name, path }),
                request,
                checks,
                first_check,
            });
            first_check += checks_here;
        }
        (!steps.is_empty()).then(|| Self { steps, run: run() })
    }

    /// What a user does who has begun `turn` requests before, with what is filled in.
    pub fn at(&self, user: usize, turn: u64) -> (&Step, Values<'_>) {
        let count = self.steps.len() as u64;
        let values = Values {
            user,
            turn,
            iteration: turn / count,
            run: &self.run,
        };
        (&self.steps[(turn % count) as usize], values)
    }

    /// Those that are told apart: all, or none where there is only one.
    pub fn told(&self) -> impl Iterator<Item = (&Told, &Request)> {
        let steps = self.steps.iter();
        steps.filter_map(|step| Some((step.told.as_ref()?, &step.request)))
    }

    /// What each check of each step says must hold.
    pub fn check_names(&self) -> Vec<String> {
        let names = |step: &Step| -> Vec<String> {
            let names = step.checks.names().into_iter();
            names.map(|check| step.tell(check)).collect()
        };
        self.steps.iter().flat_map(names).collect()
    }
}

impl Step {
    /// Judges an answer read to its end.
    pub fn judge(&self, answer: &Answer) -> Verdict {
        let verdict = self.checks.judge(answer);
        Verdict {
            step: self.number(),
            first: self.first_check,
            reason: verdict.reason.map(|reason| self.tell(reason)),
            ..verdict
        }
    }

    /// Which of several it is, from 0.
    pub fn number(&self) -> Option<usize> {
        self.told.as_ref().map(|told| told.number)
    }

    fn tell(&self, what: String) -> String {
        match &self.told {
            Some(told) => format!("{}: {what}", told.name),
            None => what,
        }
    }
}

/// Eight hexadecimal digits, as good as certainly others in each process and on each machine.
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
    fn users_go_through_the_steps_again_and_again() {
        let steps = steps();
        let at = |turn| {
            let (step, values) = steps.at(5, turn);
            (
                step.told.clone().unwrap().name,
                values.turn,
                values.iteration,
            )
        };
        assert_eq!(at(0), ("ask".into(), 0, 0));
        assert_eq!(at(1), ("add".into(), 1, 0));
        assert_eq!(at(2), ("ask".into(), 2, 1));
    }

    #[test]
    fn each_step_has_checks_of_its_own() {
        let steps = steps();
        let names = steps.check_names();
        assert_eq!(
            names,
            [
                "ask: status is 200",
                "ask: at least one content token",
                "ask: [DONE] received",
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
    fn a_run_is_told_from_others() {
        assert_ne!(steps().run, steps().run);
        assert!(Steps::several(Vec::new()).is_none());
    }
}
