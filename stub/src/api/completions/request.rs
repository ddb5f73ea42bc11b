//! Parses a request for a completion.

use crate::api::{
    chat,
    error::ApiError,
    message::{Message, Role},
    params::Params,
    prompt::{Layout, Prompt},
};
use serde_json::Value;

/// Parameters without an effect on a scripted answer. The second line has those of vLLM.
const WITHOUT_EFFECT: &[&str] = &[
    "logit_bias",
    "seed",
    "user",
    "ignore_eos",
    "min_p",
    "repetition_penalty",
    "top_k",
];

/// Parameters that the stub refuses.
const UNSUPPORTED: &[&str] = &["echo", "min_tokens", "suffix"];

/// Parses the body of a request. Unlike in the real API, there is no default limit of tokens.
///
/// # Errors
/// If the body is not JSON, or a parameter is missing, unknown, unsupported, of the wrong type, out
/// of range or contradictory.
pub fn parse(body: &[u8]) -> Result<Prompt, ApiError> {
    let mut params = Params::parse(body)?;
    let model = params.required_string("model")?;
    let text = text(&mut params)?;
    params.decimal("temperature", 0.0..=2.0)?;
    params.decimal("top_p", 0.0..=1.0)?;
    params.decimal("frequency_penalty", -2.0..=2.0)?;
    params.decimal("presence_penalty", -2.0..=2.0)?;
    for name in ["n", "best_of"] {
        if params.integer(name, 1)?.is_some_and(|n| n > 1) {
            let message = format!("The stub gives one choice: '{name}' must be 1.");
            return Err(params.invalid(name, message));
        }
    }
    params.accept(WITHOUT_EFFECT);
    params.refuse(UNSUPPORTED)?;
    // Here, 0 asks for the probability of each chosen token.
    if params.take("logprobs").is_some() {
        return Err(params.unsupported("logprobs"));
    }
    let stream = params.bool("stream")?.unwrap_or_default();
    let prompt = Prompt {
        model,
        messages: vec![Message::new(Role::User, text)],
        stream,
        layout: Layout {
            include_usage: chat::include_usage(&mut params, stream)?,
            ..Layout::default()
        },
        max_tokens: params.token_limit("max_tokens")?,
        stop: chat::stop(&mut params)?,
        ..Prompt::default()
    };
    params.finish()?;
    Ok(prompt)
}

/// Reads the prompt: a text, or a list of tokens or of one text.
fn text(params: &mut Params) -> Result<String, ApiError> {
    let prompt = params.required("prompt")?;
    match &prompt {
        Value::String(text) => Ok(text.clone()),
        Value::Array(values) => match values.as_slice() {
            [Value::String(text)] => Ok(text.clone()),
            [tokens @ Value::Array(_)] => Ok(tokens.to_string()),
            tokens if tokens.iter().all(Value::is_u64) && !tokens.is_empty() => {
                Ok(prompt.to_string())
            }
            _ => Err(params.invalid("prompt", "The stub answers one prompt per request.")),
        },
        _ => Err(params.invalid("prompt", "'prompt' must be a text or a list.")),
    }
}
