//! What a reply says: from the script's parts to the pieces of an answer.

use super::Conversation;
use crate::reply::{Content, Part};
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// One part of a script's reply, checked.
#[derive(Clone, Debug)]
pub struct Line {
    /// Waited before it.
    pub pause: Duration,
    /// What it says.
    pub what: What,
}

/// What a part of a script's reply says.
#[derive(Clone, Debug)]
pub enum What {
    /// Text, which may be a template.
    Text(String),
    /// So many made-up tokens.
    Tokens(u32),
    /// A tool call whose arguments (with templates in their texts) are streamed in so many fragments.
    Call {
        /// The tool.
        name: String,
        /// Any JSON.
        arguments: Value,
        /// At least 1.
        fragments: usize,
    },
    /// An image.
    Image(String),
}

/// What a reply says.
#[derive(Clone, Debug)]
pub enum Say {
    /// The same to every request.
    Fixed(Arc<[Part]>),
    /// Something that depends on the conversation.
    Rendered(Vec<Line>),
}

impl Say {
    /// So many made-up tokens.
    pub fn tokens(count: u32) -> Self {
        Self::Fixed(never_empty(vec![Content::Tokens(count).into()]))
    }

    /// Checks the templates of a reply, and renders it now if there are none.
    ///
    /// # Errors
    /// If a template is wrong.
    pub fn new(lines: Vec<Line>) -> Result<Self, String> {
        let mut dynamic = false;
        for line in &lines {
            dynamic |= line.what.check()?;
        }
        match dynamic {
            true => Ok(Self::Rendered(lines)),
            false => Ok(Self::Fixed(render(&lines, &|text| Ok(text.to_owned()))?)),
        }
    }

    /// The parts of the answer.
    ///
    /// # Errors
    /// If a template asks for what the conversation does not have.
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

type Fill<'a> = &'a dyn Fn(&str) -> Result<String, String>;

impl What {
    /// Whether there is a template in it.
    fn check(&self) -> Result<bool, String> {
        let dynamic = std::cell::Cell::new(false);
        let check: Fill<'_> = &|text| {
            dynamic.set(dynamic.get() || text.contains("{{") || text.contains("{%"));
            let parsed = environment().template_from_str(text).map(drop);
            parsed.map_err(|error| format!("{error:#}"))?;
            Ok(String::new())
        };
        match self {
            Self::Text(text) => drop(check(text)?),
            Self::Call { arguments, .. } => drop(fill(arguments, check)?),
            Self::Tokens(_) | Self::Image(_) => {}
        }
        Ok(dynamic.get())
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    // A script that asks for a result which is not there is wrong, and must not go on with an empty text.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment
}

fn render(lines: &[Line], fill_text: Fill<'_>) -> Result<Arc<[Part]>, String> {
    let (mut calls, mut images) = (0, 0);
    let mut parts: Vec<Part> = Vec::new();
    for line in lines {
        let begin = parts.len();
        match &line.what {
            What::Tokens(count) => parts.push(Content::Tokens(*count).into()),
            What::Text(text) => parts.extend(tokens(&fill_text(text)?).map(Part::from)),
            What::Image(url) => {
                let (index, url) = (images, url.clone());
                parts.push(Content::Image { index, url }.into());
                images += 1;
            }
            What::Call {
                name,
                arguments,
                fragments,
            } => {
                let (index, name) = (calls, name.clone());
                parts.push(Content::Call { index, name }.into());
                let text = fill(arguments, fill_text)?.to_string();
                let fragments = cut(&text, *fragments).into_iter();
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

fn never_empty(mut parts: Vec<Part>) -> Arc<[Part]> {
    if crate::reply::pieces(&parts) == 0 {
        parts.push(Content::Nothing.into());
    }
    parts.into()
}

/// Fills in all texts of a JSON value.
fn fill(value: &Value, fill_text: Fill<'_>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill_text(text)?),
        Value::Array(values) => values
            .iter()
            .map(|value| fill(value, fill_text))
            .collect::<Result<_, _>>()?,
        Value::Object(entries) => {
            let filled = entries
                .iter()
                .map(|(key, value)| Ok((key.clone(), fill(value, fill_text)?)));
            Value::Object(filled.collect::<Result<_, String>>()?)
        }
        other => other.clone(),
    })
}

/// Cuts text into words, each with the white space before it, as tokenizers do.
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

/// Cuts text into at most `count` pieces of about the same length, between characters.
fn cut(text: &str, count: usize) -> Vec<String> {
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
        fn tokens_add_up_to_the_text(text in "\\PC{0,40}[ \\n]{0,3}\\PC{0,20}") {
            let pieces: Vec<_> = tokens(&text).collect();
            let joined: String = pieces.iter().map(|piece| match piece {
                Content::Text(text) => text.as_str(),
                _ => unreachable!(),
            }).collect();
            prop_assert_eq!(joined, text);
        }

        #[test]
        fn fragments_add_up_to_the_text(text in "\\PC{0,40}", count in 1usize..10) {
            let pieces = cut(&text, count);
            prop_assert!(pieces.len() <= count);
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}
