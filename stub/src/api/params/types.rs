//! Parameters by type.

use super::Params;
use crate::api::error::ApiError;
use serde_json::Value;
use std::ops::RangeInclusive;

impl Params {
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
}
