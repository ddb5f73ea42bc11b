//! The messages of a request.

use super::error::ApiError;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde::Deserialize;

/// One message of the conversation so far.
#[derive(Clone, Debug, Deserialize)]
pub struct Message {
    /// Role of the author.
    pub role: Role,
    content: Option<Content>,
    /// Tool calls of an assistant message.
    #[serde(default)]
    tool_calls: Option<Vec<ToolCall>>,
    /// Id of the call that a tool message answers.
    #[serde(default)]
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
    Assistant,
    /// A tool that returned a result.
    #[serde(alias = "function")]
    Tool,
}

/// A tool call by the model.
#[derive(Clone, Debug, Deserialize)]
pub struct ToolCall {
    /// Id that the result refers to.
    pub id: String,
    /// Called function.
    pub function: Function,
}

/// A function that the model may call or has called.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    /// Name of the function.
    pub name: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Parts(Vec<ContentPart>),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum ContentPart {
    Text {
        text: String,
    },
    ImageUrl {
        image_url: ImageUrl,
    },
    #[serde(other)]
    Other,
}

#[derive(Clone, Debug, Deserialize)]
struct ImageUrl {
    url: String,
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
    /// Returns the text of all parts.
    pub fn text(&self) -> String {
        match &self.content {
            None => String::new(),
            Some(Content::Text(text)) => text.clone(),
            Some(Content::Parts(parts)) => parts.iter().filter_map(ContentPart::text).collect(),
        }
    }

    /// Returns the images.
    ///
    /// # Errors
    /// If an image is neither a web address nor a valid `data:` URL.
    pub fn images(&self) -> Result<Vec<Image>, ApiError> {
        let Some(Content::Parts(parts)) = &self.content else {
            return Ok(Vec::new());
        };
        let urls = parts.iter().filter_map(ContentPart::image_url);
        urls.map(image).collect()
    }

    /// Returns the tool calls.
    pub fn calls(&self) -> &[ToolCall] {
        self.tool_calls.as_deref().unwrap_or_default()
    }
}

impl ContentPart {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text { text } => Some(text),
            _ => None,
        }
    }

    fn image_url(&self) -> Option<&str> {
        match self {
            Self::ImageUrl { image_url } => Some(&image_url.url),
            _ => None,
        }
    }
}

fn image(url: &str) -> Result<Image, ApiError> {
    if url.starts_with("https://") || url.starts_with("http://") {
        let (media_type, bytes) = (None, None);
        return Ok(Image { media_type, bytes });
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
    Ok(Image {
        media_type: Some(media_type.to_owned()),
        bytes: Some(data.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(content: &str) -> Message {
        serde_json::from_str(&format!(r#"{{"role":"user","content":{content}}}"#)).unwrap()
    }

    #[test]
    fn joins_the_text_of_parts() {
        assert_eq!(message(r#""hello""#).text(), "hello");
        assert_eq!(message("null").text(), "");
        let parts = r#"[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{}},{"type":"text","text":"b"}]"#;
        assert_eq!(message(parts).text(), "ab");
    }

    fn images_of(url: &str) -> Result<Vec<Image>, ApiError> {
        message(&format!(
            r#"[{{"type":"image_url","image_url":{{"url":"{url}"}}}}]"#
        ))
        .images()
    }

    #[test]
    fn decodes_images() {
        let image = images_of("data:image/png;base64,AAAA").unwrap().remove(0);
        assert_eq!(
            (image.media_type.as_deref(), image.bytes),
            (Some("image/png"), Some(3))
        );
        assert_eq!(
            images_of("https://example.org/a.png").unwrap()[0].bytes,
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
            assert_eq!(
                images_of(url).unwrap_err().code,
                Some("invalid_image_url"),
                "{url}"
            );
        }
    }
}
