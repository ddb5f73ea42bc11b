//! `POST /multimodal`: image input and output.

use crate::{
    event::{Emit, What, stream},
    model::{Delta, Message, Model},
    request::{Refusal, filled, read},
};
use anyhow::{Context, bail};
use axum::{body::Bytes, extract::State, response::IntoResponse};
use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::{Stream, StreamExt, pin_mut};
use serde::Deserialize;
use serde_json::json;

/// Bytes of an image per event.
const PART: usize = 48 << 10;

#[derive(Deserialize)]
struct Request {
    message: String,
    image: String,
}

/// Answers with the model's text and images.
pub async fn multimodal(
    State(model): State<Model>,
    body: Bytes,
) -> Result<impl IntoResponse, Refusal> {
    let request: Request = read(&body)?;
    decode(&request.image)
        .map_err(|error| Refusal::bad_request(format!("\"image\": {error:#}")))?;
    let parts = json!([{ "type": "text", "text": filled("message", request.message)? },
                       { "type": "image_url", "image_url": { "url": request.image } }]);
    let deltas = model.ask(&[Message::new("user", parts)], &[]).await?;
    Ok(stream(move |emit| show(deltas, emit)))
}

async fn show(
    deltas: impl Stream<Item = anyhow::Result<Delta>> + Send,
    emit: Emit,
) -> anyhow::Result<()> {
    pin_mut!(deltas);
    while let Some(delta) = deltas.next().await {
        let delta = delta?;
        if let Some(content) = delta.content.filter(|content| !content.is_empty()) {
            emit.send(What::Content(content)).await?;
        }
        for image in delta.images {
            show_image(&image.image_url.url, &emit).await?;
        }
    }
    Ok(())
}

async fn show_image(url: &str, emit: &Emit) -> anyhow::Result<()> {
    let (kind, image) = decode(url).context("the model sent a broken image")?;
    let parts = image.len().div_ceil(PART);
    for (part, piece) in image.chunks(PART).enumerate() {
        let (r#type, data) = (kind.to_owned(), BASE64_STANDARD.encode(piece));
        emit.send(What::Image {
            r#type,
            part,
            parts,
            data,
        })
        .await?;
    }
    Ok(())
}

/// Returns the media type and the content of an image's `data:` URL.
fn decode(url: &str) -> anyhow::Result<(&str, Vec<u8>)> {
    let head = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"));
    let Some((kind, data)) = head.filter(|(kind, _)| kind.starts_with("image/")) else {
        bail!("not the data: URL of an image");
    };
    let image = BASE64_STANDARD.decode(data)?;
    match image.is_empty() {
        true => bail!("the image is empty"),
        false => Ok((kind, image)),
    }
}
