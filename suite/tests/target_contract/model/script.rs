//! The model's answers by message.

use super::{Part, agent, question::Question};
use bytes::Bytes;
use serde_json::{Value, json};
use std::{
    io, iter,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};
use tokio::sync::{mpsc, watch};

/// Tokens of a plain answer. Some are not ASCII, or need escapes in JSON.
pub const TOKENS: [&str; 5] = [" Hello", " wörld", " \"quoted\"\\", " \u{1f980}", "\nend"];

/// Destination of a completion, until the client leaves.
pub type Sender = mpsc::Sender<Part>;

/// Plays the completion for the question.
pub async fn play(question: Question, to: Sender, gate: watch::Receiver<bool>) {
    // The client may leave at any time, which ends the completion.
    let gone = to.clone();
    tokio::select! {
        () = gone.closed() => {}
        _ = perform(&question, to, gate) => {}
    }
}

async fn perform(question: &Question, to: Sender, gate: watch::Receiver<bool>) -> Option<()> {
    if let Some(turn) = agent::turn(question) {
        let reason = if turn.contains("tool_calls") {
            "tool_calls"
        } else {
            "stop"
        };
        let turn = head() + &turn + &tail(reason);
        return send(&to, turn.replace("chatcmpl-1", &new_id())).await;
    }
    let message = question.message.as_str();
    let (script, id) = message.split_once(' ').unwrap_or((message, ""));
    match script {
        "pieces" => pieces(&to).await,
        "at-once" => send(&to, whole()).await,
        "no-space" => {
            send(
                &to,
                whole().replace("data: ", "data:").replace('\n', "\r\n"),
            )
            .await
        }
        "hold" => hold(&to, id, gate).await,
        "endless" => endless(&to).await,
        "late-end" => late_end(&to).await,
        "no-done" => send(&to, token(TOKENS[0])).await,
        "break-off" => break_off(&to, gate).await,
        "garbage" => send(&to, token(TOKENS[0]) + "data: {\n\n" + DONE).await,
        _ => plain(&to).await,
    }
}

/// The end of an answer.
pub const DONE: &str = "data: [DONE]\n\n";

/// Returns a new id: some clients ignore an answer whose id they have seen.
fn new_id() -> String {
    static LAST: AtomicUsize = AtomicUsize::new(1);
    format!("chatcmpl-{}", LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

fn chunk(choices: &Value, usage: &Value) -> String {
    let chunk = json!({ "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "stub",
                        "choices": choices, "usage": usage });
    format!("data: {chunk}\n\n")
}

pub fn delta(delta: &Value, finish: &Value) -> String {
    chunk(
        &json!([{ "index": 0, "delta": delta, "finish_reason": finish }]),
        &Value::Null,
    )
}

pub fn token(content: &str) -> String {
    delta(&json!({ "content": content }), &Value::Null)
}

/// Returns the chunks before the tokens, which a target must not take for one.
fn head() -> String {
    format!(
        ": a comment\n\n{}",
        delta(&json!({ "role": "assistant", "content": "" }), &Value::Null)
    )
}

/// Returns the chunks after the tokens: the finish reason, the usage without choices, and the end.
fn tail(reason: &str) -> String {
    let usage = json!({ "prompt_tokens": 1, "completion_tokens": 5, "total_tokens": 6 });
    delta(&json!({}), &json!(reason)) + &chunk(&json!([]), &usage) + DONE
}

fn whole() -> String {
    TOKENS
        .iter()
        .fold(head(), |text, content| text + &token(content))
        + &tail("stop")
}

/// Sends text; `None` when the client has left.
async fn send(to: &Sender, text: impl Into<Bytes>) -> Option<()> {
    to.send(Ok(text.into())).await.ok()
}

async fn plain(to: &Sender) -> Option<()> {
    let id = new_id();
    let tokens = TOKENS.iter().copied().map(token);
    for part in iter::once(head()).chain(tokens).chain([tail("stop")]) {
        send(to, part.replace("chatcmpl-1", &id)).await?;
    }
    Some(())
}

/// Sends pieces that end within lines, keys and multi-byte characters.
///
/// The pause lets them travel separately. If two of them are merged, the case is easier but not
/// wrong.
async fn pieces(to: &Sender) -> Option<()> {
    let text = whole();
    let ends = (1..=text.len())
        .filter(|end| end % 7 == 0 || !text.is_char_boundary(*end) || *end == text.len());
    let mut start = 0;
    for end in ends {
        send(to, text.as_bytes()[start..end].to_vec()).await?;
        tokio::time::sleep(Duration::from_millis(1)).await;
        start = end;
    }
    Some(())
}

/// Ends the body long after the answer. If the two are merged, the case is easier but not wrong.
async fn late_end(to: &Sender) -> Option<()> {
    send(to, whole() + ": something may follow\n").await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    Some(())
}

/// Sends one token, and the second once the gate is open.
async fn hold(to: &Sender, id: &str, mut gate: watch::Receiver<bool>) -> Option<()> {
    send(to, head() + &token(&format!(" first{id}"))).await?;
    gate.wait_for(|open| *open).await.ok()?;
    send(to, token(&format!(" second{id}")) + &tail("stop")).await
}

async fn endless(to: &Sender) -> Option<()> {
    loop {
        send(to, token(" more")).await?;
        tokio::task::yield_now().await;
    }
}

/// Aborts after one token. The gate ensures that the token is out: a server may drop unsent data.
async fn break_off(to: &Sender, mut gate: watch::Receiver<bool>) -> Option<()> {
    send(to, token(TOKENS[0])).await?;
    gate.wait_for(|open| *open).await.ok()?;
    to.send(Err(io::ErrorKind::ConnectionReset.into()))
        .await
        .ok()
}
