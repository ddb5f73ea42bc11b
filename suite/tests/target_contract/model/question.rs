//! The input of a completion: the user's message and the results of tools.

use hyper::StatusCode;
use serde_json::Value;

/// The parts of a request that scripts use.
#[derive(Clone, Debug)]
pub struct Question {
    /// The first message of the user.
    pub message: String,
    /// Results of tools so far.
    pub results: Vec<String>,
}

impl Question {
    /// Parses the body of a request.
    pub fn of(body: &Value) -> Self {
        let messages = body["messages"].as_array().map_or(&[][..], Vec::as_slice);
        let of = |role| {
            messages
                .iter()
                .filter(move |message| message["role"] == role)
        };
        Self {
            message: of("user").map(text).next().unwrap_or_default(),
            results: of("tool").map(text).collect(),
        }
    }

    /// Returns the status of an error: at once for `status 500`, after the tools for `tools, then
    /// status 500`.
    pub fn status(&self) -> Option<StatusCode> {
        let status = self.due()?.strip_prefix("status ")?;
        Some(status.parse().expect("the case names a status"))
    }

    /// Whether no answer ever comes: for `no answer`, or `tools, then no answer`.
    pub fn is_never_answered(&self) -> bool {
        self.due() == Some("no answer")
    }

    /// Returns the current instruction: the message, or its part after `, then ` once tools have
    /// returned.
    fn due(&self) -> Option<&str> {
        match self.message.split_once(", then ") {
            Some(_) if self.results.is_empty() => None,
            Some((_, then)) => Some(then),
            None => Some(&self.message),
        }
    }
}

/// Returns the text of a message, from a string or a list of parts.
fn text(message: &Value) -> String {
    let content = &message["content"];
    let parts = content.as_array().into_iter().flatten();
    let parts = parts.filter_map(|part| part["text"].as_str());
    content
        .as_str()
        .map_or_else(|| parts.collect(), str::to_owned)
}
