//! Steps in files: a list of requests that every user repeats.

use crate::Error;
use crate::checks::Expect;
use crate::client::template::Path;
use hyper::Method;
use serde::Deserialize;

/// Methods that a step may have.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::HEAD,
    Method::OPTIONS,
];

/// File of steps; unknown keys are refused.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StepList {
    /// Checks of every answer, unless a step has others.
    #[serde(default)]
    pub expect: Expect,
    /// Steps in order.
    pub steps: Vec<StepText>,
}

/// Step; unknown keys are refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct StepText {
    /// Name in results; by default method and path.
    pub name: Option<String>,
    /// Method; by default `POST` with a body and `GET` without one.
    pub method: Option<String>,
    /// Path and query, with placeholders; by default those of the URL.
    pub path: Option<String>,
    /// Body, with placeholders; `@FILE` reads a file.
    pub body: Option<String>,
    /// Checks of its answers that differ from those of other steps.
    #[serde(default)]
    pub expect: Expect,
}

impl StepList {
    /// Parses the text of the file at `path`.
    ///
    /// # Errors
    /// If it is not valid TOML of this form, or has no step.
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
    /// Returns the method.
    ///
    /// # Errors
    /// If there is no such method.
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

    /// Returns the path, if the step has one.
    ///
    /// # Errors
    /// If the path is not valid in a URL.
    pub fn path(&self) -> Result<Option<Path>, String> {
        self.path.as_deref().map(Path::parse).transpose()
    }

    /// Returns the name in results.
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
    fn derives_method_and_name() {
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
    fn rejects_malformed_files_by_name() {
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
    fn rejects_unknown_methods_with_the_known_ones() {
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
