//! Steps as files say them: a list of requests that every user goes through, again and again.

use crate::Error;
use crate::checks::Expect;
use crate::client::template::Path;
use hyper::Method;
use serde::Deserialize;

/// Methods a step may have: others are slips, or not for load generators.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
];

/// A file of steps; unknown keys are refused.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StepList {
    /// What every answer must be like, where a step says nothing else.
    #[serde(default)]
    pub expect: Expect,
    /// The steps, in order.
    pub steps: Vec<StepText>,
}

/// A step; unknown keys are refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StepText {
    /// How results call it; method and path if not given.
    pub name: Option<String>,
    /// Method; `POST` with a body, `GET` without one.
    pub method: Option<String>,
    /// Path and query, with placeholders; that of the URL if not given.
    pub path: Option<String>,
    /// Body, with placeholders; `@FILE` reads a file.
    pub body: Option<String>,
    /// What its answers must be like, where that differs from the other steps.
    #[serde(default)]
    pub expect: Expect,
}

impl StepList {
    /// Reads the text of the file at `path`.
    ///
    /// # Errors
    /// If it is not TOML of this form, or has no step.
    pub fn parse(path: &str, text: &str) -> Result<Self, Error> {
        let refuse = |reason: String| Error::Steps {
            of: path.into(),
            reason,
        };
        let list: Self = toml::from_str(text).map_err(|error| refuse(error.to_string()))?;
        match list.steps.is_empty() {
            true => Err(refuse("it needs at least one step".into())),
            false => Ok(list),
        }
    }
}

impl StepText {
    /// Its method.
    ///
    /// # Errors
    /// In words, if there is no such method.
    pub fn method(&self) -> Result<Method, String> {
        let Some(name) = &self.method else {
            return Ok(self.body.as_ref().map_or(Method::GET, |_| Method::POST));
        };
        let mut known = METHODS.into_iter();
        known.find(|method| method.as_str() == name).ok_or_else(|| {
            let known = METHODS.map(|method| method.to_string()).join(", ");
            format!("there is no method {name:?}: {known}")
        })
    }

    /// Its path, if it has one of its own.
    ///
    /// # Errors
    /// In words, if no URL can have it.
    pub fn path(&self) -> Result<Option<Path>, String> {
        self.path.as_deref().map(Path::parse).transpose()
    }

    /// How results call it.
    pub fn name(&self, method: &Method) -> String {
        match (&self.name, &self.path) {
            (Some(name), _) => name.clone(),
            (None, Some(path)) => format!("{method} {path}"),
            (None, None) => method.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        StepList::parse("mine.toml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_method_follows_from_the_body_and_a_name_from_both() {
        let text =
            "[[steps]]\npath = '/a'\n[[steps]]\npath = '/b'\nbody = '{}'\n[[steps]]\nname = 'c'";
        let list = StepList::parse("mine.toml", text).unwrap();
        let names: Vec<String> = list
            .steps
            .iter()
            .map(|step| step.name(&step.method().unwrap()))
            .collect();
        assert_eq!(names, ["GET /a", "POST /b", "c"]);
    }

    #[test]
    fn what_is_no_list_of_steps_is_refused_by_the_files_name() {
        for (text, reason) in [
            ("", "steps"),
            ("steps = []", "at least one step"),
            ("[[steps]]\nmethd = 'GET'", "methd"),
            ("[[steps]]\nexpect = { colour = 1 }", "colour"),
            ("[[steps]]\nbody = 1", "string"),
            ("stages = []\n[[steps]]", "stages"),
            ("[[steps", "steps"),
        ] {
            let refusal = refusal(text);
            assert!(refusal.contains("mine.toml"), "{refusal}");
            assert!(refusal.contains(reason), "{text}: {refusal}");
        }
    }

    #[test]
    fn methods_that_do_not_exist_are_refused_with_those_that_do() {
        for method in ["get", "PSOT", "", "CONNECT"] {
            let step = StepText {
                method: Some(method.into()),
                ..StepText::default()
            };
            let refusal = step.method().unwrap_err();
            assert!(refusal.contains("GET, POST"), "{refusal}");
        }
    }
}
