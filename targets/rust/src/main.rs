//! A chat server: it asks the model and streams each token to the client as it arrives.

mod chat;
mod model;

use axum::{Router, http::StatusCode, routing::post};
use model::Model;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let model = Model::new(&std::env::var("UPSTREAM")?);
    let app = Router::new()
        .route("/chat", post(chat::chat))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .with_state(model);
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(listener, app).await?)
}

async fn not_found() -> chat::Refusal {
    chat::Refusal(StatusCode::NOT_FOUND, "there is only POST /chat".to_owned())
}
