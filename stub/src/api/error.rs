//! Errors in the API's shape, which official clients turn into their exceptions.

use hyper::StatusCode;
use serde_json::{Value, json};

/// A refused request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Message for people.
    pub message: String,
    /// The API's error type.
    pub kind: &'static str,
    /// Name of the bad parameter.
    pub param: Option<String>,
    /// Code for programs.
    pub code: Option<&'static str>,
}

impl ApiError {
    /// Creates the error of a bad request.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            message: message.into(),
            kind: "invalid_request_error",
            param: None,
            code: None,
        }
    }

    /// Sets the status.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// Sets the name of the bad parameter.
    pub fn with_param(self, param: impl Into<String>) -> Self {
        let param = Some(param.into());
        Self { param, ..self }
    }

    /// Sets the code for programs.
    pub fn with_code(self, code: &'static str) -> Self {
        let code = Some(code);
        Self { code, ..self }
    }

    /// Creates the error of an injected fault.
    pub fn fault(status: u16) -> Self {
        let (kind, code, message) = match status {
            429 => ("requests", Some("rate_limit_exceeded"), "Too many requests"),
            400..500 => ("invalid_request_error", None, "The request was refused"),
            503 => ("server_error", None, "The model is overloaded"),
            _ => ("server_error", None, "The server had an error"),
        };
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            message: format!("{message} (an injected fault)."),
            kind,
            param: None,
            code,
        }
    }

    /// Creates the error of a script that fails at run time.
    pub fn script(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            kind: "stub_script_error",
            ..Self::invalid(message)
        }
    }

    /// Returns the body of the response.
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
    fn renders_the_shape_of_the_api() {
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
    fn gives_a_fault_the_requested_status() {
        for status in [400, 418, 429, 500, 503, 599] {
            assert_eq!(ApiError::fault(status).status.as_u16(), status);
        }
        assert_eq!(ApiError::fault(429).code, Some("rate_limit_exceeded"));
    }
}
