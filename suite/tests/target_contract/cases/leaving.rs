//! Clients that leave: the model's work for them must end.

use crate::{client::assert_tokens, model::TOKENS, session::Session};

pub async fn while_the_model_thinks(session: Session) {
    let mut client = session.client().await;
    tokio::select! {
        _ = client.chat("no answer") => panic!("there is nothing to answer with"),
        () = session.model.until_active(1) => {}
    }
    leave(&session, client).await;
}

pub async fn while_the_model_pauses(session: Session) {
    let mut client = session.client().await;
    let mut events = client.chat("hold").await.stream();
    assert_eq!(events.token().await, " first");
    session.model.until_active(1).await;
    leave(&session, client).await;
}

pub async fn while_the_model_talks(session: Session) {
    let mut client = session.client().await;
    let mut events = client.chat("endless").await.stream();
    assert_eq!(events.token().await, " more");
    session.model.until_active(1).await;
    leave(&session, client).await;
}

/// Lets the client leave. The model's gate stays closed, so that nothing else ends a completion.
async fn leave(session: &Session, client: crate::client::Client) {
    drop(client);
    session.model.until_active(0).await;
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}
