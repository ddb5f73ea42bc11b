//! Requests and checks, from scenario, steps file and command line.

use super::default_request::DefaultRequest;
use super::run::Run;
use crate::Error;
use crate::checks::Checks;
use crate::client::{Request, Template};
use crate::scenario::{Scenario, StepList, StepText};
use crate::steps::Steps;

/// Settings that all steps share.
struct Common<'a> {
    /// File or scenario that lists the steps.
    of: String,
    headers: &'a [String],
    checks: Checks,
}

impl Run {
    /// Returns the steps that every user repeats.
    pub(super) fn steps(&self, scenario: &Scenario, url: &str) -> Result<Steps, Error> {
        let headers = [&scenario.headers[..], &self.headers].concat();
        let steps = match &self.steps {
            Some(path) => {
                let StepList { expect, steps } = StepList::parse(path, &read_text(path)?)?;
                let checks = self.checks(expect.over(&scenario.expect))?;
                let of = path.clone();
                let common = Common {
                    of,
                    headers: &headers,
                    checks,
                };
                common.several(&steps)?
            }
            None if self.body.is_none() => {
                let of = format!("scenario {}", scenario.name);
                let checks = self.checks(scenario.expect.clone())?;
                let common = Common {
                    of,
                    headers: &headers,
                    checks,
                };
                common.several(&scenario.steps)?
            }
            None => None,
        };
        match steps {
            Some(steps) => Ok(steps),
            None => self.one(scenario, url, &headers),
        }
    }

    fn one(&self, scenario: &Scenario, url: &str, headers: &[String]) -> Result<Steps, Error> {
        let mut defaults = Vec::new();
        let body = match self.body.as_ref().or(scenario.body.as_ref()) {
            Some(text) => body(text)?,
            None => {
                let default = DefaultRequest::of(url);
                defaults.extend(default.header.map(String::from));
                Template::parse(default.body(self.has_prompts(), self.replay.is_some()))
            }
        };
        let checks = self.checks(scenario.expect.clone())?;
        // The user's headers replace those of the API.
        let headers = [&defaults[..], headers].concat();
        Ok(Steps::one(Request::new(body, &headers)?, checks))
    }

    fn checks(&self, mut checks: Checks) -> Result<Checks, Error> {
        let set = |text: &String| {
            checks
                .set(text)
                .map_err(|reason| Error::Usage(format!("--expect {text}: {reason}")))
        };
        self.expect.iter().try_for_each(set)?;
        Ok(checks)
    }
}

impl Common<'_> {
    fn several(&self, steps: &[StepText]) -> Result<Option<Steps>, Error> {
        let ready = |(at, step)| self.step(at, step);
        let list = steps.iter().enumerate().map(ready);
        Ok(Steps::several(list.collect::<Result<_, _>>()?))
    }

    fn step(&self, at: usize, step: &StepText) -> Result<(String, String, Request, Checks), Error> {
        let refuse = |reason: String| Error::Steps {
            of: self.of.clone(),
            reason: format!("step {}: {reason}", at + 1),
        };
        let method = step.method().map_err(refuse)?;
        let path = step.path().map_err(refuse)?;
        let checks = step.expect.over(&self.checks);
        checks.sane().map_err(refuse)?;
        let name = step.name(&method);
        let body = step.body.as_deref().map(body).transpose()?;
        let request = Request::any(method, path, body, checks.stream(), self.headers)?;
        let path = step.path.clone().unwrap_or_default();
        Ok((name, path, request, checks))
    }
}

fn body(text: &str) -> Result<Template, Error> {
    match text.strip_prefix('@') {
        None => Ok(Template::parse(text.to_owned())),
        Some(path) => std::fs::read(path)
            .map(Template::parse)
            .map_err(|error| unreadable(path, error)),
    }
}

fn read_text(path: &str) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| unreadable(path, error))
}

fn unreadable(path: &str, error: std::io::Error) -> Error {
    Error::Read {
        path: path.into(),
        error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        run: Run,
    }

    const THREADS: &str = r#"
        expect = { min_tokens = 0, done = false }
        [[steps]]
        path = "/threads"
        body = '{"id":"{run}-{user}-{iteration}"}'
        expect = { status = 201 }
        [[steps]]
        path = "/threads/{run}-{user}-{iteration}"
    "#;

    /// Returns the steps for `arguments` plus `option FILE`, where FILE contains `text`.
    fn steps(option: &str, text: &str, arguments: &[&str]) -> Result<Steps, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("mine.toml");
        std::fs::write(&path, text).unwrap();
        let file = path.to_str().unwrap();
        let command = ["run", "--url", "http://127.0.0.1:1/", option, file];
        let run = Command::try_parse_from(command.iter().chain(arguments))
            .unwrap()
            .run;
        run.plan().map(|plan| plan.steps)
    }

    #[test]
    fn reads_steps_from_a_file_and_adds_headers_and_checks() {
        let header = ["--header", "x-mine: 1", "--expect", "status=202"];
        let steps = steps("--steps", THREADS, &header).unwrap();
        assert_eq!(
            steps.check_names(),
            [
                "POST /threads: status is 201",
                "GET /threads/{run}-{user}-{iteration}: status is 202"
            ]
        );
        let (read, values) = steps.at(3, 5);
        let path = read.request.path.as_ref().unwrap().fill(&values);
        assert_eq!(path, format!("/threads/{}-3-2", values.run).as_str());
        assert_eq!(read.request.headers["x-mine"], "1");
        assert_eq!(read.request.headers["accept"], "*/*");
    }

    #[test]
    fn replaces_scenario_steps_by_body() {
        let stages = "[[stages]]\nduration = '1s'\nusers = 1";
        let scenario = format!("{THREADS}\n{stages}");
        let checks = |arguments: &[&str]| {
            let steps = steps("--scenario", &scenario, arguments).unwrap();
            steps.check_names().len()
        };
        assert_eq!((checks(&[]), checks(&["--body", "{}"])), (2, 1));
    }

    #[test]
    fn rejects_invalid_steps_by_number() {
        for (step, reason) in [
            ("method = 'GTE'", "GTE"),
            ("path = 'threads'", "begin with /"),
            ("path = '/{id}'", "{user}"),
            ("expect = { tokens = 1, min_tokens = 2 }", "exclude"),
        ] {
            let text = format!("{THREADS}\n[[steps]]\n{step}");
            let refusal = steps("--steps", &text, &[]).unwrap_err();
            assert!(refusal.is_usage());
            let refusal = refusal.to_string();
            let place = refusal.contains("mine.toml: step 3: ");
            assert!(place && refusal.contains(reason), "{refusal}");
        }
        let missing = "[[steps]]\nbody = '@no/such/file'";
        let refusal = steps("--steps", missing, &[]).unwrap_err();
        assert!(refusal.to_string().contains("no/such/file"), "{refusal}");
    }
}
