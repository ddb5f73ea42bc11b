//! A request in the form that scripts use, independent of its API.

use super::{
    error::ApiError,
    message::{Image, Message, Role},
};
use serde_json::Value;

/// A valid request for an answer.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    /// Requested model.
    pub model: String,
    /// Conversation so far, never empty.
    pub messages: Vec<Message>,
    /// Whether the response is streamed.
    pub stream: bool,
    /// Layout of the answer in the response.
    pub layout: Layout,
    /// The most tokens of the answer.
    pub max_tokens: Option<u32>,
    /// Texts that end the answer.
    pub stop: Vec<String>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// Which tools the model must call.
    pub tool_choice: ToolChoice,
    /// Whether the model must not call several tools at once.
    pub single_call: bool,
    /// Required form of the answer's text.
    pub format: Format,
}

/// Layout of an answer in the response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// Whether a stream ends with its usage.
    pub include_usage: bool,
    /// Number of choices, all of them equal.
    pub choices: u8,
    /// Number of alternatives to each token, if log probabilities are requested.
    pub alternatives: Option<u8>,
    /// Whether a stream is a JSON array in place of server-sent events.
    pub json_array: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            include_usage: false,
            choices: 1,
            alternatives: None,
            json_array: false,
        }
    }
}

/// A tool that the model may call.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    /// Name of the tool.
    pub name: String,
    /// JSON schema of the arguments.
    pub parameters: Value,
}

/// Which tools the model must call.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum ToolChoice {
    /// The script decides.
    #[default]
    Auto,
    /// No tool.
    None,
    /// At least one tool.
    Required,
    /// The tool of this name.
    Named(String),
}

/// The required form of the answer's text.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Format {
    /// Any text.
    #[default]
    Text,
    /// JSON that this schema accepts. An empty schema accepts any object.
    Json(Value),
}

impl Prompt {
    /// Returns the most tokens that the answer may have.
    pub fn limit(&self) -> u32 {
        self.max_tokens.unwrap_or(u32::MAX)
    }

    /// Returns the names of the tools that the model may call.
    pub fn tool_names(&self) -> impl Iterator<Item = &str> {
        let offered = self.tool_choice != ToolChoice::None;
        let tools = self.tools.iter().filter(move |_| offered);
        tools.map(|tool| tool.name.as_str())
    }

    /// Returns all images of the conversation.
    ///
    /// # Errors
    /// If an image is neither a web address nor a valid `data:` URL.
    pub fn images(&self) -> Result<Vec<Image>, ApiError> {
        let urls = self.messages.iter().flat_map(|message| &message.images);
        urls.map(|url| Image::parse(url)).collect()
    }

    /// Returns the estimated number of tokens of the request.
    ///
    /// Four bytes a token is the usual estimate for English. The stub has no tokenizer.
    pub fn estimated_tokens(&self) -> u64 {
        let texts = self
            .messages
            .iter()
            .map(|message| message.text.len() as u64);
        texts.sum::<u64>().div_ceil(4).max(1)
    }

    /// Checks what all APIs have in common: `param` is the name of the list of messages.
    ///
    /// # Errors
    /// If there is no message, a tool result answers no call, a call has no result, or the tool
    /// choice names an unknown tool.
    pub fn check(&self, param: &str) -> Result<(), ApiError> {
        let invalid = |param: &str, message: String| {
            Err(ApiError::invalid(message)
                .with_param(param)
                .with_code("invalid_value"))
        };
        if self.messages.is_empty() {
            return invalid(
                param,
                format!("At least one message is expected in '{param}'."),
            );
        }
        match &self.tool_choice {
            ToolChoice::Auto | ToolChoice::None => {}
            _ if self.tools.is_empty() => {
                let message = "'tool_choice' is only allowed when 'tools' are specified.";
                return invalid("tool_choice", message.into());
            }
            ToolChoice::Named(name) if self.tools.iter().all(|tool| tool.name != *name) => {
                let message = format!("Tool choice '{name}' not found in 'tools' parameter.");
                return invalid("tool_choice", message);
            }
            _ => {}
        }
        self.check_tool_results(param)
    }

    /// Checks that each tool result answers a call of the last assistant message, and that each
    /// call has a result.
    fn check_tool_results(&self, param: &str) -> Result<(), ApiError> {
        let mut open: Vec<&str> = Vec::new();
        for (index, message) in self.messages.iter().enumerate() {
            let wrong = |message: String| {
                Err(ApiError::invalid(message).with_param(format!("{param}[{index}]")))
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
            open.extend(message.calls.iter().map(|call| call.id.as_str()));
        }
        match open.first() {
            None => Ok(()),
            Some(id) => Err(
                ApiError::invalid(format!("The tool call '{id}' was not answered."))
                    .with_param(param),
            ),
        }
    }
}
