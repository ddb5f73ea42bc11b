//! What load is offered when: data, built in or from a file of the user's.

mod builtin;
mod shape;
mod steps;

pub use builtin::{Builtin, find, list};
pub use shape::{Shape, Unit};
pub use steps::{StepList, StepText};

use crate::Error;
use crate::checks::Checks;
use crate::threshold::Threshold;
use serde::Deserialize;
use std::time::Duration;

/// A scenario as its file says it; unknown keys are refused.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// File name without its ending, or the built-in name.
    #[serde(skip)]
    pub name: String,
    /// One line for people.
    #[serde(default)]
    pub description: String,
    /// Load at the beginning of the first stage; the first stage's own load if not given.
    pub start: Option<f64>,
    /// The stages, one after another.
    pub stages: Vec<Stage>,
    /// How the starts of requests are spaced (scenarios of rates).
    #[serde(default)]
    pub arrivals: Spacing,
    /// Streams open at once at most (scenarios of rates); requests beyond them start late.
    pub max_streams: Option<u32>,
    /// What must hold of the whole run.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// End the run when a threshold is crossed, and tell the highest load that held it.
    #[serde(default)]
    pub stop_when_crossed: bool,
    /// Where to send requests, if the command line does not say.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Headers to send (`Name: value`).
    #[serde(default)]
    pub headers: Vec<String>,
    /// Body to send.
    pub body: Option<String>,
    /// Requests that every user makes in order, again and again, in place of one with `body`.
    #[serde(default)]
    pub steps: Vec<StepText>,
    /// What every answer must be like.
    #[serde(default)]
    pub expect: Checks,
}

/// How the starts of requests are spaced.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// At random, as independent people come (a Poisson process).
    #[default]
    Poisson,
    /// Evenly.
    Even,
}

/// A stretch of time over which load moves, in a straight line, to what is given here.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// How long it lasts; `0s` jumps.
    #[serde(with = "duration")]
    pub duration: Duration,
    /// Users at its end, each with one request at a time (closed loop).
    pub users: Option<u32>,
    /// Requests begun a second at its end, whatever the answers do (open loop).
    pub rate: Option<f64>,
}

impl Scenario {
    /// Reads a scenario file's text.
    ///
    /// # Errors
    /// If it is not TOML of this form, or its stages make no sense.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let malformed = |reason: String| Error::Scenario {
            name: name.into(),
            reason,
        };
        let mut scenario: Self =
            toml::from_str(text).map_err(|error| malformed(error.to_string()))?;
        scenario.name = name.into();
        scenario.check().map_err(malformed)?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), String> {
        self.shape()?;
        if self.max_streams == Some(0) {
            return Err("max_streams = 0 would let no request begin".into());
        }
        if self.stop_when_crossed && self.thresholds.is_empty() {
            return Err("stop_when_crossed needs thresholds".into());
        }
        if self.body.is_some() && !self.steps.is_empty() {
            return Err("it has a body and steps: choose one".into());
        }
        self.expect.sane()
    }

    /// The load over time.
    ///
    /// # Errors
    /// In words, if there is no stage, or stages mix users and rates.
    pub fn shape(&self) -> Result<Shape, String> {
        Shape::new(self.start, &self.stages)
    }
}

mod duration {
    //! Durations as people write them: `90s`, `2m`.
    use serde::{Deserialize, Deserializer, de::Error};
    use std::time::Duration;

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(from)?;
        humantime::parse_duration(&text).map_err(|error| {
            D::Error::custom(format!(
                "{text:?} is not a duration such as \"30s\": {error}"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Scenario::parse("mine", text).unwrap_err().to_string()
    }

    #[test]
    fn a_scenario_is_a_list_of_stages() {
        let text = "start = 0\n[[stages]]\nduration = '10s'\nusers = 20";
        let scenario = Scenario::parse("mine", text).unwrap();
        assert_eq!(scenario.name, "mine");
        assert_eq!(scenario.shape().unwrap().at(5 * crate::clock::SECOND), 10.0);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let stage = |rest: &str| format!("[[stages]]\nduration = '1s'\n{rest}");
        assert!(refusal("stages = []").contains("at least one stage"));
        assert!(refusal(&stage("")).contains("users or rate"));
        assert!(refusal(&stage("users = 1\nrate = 2.0")).contains("users or rate"));
        assert!(refusal(&stage("users = -1")).contains("users"));
        assert!(refusal(&stage("rate = -1.0")).contains("rate"));
        assert!(refusal(&stage("users = 1\nusrs = 2")).contains("usrs"));
        assert!(refusal("[[stages]]\nduration = 'soon'\nusers = 1").contains("soon"));
        assert!(refusal("[[stages]]\nduration = '0s'\nusers = 1").contains("no time"));
    }

    #[test]
    fn options_make_sense_or_are_refused() {
        let with = |line: &str| format!("{line}\n[[stages]]\nduration = '1s'\nrate = 1.0");
        assert!(refusal(&with("max_streams = 0")).contains("max_streams"));
        assert!(refusal(&with("stop_when_crossed = true")).contains("needs thresholds"));
        assert!(refusal(&with("arrivals = 'sometimes'")).contains("poisson"));
        assert!(refusal(&with("thresholds = ['ttft<1s']")).contains("ttft<1s"));
        assert!(refusal(&with("expect = { tokens = 5, min_tokens = 6 }")).contains("min_tokens"));
        let fine = with("arrivals = 'even'\nurls = ['http://a/']\nexpect = { done = false }");
        let scenario = Scenario::parse("mine", &fine).unwrap();
        assert!(scenario.arrivals == Spacing::Even && !scenario.expect.done);
    }

    #[test]
    fn steps_and_a_body_do_not_mix() {
        let text = "body = 'a'\n[[stages]]\nduration = '1s'\nusers = 1\n[[steps]]\npath = '/a'";
        assert!(refusal(text).contains("choose one"));
    }

    #[test]
    fn users_and_rates_do_not_mix() {
        let text = "[[stages]]\nduration='1s'\nusers=1\n[[stages]]\nduration='1s'\nrate=2.0";
        assert!(refusal(text).contains("mix"));
    }
}
