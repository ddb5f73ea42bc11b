//! The messages of a conversation.

use super::error::ApiError;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

/// One message of the conversation so far.
#[derive(Clone, Debug)]
pub struct Message {
    /// Role of the author.
    pub role: Role,
    /// Text of all parts.
    pub text: String,
    /// URLs of the images.
    pub images: Vec<String>,
    /// Tool calls of an assistant message.
    pub calls: Vec<ToolCall>,
    /// Id of the call that a tool message answers.
    pub tool_call_id: Option<String>,
}

/// The author of a message.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The operator of the service.
    #[serde(alias = "developer")]
    System,
    /// The end user.
    User,
    /// The model.
    #[serde(alias = "model")]
    Assistant,
    /// A tool that returned a result.
    #[serde(alias = "function")]
    Tool,
}

/// A tool call by the model.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolCall {
    /// Id that the result refers to.
    pub id: String,
    /// Name of the tool.
    pub name: String,
}

/// An image in a message.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Image {
    /// Media type such as `image/png`; `None` for a web address.
    pub media_type: Option<String>,
    /// Size of the decoded image; `None` for a web address.
    pub bytes: Option<usize>,
}

impl Message {
    /// Creates a message with a text.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            text: text.into(),
            images: Vec::new(),
            calls: Vec::new(),
            tool_call_id: None,
        }
    }

    /// Creates a tool message that answers the call `id`.
    pub fn result(id: String, text: impl Into<String>) -> Self {
        Self {
            tool_call_id: Some(id),
            ..Self::new(Role::Tool, text)
        }
    }

    /// Adds tool results and then this message to a conversation. APIs whose user messages contain
    /// the results may have nothing else in them.
    pub fn push_after(self, mut results: Vec<Self>, messages: &mut Vec<Self>) {
        let empty = self.text.is_empty() && self.images.is_empty() && self.calls.is_empty();
        let only_results = !results.is_empty() && empty;
        messages.append(&mut results);
        if !only_results {
            messages.push(self);
        }
    }
}

impl Image {
    /// Checks the URL of an image and decodes its content.
    ///
    /// # Errors
    /// If the URL is neither a web address nor a valid `data:` URL of an image.
    pub fn parse(url: &str) -> Result<Self, ApiError> {
        if url.starts_with("https://") || url.starts_with("http://") {
            let (media_type, bytes) = (None, None);
            return Ok(Self { media_type, bytes });
        }
        let refused = |why| ApiError::invalid(why).with_code("invalid_image_url");
        let (media_type, data) = url
            .strip_prefix("data:")
            .and_then(|rest| rest.split_once(";base64,"))
            .ok_or_else(|| refused("An image is expected as https://… or data:image/…;base64,…"))?;
        if !media_type.starts_with("image/") {
            return Err(refused("The data of an image part is not an image"));
        }
        let data = BASE64_STANDARD
            .decode(data)
            .map_err(|_| refused("The data of an image part is not valid base64"))?;
        Ok(Self {
            media_type: Some(media_type.to_owned()),
            bytes: Some(data.len()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_images() {
        let image = Image::parse("data:image/png;base64,AAAA").unwrap();
        assert_eq!(
            (image.media_type.as_deref(), image.bytes),
            (Some("image/png"), Some(3))
        );
        assert_eq!(
            Image::parse("https://example.org/a.png").unwrap().bytes,
            None
        );
    }

    #[test]
    fn rejects_broken_images() {
        for url in [
            "file:///etc/passwd",
            "data:image/png,raw",
            "data:text/plain;base64,AAAA",
            "data:image/png;base64,!",
        ] {
            let error = Image::parse(url).unwrap_err();
            assert_eq!(error.code, Some("invalid_image_url"), "{url}");
        }
    }
}
