//! Parses a request for a response.

use crate::api::{
    error::ApiError,
    message::{Message, Role, ToolCall},
    params::Params,
    prompt::{Format, Layout, Prompt, Tool, ToolChoice},
};
use serde_json::Value;

/// Parameters without an effect on a scripted answer.
const WITHOUT_EFFECT: &[&str] = &[
    "include",
    "max_tool_calls",
    "metadata",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "seed",
    "store",
    "user",
];

/// Parameters that the stub refuses: it keeps no state between requests.
const UNSUPPORTED: &[&str] = &[
    "background",
    "conversation",
    "previous_response_id",
    "prompt",
    "top_logprobs",
];

/// Parses the body of a request.
///
/// # Errors
/// If the body is not JSON, or a parameter is missing, unknown, unsupported, of the wrong type, out
/// of range or contradictory.
pub fn parse(body: &[u8]) -> Result<Prompt, ApiError> {
    let mut params = Params::parse(body)?;
    let model = params.required_string("model")?;
    let mut messages = Vec::new();
    if let Some(instructions) = params.string("instructions")? {
        messages.push(Message::new(Role::System, instructions));
    }
    read_input(&mut params, &mut messages)?;
    params.decimal("temperature", 0.0..=2.0)?;
    params.decimal("top_p", 0.0..=1.0)?;
    params.choice("truncation", &["auto", "disabled"])?;
    let tiers = ["auto", "default", "flex", "scale", "priority"];
    params.choice("service_tier", &tiers)?;
    if let Some(mut reasoning) = params.object("reasoning")? {
        let efforts = ["none", "minimal", "low", "medium", "high", "xhigh"];
        reasoning.choice("effort", &efforts)?;
        let summaries = ["auto", "concise", "detailed"];
        reasoning.choice("summary", &summaries)?;
        reasoning.choice("generate_summary", &summaries)?;
        reasoning.finish()?;
    }
    params.accept(WITHOUT_EFFECT);
    params.refuse(UNSUPPORTED)?;
    let stream = params.bool("stream")?.unwrap_or_default();
    if let Some(mut options) = params.object("stream_options")? {
        options.bool("include_obfuscation")?;
        options.finish()?;
    }
    let prompt = Prompt {
        model,
        messages,
        stream,
        layout: Layout {
            include_usage: true,
            ..Layout::default()
        },
        max_tokens: params.token_limit("max_output_tokens")?,
        stop: Vec::new(),
        tools: tools(&mut params)?,
        tool_choice: tool_choice(&mut params)?,
        single_call: params.bool("parallel_tool_calls")? == Some(false),
        format: format(&mut params)?,
    };
    params.finish()?;
    prompt.check("input")?;
    Ok(prompt)
}

fn read_input(params: &mut Params, messages: &mut Vec<Message>) -> Result<(), ApiError> {
    match params.take("input") {
        None => Err(params.missing("input")),
        Some(Value::String(text)) => {
            messages.push(Message::new(Role::User, text));
            Ok(())
        }
        Some(Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                read_item(item, messages)
                    .map_err(|message| params.invalid(&format!("input[{index}]"), message))?;
            }
            Ok(())
        }
        Some(_) => Err(params.invalid("input", "'input' must be a string or an array.")),
    }
}

fn read_item(item: &Value, messages: &mut Vec<Message>) -> Result<(), String> {
    let text = |name: &str| {
        let text = item[name].as_str().map(str::to_owned);
        text.ok_or_else(|| format!("The item needs the string '{name}'."))
    };
    match item["type"].as_str().unwrap_or("message") {
        "message" => {
            let role = serde_json::from_value(item["role"].clone())
                .map_err(|error| format!("Invalid role: {error}."))?;
            let message = read_content(role, &item["content"]);
            match role {
                Role::Assistant => assistant(messages).text += &message.text,
                _ => messages.push(message),
            }
        }
        "function_call" => {
            let (id, name) = (text("call_id")?, text("name")?);
            assistant(messages).calls.push(ToolCall { id, name });
        }
        "function_call_output" => {
            let output = read_content(Role::Tool, &item["output"]).text;
            messages.push(Message::result(text("call_id")?, output));
        }
        "item_reference" => read_reference(&text("id")?, messages)?,
        // Reasoning and other items that the model has sent do not change the conversation.
        _ => {}
    }
    Ok(())
}

/// Adds the item that an id of this stub refers to. The stub keeps no items, so the ids contain
/// what the conversation needs.
fn read_reference(id: &str, messages: &mut Vec<Message>) -> Result<(), String> {
    if let Some(call) = id.strip_prefix("fc_") {
        let (unique, name) = call.split_once('_').ok_or("The stub sent no such item.")?;
        let (id, name) = (format!("call_{unique}"), name.to_owned());
        assistant(messages).calls.push(ToolCall { id, name });
    } else if id.starts_with("msg_") {
        assistant(messages);
    } else if !id.starts_with("rs_") && !id.starts_with("ig_") {
        return Err(format!("Item with id '{id}' not found."));
    }
    Ok(())
}

/// Returns the assistant message at the end of the conversation. The items of one answer are one
/// message.
fn assistant(messages: &mut Vec<Message>) -> &mut Message {
    if messages
        .last()
        .is_none_or(|last| last.role != Role::Assistant)
    {
        messages.push(Message::new(Role::Assistant, ""));
    }
    let last = messages.len() - 1;
    &mut messages[last]
}

fn read_content(role: Role, content: &Value) -> Message {
    let mut message = Message::new(role, content.as_str().unwrap_or_default());
    for part in content.as_array().into_iter().flatten() {
        if let Some(text) = part["text"].as_str() {
            message.text += text;
        }
        if let Some(url) = part["image_url"].as_str() {
            message.images.push(url.to_owned());
        }
    }
    message
}

fn tools(params: &mut Params) -> Result<Vec<Tool>, ApiError> {
    let tools = params.objects("tools")?.unwrap_or_default();
    let tool = |mut tool: Params| {
        match tool.string("type")?.as_deref() {
            Some("function") => {}
            Some(_) => return Err(tool.unsupported("type")),
            None => return Err(tool.missing("type")),
        }
        Ok(Tool {
            name: tool.required_string("name")?,
            parameters: tool.take("parameters").unwrap_or_default(),
        })
    };
    tools.into_iter().map(tool).collect()
}

fn tool_choice(params: &mut Params) -> Result<ToolChoice, ApiError> {
    let choice = params.take("tool_choice");
    let named = |choice: &Value| match choice["type"].as_str() {
        Some("function") => choice["name"].as_str().map(str::to_owned),
        _ => None,
    };
    match choice
        .as_ref()
        .map(|choice| (choice.as_str(), named(choice)))
    {
        None | Some((Some("auto"), _)) => Ok(ToolChoice::Auto),
        Some((Some("none"), _)) => Ok(ToolChoice::None),
        Some((Some("required"), _)) => Ok(ToolChoice::Required),
        Some((None, Some(name))) => Ok(ToolChoice::Named(name)),
        Some(_) => {
            let message = "'tool_choice' must be 'none', 'auto', 'required' or a function.";
            Err(params.invalid("tool_choice", message))
        }
    }
}

fn format(params: &mut Params) -> Result<Format, ApiError> {
    let Some(mut text) = params.object("text")? else {
        return Ok(Format::Text);
    };
    text.choice("verbosity", &["low", "medium", "high"])?;
    let format = text.object("format")?;
    text.finish()?;
    let Some(mut format) = format else {
        return Ok(Format::Text);
    };
    let kinds = ["text", "json_object", "json_schema"];
    match format.choice("type", &kinds)?.as_deref() {
        None => Err(format.missing("type")),
        Some("text") => Ok(Format::Text),
        Some("json_object") => Ok(Format::Json(Value::Null)),
        Some(_) => {
            format.required_string("name")?;
            Ok(Format::Json(format.required("schema")?))
        }
    }
}
