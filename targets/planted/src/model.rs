//! A model that speaks the OpenAI chat completions API.

use anyhow::{Context, bail};
use futures_util::{Stream, TryStreamExt};
use reqwest::{Client, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::io;
use tokio::io::AsyncBufReadExt;
use tokio_util::io::StreamReader;

/// The model; clones share its connections.
#[derive(Clone)]
pub struct Model {
    url: String,
    client: Client,
}

#[derive(Deserialize)]
struct Chunk {
    choices: Vec<Choice>,
}

#[derive(Deserialize)]
struct Choice {
    delta: Delta,
}

#[derive(Deserialize)]
struct Delta {
    content: Option<String>,
}

impl Model {
    pub fn new(upstream: &str) -> Self {
        Self {
            url: format!("{upstream}/v1/chat/completions"),
            client: Client::new(),
        }
    }

    /// Starts a completion and returns its tokens.
    pub async fn ask(
        &self,
        message: &str,
    ) -> anyhow::Result<impl Stream<Item = anyhow::Result<String>> + use<>> {
        let body = json!({ "model": "stub", "stream": true, "messages": [{ "role": "user", "content": message }] });
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
        Ok(tokens(response))
    }
}

/// Reads to the end of the body, so that the connection can be reused.
fn tokens(response: reqwest::Response) -> impl Stream<Item = anyhow::Result<String>> {
    let mut lines = StreamReader::new(response.bytes_stream().map_err(io::Error::other)).lines();
    async_stream::try_stream! {
        let mut done = false;
        while let Some(line) = lines.next_line().await.context("the model broke off")? {
            match line.strip_prefix("data:").map(str::trim) {
                Some("[DONE]") => done = true,
                Some(data) if !done => {
                    if let Some(content) = content(data)? {
                        yield content;
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

/// Returns a chunk's token. Chunks with only the role, the finish reason or the usage have no
/// token.
fn content(data: &str) -> anyhow::Result<Option<String>> {
    let chunk: Chunk = serde_json::from_str(data).context("the model sent what is not JSON")?;
    let content = chunk
        .choices
        .into_iter()
        .next()
        .and_then(|choice| choice.delta.content);
    Ok(content.filter(|content| !content.is_empty()))
}
