//! Errors in the shape of the real API, which official clients turn into their exceptions.

use hyper::StatusCode;
use serde_json::{Value, json};

/// A refused request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// What is wrong, for people.
    pub message: String,
    /// The API's class of errors.
    pub kind: &'static str,
    /// The parameter that is wrong.
    pub param: Option<String>,
    /// What is wrong, for programs.
    pub code: Option<&'static str>,
}

impl ApiError {
    /// The request is wrong.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            kind: "invalid_request_error",
            param: None,
            code: None,
        }
    }

    /// The same error with another status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same error, naming the parameter that is wrong.
    pub fn with_param(self, param: impl Into<String>) -> Self {
        let param = Some(param.into());
        Self { param, ..self }
    }

    /// The same error with a code for programs.
    pub fn with_code(self, code: &'static str) -> Self {
        let code = Some(code);
        Self { code, ..self }
    }

    /// The error that was asked for as a fault.
    pub fn fault(status: u16) -> Self {
        let (kind, code, message) = match status {
            429 => ("requests", Some("rate_limit_exceeded"), "Too many requests"),
            400..500 => ("invalid_request_error", None, "The request was refused"),
            503 => ("server_error", None, "The model is overloaded"),
            _ => ("server_error", None, "The server had an error"),
        };
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            message: format!("{message} (a fault that was asked for)."),
            kind,
            param: None,
            code,
        }
    }

    /// The script is wrong in a way that only a request could show.
    pub fn script(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "stub_script_error",
            ..Self::invalid(message)
        }
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({"error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_real_shape() {
        let error = ApiError::invalid("Wrong.")
            .with_param("model")
            .with_code("bad");
        let body = error.body().to_string();
        assert_eq!(
            body,
            r#"{"error":{"code":"bad","message":"Wrong.","param":"model","type":"invalid_request_error"}}"#
        );
    }

    #[test]
    fn a_fault_has_the_status_it_was_asked_for() {
        for status in [400, 418, 429, 500, 503, 599] {
            assert_eq!(ApiError::fault(status).status.as_u16(), status);
        }
        assert_eq!(ApiError::fault(429).code, Some("rate_limit_exceeded"));
    }
}
