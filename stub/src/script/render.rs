//! Renders a script's reply: expands templates and splits texts into tokens.

use super::Conversation;
use crate::reply::{Content, Part};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// One checked part of a script's reply.
#[derive(Clone, Debug)]
pub struct PartTemplate {
    /// Pause before the part.
    pub pause: Duration,
    /// Content of the part.
    pub kind: PartKind,
}

/// Content of a part of a script's reply.
#[derive(Clone, Debug)]
pub enum PartKind {
    /// Text, which may be a template.
    Text(String),
    /// A number of generated tokens.
    Tokens(u32),
    /// A number of generated reasoning tokens.
    Reasoning(u32),
    /// A tool call whose arguments are streamed in fragments. Strings in the arguments may be
    /// templates.
    Call {
        /// Name of the tool.
        name: String,
        /// Arguments: any JSON.
        arguments: Value,
        /// Number of fragments, at least 1.
        fragments: usize,
    },
    /// An image.
    Image(String),
}

/// The content of a script's reply.
#[derive(Clone, Debug)]
pub enum ReplyTemplate {
    /// The same parts for every request.
    Fixed(Arc<[Part]>),
    /// Templates that depend on the conversation.
    Rendered(Vec<PartTemplate>),
}

impl ReplyTemplate {
    /// Builds a reply of generated tokens, with `reasoning` reasoning tokens before them.
    pub fn tokens(reasoning: u32, count: u32) -> Self {
        let parts = [Content::Reasoning(reasoning), Content::Tokens(count)];
        Self::Fixed(never_empty(parts.map(Part::from).into()))
    }

    /// Checks the templates of a reply. Renders it immediately if it has none.
    ///
    /// # Errors
    /// If a template is not valid.
    pub fn new(lines: Vec<PartTemplate>) -> Result<Self, String> {
        let mut dynamic = false;
        for line in &lines {
            dynamic |= line.kind.check()?;
        }
        match dynamic {
            true => Ok(Self::Rendered(lines)),
            false => Ok(Self::Fixed(render(&lines, &|text| Ok(text.to_owned()))?)),
        }
    }

    /// Returns the parts of the reply to a conversation.
    ///
    /// # Errors
    /// If a template uses an undefined variable.
    pub fn parts(&self, conversation: &Conversation) -> Result<Arc<[Part]>, String> {
        match self {
            Self::Fixed(parts) => Ok(parts.clone()),
            Self::Rendered(lines) => {
                let environment = environment();
                render(lines, &|text| {
                    let rendered = environment.render_str(text, conversation);
                    rendered.map_err(|error| format!("{error:#}"))
                })
            }
        }
    }
}

type Expand<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl PartKind {
    /// Checks the templates, and returns whether there are any.
    fn check(&self) -> Result<bool, String> {
        let dynamic = std::cell::Cell::new(false);
        let check: Expand<'_> = &|text| {
            dynamic.set(dynamic.get() || text.contains("{{") || text.contains("{%"));
            let parsed = environment().template_from_str(text).map(drop);
            parsed.map_err(|error| format!("{error:#}"))?;
            Ok(String::new())
        };
        match self {
            Self::Text(text) => drop(check(text)?),
            Self::Call { arguments, .. } => drop(expand_json(arguments, check)?),
            Self::Tokens(_) | Self::Reasoning(_) | Self::Image(_) => {}
        }
        Ok(dynamic.get())
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // An undefined variable is a mistake in the script. It must not become an empty text.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

fn render(lines: &[PartTemplate], expand: Expand<'_>) -> Result<Arc<[Part]>, String> {
    let (mut calls, mut images) = (0, 0);
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        let begin = parts.len();
        match &line.kind {
            PartKind::Tokens(count) => parts.push(Content::Tokens(*count).into()),
            PartKind::Reasoning(count) => parts.push(Content::Reasoning(*count).into()),
            PartKind::Text(text) => parts.extend(tokens(&expand(text)?).map(Part::from)),
            PartKind::Image(url) => {
                let (index, url) = (images, url.clone());
                parts.push(Content::Image { index, url }.into());
                images += 1;
            }
            PartKind::Call {
                name,
                arguments,
                fragments,
            } => {
                let (index, name) = (calls, name.clone());
                parts.push(Content::Call { index, name }.into());
                let text = expand_json(arguments, expand)?.to_string();
                let fragments = fragments_of(&text, *fragments).into_iter();
                parts.extend(
                    fragments.map(|fragment| Content::Arguments { index, fragment }.into()),
                );
                calls += 1;
            }
        }
        if let Some(first) = parts.get_mut(begin) {
            first.pause = line.pause;
        }
    }
    Ok(never_empty(parts))
}

/// Returns parts with at least one piece, which the finish reason can follow.
pub fn never_empty(mut parts: Vec<Part>) -> Arc<[Part]> {
    if crate::reply::pieces(&parts) == 0 {
        parts.push(Content::Nothing.into());
    }
    parts.into()
}

/// Expands the templates in all strings of a JSON value.
fn expand_json(value: &Value, expand: Expand<'_>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(expand(text)?),
        Value::Array(values) => values
            .iter()
            .map(|value| expand_json(value, expand))
            .collect::<Result<_, _>>()?,
        Value::Object(entries) => {
            let filled = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), expand_json(value, expand)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// Splits text into words, each with the white space before it, as tokenizers do.
fn tokens(text: &str) -> impl Iterator<Item = Content> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest
            .find(|c: char| !c.is_whitespace())
            .unwrap_or(rest.len());
        let end = rest[word..]
            .find(char::is_whitespace)
            .map_or(rest.len(), |at| word + at);
        let (token, after) = rest.split_at(end);
        rest = after;
        (!token.is_empty()).then(|| Content::Text(token.to_owned()))
    })
}

/// Splits text between characters into at most `count` fragments of about the same length.
pub fn fragments_of(text: &str, count: usize) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    let length = characters.len().div_ceil(count).max(1);
    characters
        .chunks(length)
        .map(|piece| piece.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn splits_text_into_tokens_that_add_up(text in "\\PC{0,40}[ \\n]{0,3}\\PC{0,20}") {
            let pieces: Vec<_> = tokens(&text).collect();
            let joined: String = pieces.iter().map(|piece| match piece {
                Content::Text(text) => text.as_str(),
                _ => unreachable!(),
            }).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn splits_arguments_into_fragments_that_add_up(text in "\\PC{0,40}", count in 1usize..10) {
            let pieces = fragments_of(&text, count);
            prop_assert!(pieces.len() <= count);
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}
