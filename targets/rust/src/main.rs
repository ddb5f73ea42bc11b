//! An agent server: it asks the model and streams events to the client.

mod agent;
mod agents;
mod chat;
mod crud;
mod database;
mod event;
mod history;
mod model;
mod multimodal;
mod postgres;
mod pubsub;
mod request;
mod shared;
mod sqlite;
mod threads;
mod tools;

use axum::{Router, http::StatusCode, routing::post, serve::ListenerExt};
use model::Model;
use pubsub::Rooms;
use shared::SharedRooms;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let model = Model::new(&std::env::var("UPSTREAM")?);
    let rooms = match std::env::var("REDIS") {
        Ok(url) => Rooms::Shared(SharedRooms::open(&url, model.clone()).await?),
        Err(_) => Rooms::own(model.clone()),
    };
    let mut app = Router::new()
        .route("/chat", post(chat::chat))
        .route("/agent", post(agents::agent))
        .route("/sub-agents", post(agents::sub_agents))
        .route("/multimodal", post(multimodal::multimodal))
        .with_state(model.clone())
        .merge(pubsub::routes(rooms));
    // Threads need a database.
    if let Ok(database) = std::env::var("DATABASE") {
        let threads = database::open(&database).await?;
        app = app
            .merge(history::routes(model, threads.clone()))
            .merge(crud::routes(threads));
    }
    let app = app
        .fallback(not_found)
        .method_not_allowed_fallback(not_found);
    let port: u16 = std::env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    // Without TCP_NODELAY, the first chunk would wait for the acknowledgement of the head.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, app).await?)
}

async fn not_found() -> request::Refusal {
    request::Refusal(StatusCode::NOT_FOUND, "there is no such route".to_owned())
}
