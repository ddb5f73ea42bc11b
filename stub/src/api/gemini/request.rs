//! Parses a request to generate content.

use crate::api::{
    error::ApiError,
    message::{Message, Role, ToolCall},
    params::Params,
    prompt::{Format, Layout, Prompt, Tool, ToolChoice},
};
use serde_json::Value;

/// Parameters of the request without an effect on a scripted answer.
const WITHOUT_EFFECT: &[&str] = &["labels", "model", "safetySettings", "serviceTier", "store"];

/// Parameters of `generationConfig` without an effect on a scripted answer.
const CONFIG_WITHOUT_EFFECT: &[&str] = &[
    "enableEnhancedCivicAnswers",
    "mediaResolution",
    "responseModalities",
    "seed",
    "thinkingConfig",
];

/// Parameters of the request that the stub refuses.
const UNSUPPORTED: &[&str] = &["cachedContent"];

/// Parameters of `generationConfig` that the stub refuses.
const CONFIG_UNSUPPORTED: &[&str] = &[
    "imageConfig",
    "logprobs",
    "responseLogprobs",
    "speechConfig",
];

/// Parses the body of a request. The path has the model and whether the response is streamed.
///
/// # Errors
/// If the body is not JSON, or a parameter is missing, unknown, unsupported, of the wrong type, out
/// of range or contradictory.
pub fn parse(body: &[u8]) -> Result<Prompt, ApiError> {
    let mut params = Params::parse(body)?;
    params.rename_to_camel_case();
    let mut messages = Vec::new();
    if let Some(system) = params.take("systemInstruction") {
        read_parts(Role::System, &system["parts"], &mut messages)
            .map_err(|error| params.invalid("systemInstruction", error))?;
    }
    read_contents(&mut params, &mut messages)?;
    let (tools, tool_choice) = (tools(&mut params)?, tool_choice(&mut params)?);
    let mut prompt = Prompt {
        messages,
        tools,
        tool_choice,
        layout: Layout {
            include_usage: true,
            ..Layout::default()
        },
        ..Prompt::default()
    };
    if let Some(mut config) = params.object("generationConfig")? {
        config.rename_to_camel_case();
        read_config(config, &mut prompt)?;
    }
    params.accept(WITHOUT_EFFECT);
    params.refuse(UNSUPPORTED)?;
    params.finish()?;
    prompt.check("contents")?;
    Ok(prompt)
}

fn read_contents(params: &mut Params, messages: &mut Vec<Message>) -> Result<(), ApiError> {
    let contents = params.objects("contents")?;
    for mut content in contents.ok_or_else(|| params.missing("contents"))? {
        let role = match content
            .choice("role", &["user", "model", "function"])?
            .as_deref()
        {
            Some("model") => Role::Assistant,
            _ => Role::User,
        };
        let parts = content.required("parts")?;
        read_parts(role, &parts, messages).map_err(|error| content.invalid("parts", error))?;
    }
    Ok(())
}

/// Adds the messages that the parts of one content stand for: each tool result is a message.
fn read_parts(role: Role, parts: &Value, messages: &mut Vec<Message>) -> Result<(), String> {
    let mut message = Message::new(role, "");
    let mut results = Vec::new();
    for part in parts.as_array().ok_or("'parts' must be a list.")? {
        let either = |camel: &str, snake: &str| match &part[camel] {
            Value::Null => part[snake].clone(),
            value => value.clone(),
        };
        let call = either("functionCall", "function_call");
        let result = either("functionResponse", "function_response");
        let data = either("inlineData", "inline_data");
        if part["thought"] == true {
            continue;
        } else if let Some(text) = part["text"].as_str() {
            message.text += text;
        } else if call.is_object() {
            let (id, name) = call_id(&call)?;
            message.calls.push(ToolCall { id, name });
        } else if result.is_object() {
            let (id, _) = call_id(&result)?;
            results.push(Message::result(id, result["response"].to_string()));
        } else if data.is_object() {
            let kind = data["mimeType"].as_str().or(data["mime_type"].as_str());
            let (kind, data) = (kind.unwrap_or_default(), data["data"].as_str());
            let url = format!("data:{kind};base64,{}", data.unwrap_or_default());
            message.images.push(url);
        }
    }
    message.push_after(results, messages);
    Ok(())
}

/// Returns the id and the name of a function call or its response. Ids are optional in this API;
/// the name takes their place.
fn call_id(call: &Value) -> Result<(String, String), String> {
    let name = call["name"]
        .as_str()
        .ok_or("A function needs the string 'name'.")?;
    let id = call["id"].as_str().filter(|id| !id.is_empty());
    Ok((id.unwrap_or(name).to_owned(), name.to_owned()))
}

fn tools(params: &mut Params) -> Result<Vec<Tool>, ApiError> {
    let mut found = Vec::new();
    for mut tool in params.objects("tools")?.unwrap_or_default() {
        tool.rename_to_camel_case();
        for mut function in tool.objects("functionDeclarations")?.unwrap_or_default() {
            function.rename_to_camel_case();
            let schema = function.take("parametersJsonSchema");
            let schema = schema.or_else(|| function.take("parameters"));
            found.push(Tool {
                name: function.required_string("name")?,
                parameters: schema.unwrap_or_default(),
            });
        }
        // Refuses search, code execution and Google's other tools.
        tool.finish()?;
    }
    Ok(found)
}

fn tool_choice(params: &mut Params) -> Result<ToolChoice, ApiError> {
    let Some(mut config) = params.object("toolConfig")? else {
        return Ok(ToolChoice::Auto);
    };
    config.rename_to_camel_case();
    let Some(mut calling) = config.object("functionCallingConfig")? else {
        return Ok(ToolChoice::Auto);
    };
    calling.rename_to_camel_case();
    let names = calling.strings("allowedFunctionNames")?;
    let modes = ["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"];
    let mode = calling.choice("mode", &modes)?;
    Ok(match (mode.as_deref(), names.as_slice()) {
        (Some("ANY"), [name]) => ToolChoice::Named(name.clone()),
        (Some("ANY"), _) => ToolChoice::Required,
        (Some("NONE"), _) => ToolChoice::None,
        _ => ToolChoice::Auto,
    })
}

fn read_config(mut config: Params, prompt: &mut Prompt) -> Result<(), ApiError> {
    config.decimal("temperature", 0.0..=2.0)?;
    config.decimal("topP", 0.0..=1.0)?;
    config.decimal("topK", 0.0..=f64::MAX)?;
    config.decimal("presencePenalty", -2.0..=2.0)?;
    config.decimal("frequencyPenalty", -2.0..=2.0)?;
    prompt.max_tokens = config.token_limit("maxOutputTokens")?;
    prompt.stop = config.strings("stopSequences")?;
    if prompt.stop.len() > 5 || prompt.stop.iter().any(String::is_empty) {
        let message = "'stopSequences' takes at most 5 texts, none of them empty.";
        return Err(config.invalid("stopSequences", message));
    }
    if config
        .integer("candidateCount", 1)?
        .is_some_and(|count| count > 1)
    {
        let message = "The stub gives one candidate: 'candidateCount' must be 1.";
        return Err(config.invalid("candidateCount", message));
    }
    let schema = config.take("responseJsonSchema");
    let schema = schema.or_else(|| config.take("responseSchema"));
    prompt.format = match config.string("responseMimeType")?.as_deref() {
        None | Some("text/plain") => Format::Text,
        Some("application/json") => Format::Json(schema.unwrap_or_default()),
        Some(_) => return Err(config.unsupported("responseMimeType")),
    };
    config.accept(CONFIG_WITHOUT_EFFECT);
    config.refuse(CONFIG_UNSUPPORTED)?;
    config.finish()
}
