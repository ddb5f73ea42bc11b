//! Parses a request for a chat completion, and refuses what the real API would refuse.

use crate::api::{
    error::ApiError,
    message::{Message, Role, ToolCall},
    params::Params,
    prompt::{Format, Layout, Prompt, Tool, ToolChoice},
};
use serde::Deserialize;
use serde_json::Value;

/// Sampling and bookkeeping parameters without an effect on a scripted answer. The second line has
/// those of vLLM, SGLang and OpenRouter.
const WITHOUT_EFFECT: &[&str] = &[
    "logit_bias",
    "metadata",
    "prediction",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "store",
    "user",
    "cache_salt",
    "chat_template_kwargs",
    "enable_thinking",
    "ignore_eos",
    "min_p",
    "provider",
    "reasoning",
    "repetition_penalty",
    "thinking",
    "top_k",
    "usage",
];

/// Parameters that the stub refuses.
const UNSUPPORTED: &[&str] = &[
    "audio",
    "function_call",
    "functions",
    "min_tokens",
    "web_search_options",
];

/// The most choices, and the most alternatives to a token, of the real API.
const MAX_CHOICES: u8 = 128;
const MAX_ALTERNATIVES: u8 = 20;

/// Parses the body of a request.
///
/// # Errors
/// If the body is not JSON, or a parameter is missing, unknown, unsupported, of the wrong type, out
/// of range or contradictory.
pub fn parse(body: &[u8]) -> Result<Prompt, ApiError> {
    let mut params = Params::parse(body)?;
    let model = params.required_string("model")?;
    let messages: Vec<WireMessage> = params.shape("messages")?;
    check_sampling(&mut params)?;
    let stream = params.bool("stream")?.unwrap_or_default();
    let older = params.token_limit("max_tokens")?;
    let prompt = Prompt {
        model,
        messages: messages.into_iter().map(Message::from).collect(),
        stream,
        layout: layout(&mut params, stream)?,
        max_tokens: params.token_limit("max_completion_tokens")?.or(older),
        stop: stop(&mut params)?,
        tools: tools(&mut params)?,
        tool_choice: tool_choice(&mut params)?,
        single_call: params.bool("parallel_tool_calls")? == Some(false),
        format: format(&mut params)?,
    };
    params.finish()?;
    prompt.check("messages")?;
    Ok(prompt)
}

fn check_sampling(params: &mut Params) -> Result<(), ApiError> {
    params.decimal("temperature", 0.0..=2.0)?;
    params.decimal("top_p", 0.0..=1.0)?;
    params.decimal("frequency_penalty", -2.0..=2.0)?;
    params.decimal("presence_penalty", -2.0..=2.0)?;
    let efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
    params.choice("reasoning_effort", &efforts)?;
    params.choice("verbosity", &["low", "medium", "high"])?;
    let tiers = ["auto", "default", "flex", "scale", "priority"];
    params.choice("service_tier", &tiers)?;
    for modality in params.strings("modalities")? {
        if !["text", "image"].contains(&modality.as_str()) {
            return Err(params.unsupported("modalities"));
        }
    }
    params.accept(WITHOUT_EFFECT);
    params.refuse(UNSUPPORTED)
}

fn layout(params: &mut Params, stream: bool) -> Result<Layout, ApiError> {
    let choices = up_to(params, "n", 1, MAX_CHOICES)?.unwrap_or(1);
    let probable = params.bool("logprobs")?.unwrap_or_default();
    let alternatives = up_to(params, "top_logprobs", 0, MAX_ALTERNATIVES)?;
    if alternatives.is_some_and(|count| count > 0) && !probable {
        let message = "'top_logprobs' needs 'logprobs' to be true.";
        return Err(params.invalid("top_logprobs", message));
    }
    Ok(Layout {
        include_usage: include_usage(params, stream)?,
        choices,
        alternatives: probable.then(|| alternatives.unwrap_or_default()),
        json_array: false,
    })
}

fn up_to(params: &mut Params, name: &str, least: i64, most: u8) -> Result<Option<u8>, ApiError> {
    let Some(number) = params.integer(name, least)? else {
        return Ok(None);
    };
    match u8::try_from(number).ok().filter(|number| *number <= most) {
        Some(number) => Ok(Some(number)),
        None => Err(params.invalid(name, format!("'{name}' must be at most {most}."))),
    }
}

/// Reads `stream_options`, and returns whether a stream ends with its usage.
///
/// # Errors
/// If the parameter is malformed, or the request does not stream.
pub fn include_usage(params: &mut Params, stream: bool) -> Result<bool, ApiError> {
    let Some(mut options) = params.object("stream_options")? else {
        return Ok(false);
    };
    if !stream {
        let message = "'stream_options' needs 'stream' to be true.";
        return Err(params.invalid("stream_options", message));
    }
    let include_usage = options.bool("include_usage")?.unwrap_or_default();
    options.accept(&["continuous_usage_stats", "include_obfuscation"]);
    options.finish()?;
    Ok(include_usage)
}

/// Reads `stop`: up to 4 texts that end the answer.
///
/// # Errors
/// If the parameter is malformed.
pub fn stop(params: &mut Params) -> Result<Vec<String>, ApiError> {
    let stop = params.strings("stop")?;
    match stop.len() > 4 || stop.iter().any(String::is_empty) {
        true => Err(params.invalid("stop", "'stop' takes at most 4 texts, none of them empty.")),
        false => Ok(stop),
    }
}

fn tools(params: &mut Params) -> Result<Vec<Tool>, ApiError> {
    let tools = params.objects("tools")?.unwrap_or_default();
    let tool = |mut tool: Params| {
        tool.choice("type", &["function"])?
            .ok_or_else(|| tool.missing("type"))?;
        let Some(mut function) = tool.object("function")? else {
            return Err(tool.missing("function"));
        };
        Ok(Tool {
            name: function.required_string("name")?,
            parameters: function.take("parameters").unwrap_or_default(),
        })
    };
    tools.into_iter().map(tool).collect()
}

fn tool_choice(params: &mut Params) -> Result<ToolChoice, ApiError> {
    let wrong = |params: &Params| {
        let message = "'tool_choice' must be 'none', 'auto', 'required' or a function.";
        params.invalid("tool_choice", message)
    };
    match params.take("tool_choice") {
        None => Ok(ToolChoice::Auto),
        Some(Value::String(text)) => match text.as_str() {
            "auto" => Ok(ToolChoice::Auto),
            "none" => Ok(ToolChoice::None),
            "required" => Ok(ToolChoice::Required),
            _ => Err(wrong(params)),
        },
        Some(choice) => match choice["function"]["name"].as_str() {
            Some(name) if choice["type"] == "function" => Ok(ToolChoice::Named(name.into())),
            _ => Err(wrong(params)),
        },
    }
}

fn format(params: &mut Params) -> Result<Format, ApiError> {
    let Some(mut format) = params.object("response_format")? else {
        return Ok(Format::Text);
    };
    let kinds = ["text", "json_object", "json_schema"];
    match format.choice("type", &kinds)?.as_deref() {
        None => Err(format.missing("type")),
        Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(Format::Json(Value::Null)),
        Some(_) => {
            let Some(mut schema) = format.object("json_schema")? else {
                return Err(format.missing("json_schema"));
            };
            schema.required_string("name")?;
            Ok(Format::Json(schema.take("schema").unwrap_or_default()))
        }
    }
}

#[derive(Deserialize)]
struct WireMessage {
    role: Role,
    content: Option<WireContent>,
    #[serde(default)]
    tool_calls: Option<Vec<WireCall>>,
    #[serde(default)]
    tool_call_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Text(String),
    Parts(Vec<WirePart>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WirePart {
    Text { text: String },
    ImageUrl { image_url: ImageUrl },
    InputAudio {},
    File {},
    Refusal {},
}

#[derive(Deserialize)]
struct ImageUrl {
    url: String,
}

#[derive(Deserialize)]
struct WireCall {
    id: String,
    function: WireFunction,
}

#[derive(Deserialize)]
struct WireFunction {
    name: String,
}

impl From<WireMessage> for Message {
    fn from(wire: WireMessage) -> Self {
        let mut message = Self::new(wire.role, "");
        match wire.content {
            None => {}
            Some(WireContent::Text(text)) => message.text = text,
            Some(WireContent::Parts(parts)) => {
                for part in parts {
                    match part {
                        WirePart::Text { text } => message.text += &text,
                        WirePart::ImageUrl { image_url } => message.images.push(image_url.url),
                        // Counted as parts of the message, but not looked at.
                        WirePart::InputAudio {} | WirePart::File {} | WirePart::Refusal {} => {}
                    }
                }
            }
        }
        let calls = wire.tool_calls.into_iter().flatten();
        message.calls = calls
            .map(|call| ToolCall {
                id: call.id,
                name: call.function.name,
            })
            .collect();
        message.tool_call_id = wire.tool_call_id;
        message
    }
}

#[cfg(test)]
mod tests;
