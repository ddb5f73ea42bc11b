//! Generated log probabilities of tokens.

use crate::{
    cursor::{Cursor, Delta},
    reply::{Content, Reply},
};
use serde_json::{Value, json};
use std::borrow::Cow;

/// Log probability of each token of an answer. The first alternative has this one less, and so on.
const LOGPROB: f64 = -0.125;

/// Builds the `logprobs` of a choice with this token; null for a piece that is no text.
pub fn of_piece(delta: Delta<'_>, alternatives: u8) -> Value {
    let tokens = text(delta).map(|text| token(&text, alternatives));
    tokens.map_or(Value::Null, |token| logprobs(vec![token]))
}

/// Builds the `logprobs` of a whole answer.
pub fn of_answer(reply: &Reply, alternatives: u8) -> Value {
    let mut cursor = Cursor::new(&reply.parts, reply.limit);
    let mut tokens = Vec::new();
    while let Some(delta) = cursor.peek() {
        tokens.extend(text(delta).map(|text| token(&text, alternatives)));
        cursor.advance();
    }
    logprobs(tokens)
}

fn logprobs(tokens: Vec<Value>) -> Value {
    json!({"content": tokens, "refusal": null})
}

fn text(delta: Delta<'_>) -> Option<Cow<'_, str>> {
    match delta {
        Delta::Token(n) => Some(format!(" tok{n}").into()),
        Delta::Content(Content::Text(text)) => Some(text.into()),
        _ => None,
    }
}

/// Builds a token with its `alternatives` most likely tokens, itself the first of them.
fn token(text: &str, alternatives: u8) -> Value {
    let entry = |text: &str, rank: u8| {
        json!({
            "token": text,
            "logprob": LOGPROB - f64::from(rank),
            "bytes": text.as_bytes(),
        })
    };
    let others = (1..alternatives).map(|rank| entry(&format!(" alt{rank}"), rank));
    let chosen = (alternatives > 0).then(|| entry(text, 0));
    let mut token = entry(text, 0);
    token["top_logprobs"] = chosen.into_iter().chain(others).collect();
    token
}
