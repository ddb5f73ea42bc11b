//! A chat server with one known fault, which it counts itself. An explanation of its cost has to
//! find the fault.
//!
//! `planted FAULT DOSE`; without arguments it has no fault. All serving runs on the main thread, so
//! that the cost of a fault can be measured exactly.

mod chat;
mod connection;
mod faults;
mod model;
mod truth;

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use faults::background;
use std::env;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut words = env::args().skip(1);
    let (name, dose) = (words.next().unwrap_or_default(), words.next());
    let dose = dose.map_or(Ok(0), |dose| dose.parse())?;
    match name.as_str() {
        background::BURN => background::burn_until_input_ends(),
        background::START_BURN => return background::start_burn(),
        _ => {}
    }
    let upstream = env::var("UPSTREAM")?;
    let fault = faults::plant(&name, dose, &upstream)?;
    truth::keep(&name, dose)?;
    let writes = fault.writes();
    let app = Router::new()
        .route("/chat", post(chat::chat))
        .route("/planted", get(async || truth::now().to_string()))
        .fallback(not_found)
        .method_not_allowed_fallback(not_found)
        .with_state(chat::Server::new(model::Model::new(&upstream), fault));
    let port: u16 = env::var("PORT")?.parse()?;
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    Ok(axum::serve(connection::Listener { listener, writes }, app).await?)
}

async fn not_found() -> chat::Refusal {
    chat::Refusal(StatusCode::NOT_FOUND, "there is only POST /chat".to_owned())
}
