//! Scenarios: load over time, built in or from a user's file.

mod arrivals;
mod builtin;
mod shape;
mod steps;

pub use arrivals::Arrivals;
pub use builtin::{Builtin, find, list};
pub use shape::{MAX_RATE, Shape, Unit};
pub use steps::{StepList, StepText};

use crate::Error;
use crate::checks::Checks;
use crate::threshold::Threshold;
use serde::Deserialize;
use std::time::Duration;

/// Scenario file; unknown keys are refused.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// File name without its extension, or name of the built-in scenario.
    #[serde(skip)]
    pub name: String,
    /// Description in one line.
    #[serde(default)]
    pub description: String,
    /// Load at the start of the first stage; by default the load at its end.
    pub start: Option<f64>,
    /// Stages, one after another.
    pub stages: Vec<Stage>,
    /// Spacing of due times (scenarios with rates).
    #[serde(default)]
    pub arrivals: Spacing,
    /// Highest number of open streams (scenarios with rates); requests beyond it start late.
    pub max_streams: Option<u32>,
    /// Thresholds over the whole run.
    #[serde(default)]
    pub thresholds: Vec<Threshold>,
    /// Whether the first threshold that is crossed ends the run; the result then has the highest
    /// load that met all thresholds.
    #[serde(default)]
    pub stop_when_crossed: bool,
    /// Target URLs, unless the command line has some.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Headers of every request (`Name: value`).
    #[serde(default)]
    pub headers: Vec<String>,
    /// Body of every request.
    pub body: Option<String>,
    /// Steps that every user repeats in order, instead of one request with `body`.
    #[serde(default)]
    pub steps: Vec<StepText>,
    /// Checks of every answer.
    #[serde(default)]
    pub expect: Checks,
}

/// Spacing of due times.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// Random, like independent users (a Poisson process).
    #[default]
    Poisson,
    /// Even.
    Even,
}

/// Period in which load changes linearly to the given value.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Length; `0s` changes the load at once.
    #[serde(with = "duration")]
    pub duration: Duration,
    /// Users at the end of the stage, each with one request at a time (closed loop).
    pub users: Option<u32>,
    /// Requests begun a second at the end of the stage, independent of the answers (open loop).
    pub rate: Option<f64>,
}

impl Scenario {
    /// Parses the text of a scenario file.
    ///
    /// # Errors
    /// If it is not valid TOML of this form, or its stages are invalid.
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

    /// Returns the load over time.
    ///
    /// # Errors
    /// If there is no stage, or stages mix users and rates.
    pub fn shape(&self) -> Result<Shape, String> {
        Shape::new(self.start, &self.stages)
    }
}

mod duration {
    //! Durations with a unit: `90s`, `2m`.
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
    fn parses_a_list_of_stages() {
        let text = "start = 0\n[[stages]]\nduration = '10s'\nusers = 20";
        let scenario = Scenario::parse("mine", text).unwrap();
        assert_eq!(scenario.name, "mine");
        assert_eq!(scenario.shape().unwrap().at(5 * crate::clock::SECOND), 10.0);
    }

    #[test]
    fn rejects_invalid_stages() {
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
    fn rejects_invalid_options() {
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
    fn rejects_steps_with_a_body() {
        let text = "body = 'a'\n[[stages]]\nduration = '1s'\nusers = 1\n[[steps]]\npath = '/a'";
        assert!(refusal(text).contains("choose one"));
    }

    #[test]
    fn rejects_users_with_rates() {
        let text = "[[stages]]\nduration='1s'\nusers=1\n[[stages]]\nduration='1s'\nrate=2.0";
        assert!(refusal(text).contains("mix"));
    }
}
