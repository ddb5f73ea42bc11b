//! Typed access to the parameters of a JSON request, with the API's error for each mistake.

mod types;

use super::error::ApiError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};

/// The parameters of a request, or of an object in it, that were not read yet.
#[derive(Clone, Debug)]
pub struct Params {
    values: Map<String, Value>,
    /// Name of the object with a dot, empty for the request itself.
    prefix: String,
}

impl Params {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// If the body is not a JSON object.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let value = serde_json::from_slice(body).map_err(|error: serde_json::Error| match error
            .classify()
        {
            Category::Eof => ApiError::invalid("The body ends before its JSON does."),
            _ => ApiError::invalid(format!("The body is not valid JSON: {error}.")),
        })?;
        match value {
            Value::Object(values) => Ok(Self::of(values, String::new())),
            other => Err(ApiError::invalid(format!(
                "The body must be a JSON object, but it is {}.",
                kind(&other)
            ))),
        }
    }

    fn of(values: Map<String, Value>, prefix: String) -> Self {
        Self { values, prefix }
    }

    /// Returns the full name of a parameter, such as `stream_options.include_usage`.
    pub fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Removes and returns a parameter. `null` counts as absent.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.values.remove(name).filter(|value| !value.is_null())
    }

    /// Returns the error of a parameter with a bad value.
    pub fn invalid(&self, name: &str, message: impl Into<String>) -> ApiError {
        ApiError::invalid(message)
            .with_param(self.name(name))
            .with_code("invalid_value")
    }

    fn wrong_type(&self, name: &str, expected: &str, value: &Value) -> ApiError {
        let name = self.name(name);
        let got = kind(value);
        ApiError::invalid(format!(
            "Invalid type for '{name}': expected {expected}, but got {got} instead."
        ))
        .with_param(name)
        .with_code("invalid_type")
    }

    /// Returns the error of a missing parameter.
    pub fn missing(&self, name: &str) -> ApiError {
        let name = self.name(name);
        ApiError::invalid(format!("Missing required parameter: '{name}'."))
            .with_param(name)
            .with_code("missing_required_parameter")
    }

    /// Removes a parameter that the request must have.
    ///
    /// # Errors
    /// If the parameter is absent.
    pub fn required(&mut self, name: &str) -> Result<Value, ApiError> {
        self.take(name).ok_or_else(|| self.missing(name))
    }

    /// Deserializes a parameter that the request must have.
    ///
    /// # Errors
    /// If the parameter is absent or does not have the shape of `T`.
    pub fn shape<T: DeserializeOwned>(&mut self, name: &str) -> Result<T, ApiError> {
        let value = self.required(name)?;
        serde_json::from_value(value).map_err(|error| {
            let name = self.name(name);
            ApiError::invalid(format!("Invalid '{name}': {error}."))
                .with_param(name)
                .with_code("invalid_type")
        })
    }

    /// Renames parameters such as `max_tokens` to `maxTokens`. Google's APIs accept both.
    pub fn rename_to_camel_case(&mut self) {
        let values = std::mem::take(&mut self.values);
        let renamed = values
            .into_iter()
            .map(|(name, value)| (camel_case(&name), value));
        self.values = renamed.collect();
    }

    /// Accepts parameters that have no effect on a scripted answer.
    pub fn accept(&mut self, names: &[&str]) {
        for name in names {
            self.values.remove(*name);
        }
    }

    /// Refuses parameters that the stub does not implement, unless they ask for the default.
    ///
    /// # Errors
    /// If one of `names` has another value than `null`, `false`, 0, an empty list or object.
    pub fn refuse(&mut self, names: &[&str]) -> Result<(), ApiError> {
        for name in names {
            match self.take(name) {
                None | Some(Value::Bool(false)) => {}
                Some(Value::Number(number)) if number.as_f64() == Some(0.0) => {}
                Some(Value::Array(values)) if values.is_empty() => {}
                Some(Value::Object(values)) if values.is_empty() => {}
                Some(_) => return Err(self.unsupported(name)),
            }
        }
        Ok(())
    }

    /// Returns the error of a parameter that the stub does not implement.
    pub fn unsupported(&self, name: &str) -> ApiError {
        let name = self.name(name);
        ApiError::invalid(format!(
            "Unsupported parameter: '{name}' is not supported with this model."
        ))
        .with_param(name)
        .with_code("unsupported_parameter")
    }

    /// Checks that every parameter was read.
    ///
    /// # Errors
    /// If a parameter is left, because the API has none of that name.
    pub fn finish(self) -> Result<(), ApiError> {
        let unknown = self.values.iter().find(|(_, value)| !value.is_null());
        match unknown {
            None => Ok(()),
            Some((name, _)) => {
                let name = self.name(name);
                Err(ApiError::invalid(format!("Unknown parameter: '{name}'."))
                    .with_param(name)
                    .with_code("unknown_parameter"))
            }
        }
    }
}

fn camel_case(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    for (index, word) in name.split('_').enumerate() {
        let (first, rest) =
            word.split_at(usize::from(index > 0 && word.is_ascii()).min(word.len()));
        camel += &first.to_ascii_uppercase();
        camel += rest;
    }
    camel
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
