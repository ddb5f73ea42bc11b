//! Parses a request for a chat completion, and refuses what the real API would refuse.

use super::{
    error::ApiError,
    message::{Image, Message, Role},
};
use serde::Deserialize;
use serde_json::{Value, error::Category};

/// A valid request.
#[derive(Clone, Debug, Deserialize)]
pub struct ChatRequest {
    /// Requested model.
    pub model: String,
    /// Conversation so far, never empty.
    pub messages: Vec<Message>,
    #[serde(default)]
    stream: Option<bool>,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
    #[serde(default)]
    max_tokens: Option<u32>,
    #[serde(default)]
    max_completion_tokens: Option<u32>,
    #[serde(default)]
    n: Option<u32>,
    #[serde(default)]
    tools: Option<Vec<Tool>>,
}

#[derive(Clone, Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
struct Tool {
    function: Option<super::message::Function>,
}

impl ChatRequest {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// If the body is not JSON, or a parameter is missing, of the wrong type, out of range or
    /// contradictory.
    pub fn parse(body: &[u8]) -> Result<Self, ApiError> {
        let value: Value =
            serde_json::from_slice(body).map_err(|error| match error.classify() {
                Category::Eof => ApiError::invalid("The body ends before its JSON does."),
                _ => ApiError::invalid(format!("The body is not valid JSON: {error}.")),
            })?;
        for required in ["model", "messages"] {
            if value.get(required).is_none_or(Value::is_null) {
                return Err(ApiError::invalid(format!(
                    "Missing required parameter: '{required}'."
                ))
                .with_param(required)
                .with_code("missing_required_parameter"));
            }
        }
        let request: Self = serde_json::from_value(value).map_err(|error| {
            ApiError::invalid(format!("A parameter has the wrong type: {error}."))
                .with_code("invalid_type")
        })?;
        request.check()?;
        Ok(request)
    }

    fn check(&self) -> Result<(), ApiError> {
        let wrong = |param: &str, message: &str| {
            Err(ApiError::invalid(message)
                .with_param(param)
                .with_code("invalid_value"))
        };
        if self.messages.is_empty() {
            return wrong(
                "messages",
                "At least one message is expected in 'messages'.",
            );
        }
        if self.max_completion_tokens.or(self.max_tokens) == Some(0) {
            return wrong("max_tokens", "'max_tokens' must be at least 1.");
        }
        if self.n.is_some_and(|n| n != 1) {
            return wrong("n", "The stub gives one choice: 'n' must be 1.");
        }
        if self.stream_options.is_some() && !self.streams() {
            return wrong(
                "stream_options",
                "'stream_options' needs 'stream' to be true.",
            );
        }
        self.check_tool_results()
    }

    /// Checks that each tool result answers a call of the last assistant message, and that each
    /// call has a result.
    fn check_tool_results(&self) -> Result<(), ApiError> {
        let mut open: Vec<&str> = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            let wrong = |message: String| {
                Err(ApiError::invalid(message).with_param(format!("messages.[{index}].role")))
            };
            if message.role == Role::Tool {
                let id = message.tool_call_id.as_deref().unwrap_or_default();
                match open.iter().position(|call| *call == id) {
                    Some(position) => drop(open.swap_remove(position)),
                    None => {
                        return wrong(format!(
                            "A tool's message answers no tool call: tool_call_id is '{id}'."
                        ));
                    }
                }
            } else if let Some(id) = open.first() {
                return wrong(format!(
                    "The tool call '{id}' was not answered by a message of role 'tool'."
                ));
            }
            open.extend(message.calls().iter().map(|call| call.id.as_str()));
        }
        match open.first() {
            None => Ok(()),
            Some(id) => Err(
                ApiError::invalid(format!("The tool call '{id}' was not answered."))
                    .with_param("messages"),
            ),
        }
    }

    /// Returns whether the response is streamed.
    pub fn streams(&self) -> bool {
        self.stream == Some(true)
    }

    /// Returns whether a stream ends with its usage.
    pub fn wants_usage(&self) -> bool {
        let options = self.stream_options.as_ref();
        options.and_then(|options| options.include_usage) == Some(true)
    }

    /// Returns the most tokens that the answer may have.
    pub fn limit(&self) -> u32 {
        self.max_completion_tokens
            .or(self.max_tokens)
            .unwrap_or(u32::MAX)
    }

    /// Returns the names of the tools that the model may call.
    pub fn tools(&self) -> impl Iterator<Item = &str> {
        let tools = self.tools.iter().flatten();
        tools.filter_map(|tool| Some(tool.function.as_ref()?.name.as_str()))
    }

    /// Returns all images of the conversation.
    ///
    /// # Errors
    /// If an image is neither a web address nor a valid `data:` URL.
    pub fn images(&self) -> Result<Vec<Image>, ApiError> {
        let images: Result<Vec<_>, _> = self.messages.iter().map(Message::images).collect();
        Ok(images?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(body: &str) -> ApiError {
        ChatRequest::parse(body.as_bytes()).unwrap_err()
    }

    const CALL: &str = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
    const RESULT: &str = r#"{"role":"tool","tool_call_id":"c1","content":"4"}"#;

    fn conversation(messages: &[&str]) -> Result<ChatRequest, ApiError> {
        let body = format!(r#"{{"model":"m","messages":[{}]}}"#, messages.join(","));
        ChatRequest::parse(body.as_bytes())
    }

    #[test]
    fn treats_null_as_absent() {
        let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"stream":null,"tools":null,"n":null}"#;
        let request = ChatRequest::parse(body.as_bytes()).unwrap();
        assert!(!request.streams() && !request.wants_usage());
        assert_eq!((request.limit(), request.tools().count()), (u32::MAX, 0));
    }

    #[test]
    fn rejects_bad_requests_by_parameter() {
        let user = r#"[{"role":"user","content":"hi"}]"#;
        let refusals = [
            ("".to_owned(), None, "ends before"),
            ("{]".to_owned(), None, "not valid JSON"),
            ("[]".to_owned(), Some("model"), "Missing"),
            (r#"{"model":"m"}"#.to_owned(), Some("messages"), "Missing"),
            (
                r#"{"model":"m","messages":[]}"#.to_owned(),
                Some("messages"),
                "At least one",
            ),
            (
                r#"{"model":"m","messages":"hi"}"#.to_owned(),
                None,
                "wrong type",
            ),
            (
                format!(r#"{{"model":"m","messages":{user},"n":2}}"#),
                Some("n"),
                "one choice",
            ),
            (
                format!(r#"{{"model":"m","messages":{user},"max_tokens":0}}"#),
                Some("max_tokens"),
                "at least 1",
            ),
            (
                format!(r#"{{"model":"m","messages":{user},"stream_options":{{}}}}"#),
                Some("stream_options"),
                "needs 'stream'",
            ),
            (
                r#"{"model":"m","messages":[{"role":"ghost","content":"hi"}]}"#.to_owned(),
                None,
                "ghost",
            ),
        ];
        for (body, param, reason) in refusals {
            let error = refusal(&body);
            assert_eq!(error.param.as_deref(), param, "{body}");
            assert!(error.message.contains(reason), "{body}: {error}");
        }
    }

    #[test]
    fn rejects_tool_results_without_a_call() {
        assert!(conversation(&[CALL, RESULT]).is_ok());
        let orphan = conversation(&[RESULT]).unwrap_err();
        assert!(orphan.message.contains("answers no tool call"), "{orphan}");
        let unanswered = conversation(&[CALL, r#"{"role":"user","content":"?"}"#]).unwrap_err();
        assert!(
            unanswered.message.contains("was not answered"),
            "{unanswered}"
        );
        assert!(conversation(&[CALL]).is_err());
        assert!(conversation(&[CALL, RESULT, RESULT]).is_err());
    }
}
