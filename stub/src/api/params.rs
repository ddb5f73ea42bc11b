//! Typed access to the parameters of a JSON request, with the API's error for each mistake.

use super::error::ApiError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, error::Category};
use std::ops::RangeInclusive;

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

    /// Removes a string.
    ///
    /// # Errors
    /// If the parameter has another type.
    pub fn string(&mut self, name: &str) -> Result<Option<String>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.wrong_type(name, "a string", &other)),
        }
    }

    /// Removes a string that the request must have.
    ///
    /// # Errors
    /// If the parameter is absent or has another type.
    pub fn required_string(&mut self, name: &str) -> Result<String, ApiError> {
        self.string(name)?.ok_or_else(|| self.missing(name))
    }

    /// Removes a string that is one of `choices`.
    ///
    /// # Errors
    /// If the parameter has another type or value.
    pub fn choice(&mut self, name: &str, choices: &[&str]) -> Result<Option<String>, ApiError> {
        let text = self.string(name)?;
        if let Some(text) = &text
            && !choices.contains(&text.as_str())
        {
            let supported: Vec<_> = choices.iter().map(|choice| format!("'{choice}'")).collect();
            let supported = supported.join(", ");
            return Err(self.invalid(
                name,
                format!("Invalid value: '{text}'. Supported values are: {supported}."),
            ));
        }
        Ok(text)
    }

    /// Removes a boolean.
    ///
    /// # Errors
    /// If the parameter has another type.
    pub fn bool(&mut self, name: &str) -> Result<Option<bool>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(value)),
            Some(other) => Err(self.wrong_type(name, "a boolean", &other)),
        }
    }

    /// Removes a whole number of at least `least`.
    ///
    /// # Errors
    /// If the parameter has another type or is smaller.
    pub fn integer(&mut self, name: &str, least: i64) -> Result<Option<i64>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = value
            .as_i64()
            .ok_or_else(|| self.wrong_type(name, "an integer", &value))?;
        if number < least {
            let name = self.name(name);
            return Err(ApiError::invalid(format!(
                "Invalid '{name}': integer below minimum value. Expected a value >= {least}, but \
                 got {number} instead."
            ))
            .with_param(name)
            .with_code("integer_below_min_value"));
        }
        Ok(Some(number))
    }

    /// Removes a limit of tokens: a whole number of at least 1.
    ///
    /// # Errors
    /// If the parameter has another type or is smaller.
    pub fn token_limit(&mut self, name: &str) -> Result<Option<u32>, ApiError> {
        let limit = self.integer(name, 1)?;
        Ok(limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX)))
    }

    /// Removes a number in a range.
    ///
    /// # Errors
    /// If the parameter has another type or is out of range.
    pub fn decimal(
        &mut self,
        name: &str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, ApiError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        let number = value
            .as_f64()
            .ok_or_else(|| self.wrong_type(name, "a decimal", &value))?;
        let (bound, sign, limit, code) = match number {
            number if number < *range.start() => (
                "below minimum",
                ">=",
                range.start(),
                "decimal_below_min_value",
            ),
            number if number > *range.end() => (
                "above maximum",
                "<=",
                range.end(),
                "decimal_above_max_value",
            ),
            _ => return Ok(Some(number)),
        };
        let name = self.name(name);
        Err(ApiError::invalid(format!(
            "Invalid '{name}': decimal {bound} value. Expected a value {sign} {limit}, but got \
             {number} instead."
        ))
        .with_param(name)
        .with_code(code))
    }

    /// Removes an object.
    ///
    /// # Errors
    /// If the parameter has another type.
    pub fn object(&mut self, name: &str) -> Result<Option<Self>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Object(values)) => {
                Ok(Some(Self::of(values, format!("{}.", self.name(name)))))
            }
            Some(other) => Err(self.wrong_type(name, "an object", &other)),
        }
    }

    /// Removes an array.
    ///
    /// # Errors
    /// If the parameter has another type.
    pub fn array(&mut self, name: &str) -> Result<Option<Vec<Value>>, ApiError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(other) => Err(self.wrong_type(name, "an array", &other)),
        }
    }

    /// Removes an array of objects.
    ///
    /// # Errors
    /// If the parameter or an element has another type.
    pub fn objects(&mut self, name: &str) -> Result<Option<Vec<Self>>, ApiError> {
        let Some(values) = self.array(name)? else {
            return Ok(None);
        };
        let objects = values.into_iter().enumerate().map(|(index, value)| {
            let element = format!("{name}[{index}]");
            match value {
                Value::Object(values) => Ok(Self::of(values, format!("{}.", self.name(&element)))),
                other => Err(self.wrong_type(&element, "an object", &other)),
            }
        });
        objects.collect::<Result<_, _>>().map(Some)
    }

    /// Removes a string or an array of strings.
    ///
    /// # Errors
    /// If the parameter has another type.
    pub fn strings(&mut self, name: &str) -> Result<Vec<String>, ApiError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(value @ Value::Array(_)) => serde_json::from_value(value.clone())
                .map_err(|_| self.wrong_type(name, "a string or an array of strings", &value)),
            Some(other) => Err(self.wrong_type(name, "a string or an array of strings", &other)),
        }
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
