//! Parses a request for a message.

use crate::api::{
    error::ApiError,
    message::{Message, Role, ToolCall},
    params::Params,
    prompt::{Format, Prompt, Tool, ToolChoice},
};
use serde_json::Value;

/// Parameters without an effect on a scripted answer.
const WITHOUT_EFFECT: &[&str] = &[
    "cache_control",
    "context_management",
    "metadata",
    "thinking",
];

/// Parameters that the stub refuses.
const UNSUPPORTED: &[&str] = &["container", "mcp_servers"];

/// Parses the body of a request.
///
/// # Errors
/// If the body is not JSON, or a parameter is missing, unknown, unsupported, of the wrong type, out
/// of range or contradictory.
pub fn parse(body: &[u8]) -> Result<Prompt, ApiError> {
    let mut params = Params::parse(body)?;
    let max_tokens = params.token_limit("max_tokens")?;
    let mut prompt = conversation(&mut params)?;
    prompt.max_tokens = Some(max_tokens.ok_or_else(|| params.missing("max_tokens"))?);
    params.decimal("temperature", 0.0..=1.0)?;
    params.decimal("top_p", 0.0..=1.0)?;
    params.integer("top_k", 0)?;
    params.choice("service_tier", &["auto", "standard_only"])?;
    prompt.stop = params.strings("stop_sequences")?;
    if prompt.stop.iter().any(|stop| stop.trim().is_empty()) {
        let message = "Each stop sequence must contain non-whitespace.";
        return Err(params.invalid("stop_sequences", message));
    }
    prompt.stream = params.bool("stream")?.unwrap_or_default();
    prompt.layout.include_usage = true;
    prompt.format = format(&mut params)?;
    params.finish()?;
    prompt.check("messages")?;
    Ok(prompt)
}

/// Parses a request to count tokens, and returns their number.
///
/// # Errors
/// If the body is not JSON, or a parameter is missing, unknown or of the wrong type.
pub fn count_tokens(body: &[u8]) -> Result<u64, ApiError> {
    let mut params = Params::parse(body)?;
    let prompt = conversation(&mut params)?;
    params.finish()?;
    prompt.check("messages")?;
    Ok(prompt.estimated_tokens())
}

/// Reads the parameters that a message and a count of tokens have in common.
fn conversation(params: &mut Params) -> Result<Prompt, ApiError> {
    let model = params.required_string("model")?;
    let mut messages = Vec::new();
    if let Some(system) = params.take("system") {
        messages.push(Message::new(Role::System, text_of(&system)));
    }
    let list = params.objects("messages")?;
    for mut message in list.ok_or_else(|| params.missing("messages"))? {
        let role = match message.choice("role", &["user", "assistant"])?.as_deref() {
            Some("user") => Role::User,
            Some(_) => Role::Assistant,
            None => return Err(message.missing("role")),
        };
        let content = message.required("content")?;
        read_content(role, &content, &mut messages)
            .map_err(|error| message.invalid("content", error))?;
    }
    params.accept(WITHOUT_EFFECT);
    params.refuse(UNSUPPORTED)?;
    let (tool_choice, single_call) = tool_choice(params)?;
    Ok(Prompt {
        model,
        messages,
        tools: tools(params)?,
        tool_choice,
        single_call,
        ..Prompt::default()
    })
}

/// Returns the text of a string or of text blocks.
fn text_of(content: &Value) -> String {
    if let Some(text) = content.as_str() {
        return text.to_owned();
    }
    let blocks = content.as_array().into_iter().flatten();
    blocks.filter_map(|block| block["text"].as_str()).collect()
}

/// Adds the messages that the content of one message stands for: each tool result is a message.
fn read_content(role: Role, content: &Value, messages: &mut Vec<Message>) -> Result<(), String> {
    let mut message = Message::new(role, "");
    let Some(blocks) = content.as_array() else {
        message.text = content
            .as_str()
            .ok_or("Input should be a string or a list.")?
            .into();
        messages.push(message);
        return Ok(());
    };
    let mut results = Vec::new();
    for block in blocks {
        let text = |name: &str| {
            let text = block[name].as_str().map(str::to_owned);
            text.ok_or_else(|| format!("The block needs the string '{name}'."))
        };
        match block["type"].as_str().unwrap_or_default() {
            "text" => message.text += &text("text")?,
            "image" => message.images.push(image_url(&block["source"])?),
            "tool_use" => message.calls.push(ToolCall {
                id: text("id")?,
                name: text("name")?,
            }),
            "tool_result" => {
                results.push(Message::result(
                    text("tool_use_id")?,
                    text_of(&block["content"]),
                ));
            }
            "thinking" | "redacted_thinking" | "document" => {}
            other => return Err(format!("The block type '{other}' is not supported.")),
        }
    }
    message.push_after(results, messages);
    Ok(())
}

fn image_url(source: &Value) -> Result<String, String> {
    let text = |name: &str| source[name].as_str();
    match (text("type"), text("media_type"), text("data"), text("url")) {
        (Some("base64"), Some(kind), Some(data), _) => Ok(format!("data:{kind};base64,{data}")),
        (Some("url"), _, _, Some(url)) => Ok(url.to_owned()),
        _ => Err("An image needs a source of type 'base64' or 'url'.".into()),
    }
}

fn tools(params: &mut Params) -> Result<Vec<Tool>, ApiError> {
    let tools = params.objects("tools")?.unwrap_or_default();
    let tool = |mut tool: Params| {
        if tool.string("type")?.is_some_and(|kind| kind != "custom") {
            return Err(tool.unsupported("type"));
        }
        Ok(Tool {
            name: tool.required_string("name")?,
            parameters: tool.required("input_schema")?,
        })
    };
    tools.into_iter().map(tool).collect()
}

fn tool_choice(params: &mut Params) -> Result<(ToolChoice, bool), ApiError> {
    let Some(mut choice) = params.object("tool_choice")? else {
        return Ok((ToolChoice::Auto, false));
    };
    let single = choice
        .bool("disable_parallel_tool_use")?
        .unwrap_or_default();
    let kinds = ["auto", "any", "tool", "none"];
    let tool_choice = match choice.choice("type", &kinds)?.as_deref() {
        Some("auto") => ToolChoice::Auto,
        Some("any") => ToolChoice::Required,
        Some("none") => ToolChoice::None,
        Some(_) => ToolChoice::Named(choice.required_string("name")?),
        None => return Err(choice.missing("type")),
    };
    choice.finish()?;
    Ok((tool_choice, single))
}

fn format(params: &mut Params) -> Result<Format, ApiError> {
    let older = params.object("output_format")?;
    let format = match params.object("output_config")? {
        None => older,
        Some(mut config) => {
            config.accept(&["effort"]);
            let format = config.object("format")?;
            config.finish()?;
            format.or(older)
        }
    };
    let Some(mut format) = format else {
        return Ok(Format::Text);
    };
    format.choice("type", &["json_schema"])?;
    Ok(Format::Json(format.required("schema")?))
}
