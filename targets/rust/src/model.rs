//! A model that speaks the OpenAI chat completions API.

use anyhow::{Context, bail};
use futures_util::{Stream, TryStreamExt};
use reqwest::{Client, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::io;
use tokio::io::AsyncBufReadExt;
use tokio_util::io::StreamReader;

/// The model; clones share its connections.
#[derive(Clone)]
pub struct Model {
    url: String,
    client: Client,
}

/// A message of the conversation. Its content is a string or a list of parts.
#[derive(Serialize)]
pub struct Message {
    role: &'static str,
    content: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<String>,
}

impl Message {
    pub fn new(role: &'static str, content: impl Into<Value>) -> Self {
        Self {
            role,
            content: content.into(),
            tool_calls: Vec::new(),
            tool_call_id: None,
        }
    }

    pub fn calls(text: String, tool_calls: Vec<Call>) -> Self {
        Self {
            tool_calls,
            ..Self::new("assistant", text)
        }
    }

    pub fn result(id: &str, result: &Value) -> Self {
        Self {
            tool_call_id: Some(id.to_owned()),
            ..Self::new("tool", result.to_string())
        }
    }
}

/// A function call.
#[derive(Serialize)]
pub struct Call {
    pub id: String,
    r#type: &'static str,
    pub function: Function,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Function {
    pub name: String,
    pub arguments: String,
}

impl Call {
    pub fn new(id: String, name: String) -> Self {
        Self {
            id,
            r#type: "function",
            function: Function {
                name,
                arguments: String::new(),
            },
        }
    }
}

#[derive(Deserialize)]
struct Chunk {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Delta,
}

/// One chunk's part of the answer. It is empty in chunks with only the role or the finish reason.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Delta {
    pub content: Option<String>,
    pub tool_calls: Vec<CallPart>,
    pub images: Vec<Image>,
}

#[derive(Deserialize)]
pub struct CallPart {
    pub index: usize,
    #[serde(default)]
    pub id: String,
    #[serde(default)]
    pub function: Function,
}

#[derive(Deserialize)]
pub struct Image {
    pub image_url: ImageUrl,
}

#[derive(Deserialize)]
pub struct ImageUrl {
    pub url: String,
}

impl Model {
    pub fn new(upstream: &str) -> Self {
        Self {
            url: format!("{upstream}/v1/chat/completions"),
            client: Client::new(),
        }
    }

    /// Starts a completion and returns its deltas.
    pub async fn ask(
        &self,
        messages: &[Message],
        tools: &[Value],
    ) -> anyhow::Result<impl Stream<Item = anyhow::Result<Delta>> + Send + use<>> {
        let mut body = json!({ "model": "stub", "stream": true, "messages": messages });
        if !tools.is_empty() {
            body["tools"] = json!(tools);
        }
        let response = self
            .client
            .post(&self.url)
            .json(&body)
            .send()
            .await
            .context("the model cannot be reached")?;
        if response.status() != StatusCode::OK {
            bail!("the model answered {}", response.status());
        }
        Ok(deltas(response))
    }
}

/// Reads to the end of the body, so that the connection can be reused.
fn deltas(response: reqwest::Response) -> impl Stream<Item = anyhow::Result<Delta>> + Send {
    let mut lines = StreamReader::new(response.bytes_stream().map_err(io::Error::other)).lines();
    async_stream::try_stream! {
        let mut done = false;
        while let Some(line) = lines.next_line().await.context("the model broke off")? {
            match line.strip_prefix("data:").map(str::trim) {
                Some("[DONE]") => done = true,
                Some(data) if !done => {
                    if let Some(delta) = delta(data)? {
                        yield delta;
                    }
                }
                _ => {}
            }
        }
        if !done {
            Err(anyhow::anyhow!("the model broke off"))?;
        }
    }
}

/// Returns a chunk's delta. The chunk with the usage has an empty one.
fn delta(data: &str) -> anyhow::Result<Option<Delta>> {
    let chunk: Chunk = serde_json::from_str(data).context("the model sent what is not JSON")?;
    Ok(chunk.choices.into_iter().next().map(|choice| choice.delta))
}
