//! Errors in the shape of each API, which official clients turn into their exceptions.

use super::Api;
use hyper::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// A refused request.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// HTTP status.
    pub status: StatusCode,
    /// Message for people.
    pub message: String,
    /// OpenAI's error type.
    pub kind: &'static str,
    /// Name of the bad parameter.
    pub param: Option<String>,
    /// Code for programs.
    pub code: Option<&'static str>,
    /// How long the client should wait before it tries again.
    pub retry_after: Option<Duration>,
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
            retry_after: None,
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

    /// Creates the error of a missing or wrong API key.
    pub fn unauthorized(key: Option<&str>) -> Self {
        let (message, code) = match key {
            None => ("You did not provide an API key.".into(), None),
            Some(key) => {
                // Like the real API, shows enough of the key to recognize it.
                let end: String = key.chars().rev().take(4).collect();
                let end: String = end.chars().rev().collect();
                let shown = if key.chars().count() > 8 {
                    end
                } else {
                    String::new()
                };
                let message = format!("Incorrect API key provided: ****{shown}.");
                (message, Some("invalid_api_key"))
            }
        };
        Self {
            status: StatusCode::UNAUTHORIZED,
            code,
            ..Self::invalid(message)
        }
    }

    /// Creates the error of an injected fault. 429 and 503 ask the client to wait for
    /// `retry_after`, or for a second.
    pub fn fault(status: u16, retry_after: Option<Duration>) -> Self {
        let (kind, code, message) = match status {
            429 => ("requests", Some("rate_limit_exceeded"), "Too many requests"),
            401 => (
                "invalid_request_error",
                Some("invalid_api_key"),
                "The key was refused",
            ),
            400..500 => ("invalid_request_error", None, "The request was refused"),
            503 => ("server_error", None, "The model is overloaded"),
            _ => ("server_error", None, "The server had an error"),
        };
        let default = matches!(status, 429 | 503).then_some(Duration::from_secs(1));
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            message: format!("{message} (an injected fault)."),
            kind,
            param: None,
            code,
            retry_after: retry_after.or(default),
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
    pub fn body(&self, api: Api) -> Value {
        match api {
            Api::Chat | Api::Completions | Api::Responses => self.openai_body(),
            Api::Messages => self.anthropic_body(),
            Api::Gemini => self.gemini_body(),
        }
    }

    /// Returns the error in OpenAI's shape.
    pub fn openai_body(&self) -> Value {
        json!({"error": {
            "message": self.message,
            "type": self.kind,
            "param": self.param,
            "code": self.code,
        }})
    }

    /// Returns the error in Anthropic's shape.
    pub fn anthropic_body(&self) -> Value {
        let kind = match self.status.as_u16() {
            401 => "authentication_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            503 | 529 => "overloaded_error",
            500.. => "api_error",
            _ => "invalid_request_error",
        };
        let message = match &self.param {
            Some(param) => format!("{param}: {}", self.message),
            None => self.message.clone(),
        };
        json!({"type": "error", "error": {"type": kind, "message": message}})
    }

    /// Returns the error in Google's shape.
    pub fn gemini_body(&self) -> Value {
        let status = match self.status.as_u16() {
            401 => "UNAUTHENTICATED",
            403 => "PERMISSION_DENIED",
            404 => "NOT_FOUND",
            429 => "RESOURCE_EXHAUSTED",
            503 => "UNAVAILABLE",
            500.. => "INTERNAL",
            _ => "INVALID_ARGUMENT",
        };
        json!({"error": {
            "code": self.status.as_u16(),
            "message": self.message,
            "status": status,
        }})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_the_shape_of_each_api() {
        let error = ApiError::invalid("Wrong.")
            .with_param("model")
            .with_code("bad");
        assert_eq!(
            error.body(Api::Chat).to_string(),
            r#"{"error":{"code":"bad","message":"Wrong.","param":"model","type":"invalid_request_error"}}"#
        );
        assert_eq!(
            error.body(Api::Messages).to_string(),
            r#"{"error":{"message":"model: Wrong.","type":"invalid_request_error"},"type":"error"}"#
        );
        assert_eq!(
            error.body(Api::Gemini).to_string(),
            r#"{"error":{"code":400,"message":"Wrong.","status":"INVALID_ARGUMENT"}}"#
        );
    }

    #[test]
    fn gives_a_fault_the_requested_status() {
        for status in [400, 418, 429, 500, 503, 599] {
            assert_eq!(ApiError::fault(status, None).status.as_u16(), status);
        }
        assert_eq!(ApiError::fault(429, None).code, Some("rate_limit_exceeded"));
    }

    #[test]
    fn shows_only_the_end_of_a_wrong_key() {
        let message = ApiError::unauthorized(Some("sk-secret-1234")).message;
        assert!(
            message.contains("****1234") && !message.contains("secret"),
            "{message}"
        );
        assert!(
            !ApiError::unauthorized(Some("short"))
                .message
                .contains("short")
        );
    }
}
