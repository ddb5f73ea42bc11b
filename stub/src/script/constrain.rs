//! Fits a reply to the constraints of its request: tool choice, structured answers, stop texts.

use super::{
    render::{fragments_of, never_empty},
    schema::instance,
};
use crate::{
    api::prompt::{Format, Prompt, Tool, ToolChoice},
    reply::{Content, Part},
};
use serde_json::Value;
use std::sync::Arc;

/// Returns the parts of a reply that the request allows, and the text of its `stop` that has ended
/// the answer. Requests without constraints get the parts unchanged.
pub fn fit(parts: Arc<[Part]>, prompt: &Prompt) -> (Arc<[Part]>, Option<String>) {
    let mut fitted = parts;
    if prompt.tool_choice != ToolChoice::Auto || prompt.single_call {
        fitted = never_empty(choose_tools(&fitted, prompt));
    }
    if let Format::Json(schema) = &prompt.format {
        fitted = never_empty(to_json(&fitted, schema));
    }
    match prompt.stop.is_empty() {
        true => (fitted, None),
        false => {
            let (parts, stop) = cut_at_stop(&fitted, &prompt.stop);
            (never_empty(parts), stop)
        }
    }
}

fn is_call(part: &Part) -> bool {
    matches!(
        part.content,
        Content::Call { .. } | Content::Arguments { .. }
    )
}

/// Keeps the calls that the request allows. Generates a call if it requires one that the script
/// does not have.
fn choose_tools(parts: &[Part], prompt: &Prompt) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::new();
    let (mut keep, mut calls) = (false, 0);
    for part in parts {
        let mut part = part.clone();
        match &mut part.content {
            Content::Call { index, name } => {
                let allowed = match &prompt.tool_choice {
                    ToolChoice::None => false,
                    ToolChoice::Named(wanted) => wanted == name,
                    ToolChoice::Auto | ToolChoice::Required => true,
                };
                keep = allowed && (calls == 0 || !prompt.single_call);
                *index = calls;
                calls += u32::from(keep);
            }
            Content::Arguments { index, .. } => *index = calls.saturating_sub(1),
            _ => {}
        }
        if keep || !is_call(&part) {
            kept.push(part);
        }
    }
    let required = match &prompt.tool_choice {
        ToolChoice::Named(name) => prompt.tools.iter().find(|tool| tool.name == *name),
        ToolChoice::Required => prompt.tools.first(),
        ToolChoice::Auto | ToolChoice::None => None,
    };
    match required {
        Some(tool) if calls == 0 => generated_call(tool),
        _ => kept,
    }
}

/// Generates a call whose arguments the tool's schema accepts.
fn generated_call(tool: &Tool) -> Vec<Part> {
    let name = tool.name.clone();
    let arguments = instance(&tool.parameters).to_string();
    let fragments = fragments_of(&arguments, arguments.len().div_ceil(8)).into_iter();
    let call = Content::Call { index: 0, name };
    let fragments = fragments.map(|fragment| Content::Arguments { index: 0, fragment });
    std::iter::once(call)
        .chain(fragments)
        .map(Part::from)
        .collect()
}

/// Replaces the text of an answer by generated JSON, unless it is JSON or there are tool calls.
fn to_json(parts: &[Part], schema: &Value) -> Vec<Part> {
    let expanded = expand(parts);
    let text: String = expanded.iter().filter_map(text_of).collect();
    let is_json = serde_json::from_str::<Value>(&text).is_ok();
    if is_json || parts.iter().any(is_call) {
        return expanded;
    }
    let json = instance(schema).to_string();
    let pieces = fragments_of(&json, json.len().div_ceil(8)).into_iter();
    let others = expanded.into_iter().filter(|part| text_of(part).is_none());
    others
        .chain(pieces.map(|piece| Content::Text(piece).into()))
        .collect()
}

fn text_of(part: &Part) -> Option<&str> {
    match &part.content {
        Content::Text(text) => Some(text),
        _ => None,
    }
}

/// Cuts an answer before the first of the stop texts, and returns that text.
fn cut_at_stop(parts: &[Part], stops: &[String]) -> (Vec<Part>, Option<String>) {
    let expanded = expand(parts);
    let text: String = expanded.iter().filter_map(text_of).collect();
    let found = stops
        .iter()
        .filter_map(|stop| Some((text.find(stop.as_str())?, stop)));
    let Some((end, stop)) = found.min_by_key(|(at, _)| *at) else {
        return (expanded, None);
    };
    let (mut kept, mut at) = (Vec::new(), 0);
    for mut part in expanded {
        if let Content::Text(text) = &mut part.content {
            let left = end - at;
            at += text.len();
            if at > end {
                text.truncate(left);
                if !text.is_empty() {
                    kept.push(part);
                }
                break;
            }
        }
        kept.push(part);
    }
    (kept, Some(stop.clone()))
}

/// Replaces generated tokens by their texts.
fn expand(parts: &[Part]) -> Vec<Part> {
    let mut expanded = Vec::new();
    for part in parts {
        let Content::Tokens(count) = part.content else {
            expanded.push(part.clone());
            continue;
        };
        let begin = expanded.len();
        expanded.extend((0..count).map(|n| Part::from(Content::Text(format!(" tok{n}")))));
        if let Some(first) = expanded.get_mut(begin) {
            first.pause = part.pause;
        }
    }
    expanded
}
