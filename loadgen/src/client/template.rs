//! Templates of bodies and paths, with placeholders that differ from request to request.
//!
//! Other braces stay as they are, since JSON bodies contain many.

use crate::prompts::Prompts;
use bytes::Bytes;
use hyper::http::uri::PathAndQuery;
use std::io::Write as _;

/// Length of an answer where no trace asks for another.
const DEFAULT_OUTPUT_TOKENS: usize = 128;
/// Users who share a room.
const ROOM: usize = 50;

/// Values of the placeholders in one request.
#[derive(Clone, Copy, Debug, Default)]
pub struct Values<'a> {
    /// `{user}`: number of the user, from 0.
    pub user: usize,
    /// `{turn}`: number of requests that this user began before.
    pub turn: u64,
    /// `{iteration}`: number of times that this user completed all steps before.
    pub iteration: u64,
    /// `{run}`: identifier of the run, different in every run.
    pub run: &'a str,
    /// Number of the request among all of the run, from 0.
    pub index: u64,
    /// Prompts of the run; none for `hello`.
    pub prompts: Option<&'a Prompts>,
    /// Earlier turns of the conversation.
    pub history: &'a [Turn],
}

/// Turn of a conversation: two texts, each the inside of a JSON string.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Prompt of the user.
    pub prompt: Vec<u8>,
    /// Answer of the model.
    pub answer: Vec<u8>,
}

impl Values<'_> {
    /// Writes the prompt of this request, as the inside of a JSON string.
    pub fn write_prompt(&self, out: &mut Vec<u8>) {
        match self.prompts {
            Some(prompts) => prompts.write(self.index, out),
            None => out.extend_from_slice(b"hello"),
        }
    }
}

/// Template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    /// Text without placeholders: requests share it.
    Fixed(Bytes),
    /// Text with at least one placeholder.
    Filled(Vec<Piece>),
}

/// Piece of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Literal text.
    Text(Bytes),
    /// Placeholder.
    Value(Placeholder),
}

/// Placeholder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// `{user}`
    User,
    /// `{room}`: number of the room, from 0; fifty users share one.
    Room,
    /// `{turn}`
    Turn,
    /// `{iteration}`
    Iteration,
    /// `{run}`
    Run,
    /// `{prompt}`
    Prompt,
    /// `{messages}`: a JSON list of the conversation, in the form of OpenAI and Anthropic.
    Messages,
    /// `{contents}`: a JSON list of the conversation, in the form of Gemini.
    Contents,
    /// `{output_tokens}`: length of the answer that a trace asks for.
    OutputTokens,
}

impl Placeholder {
    /// Returns whether a path may contain it.
    fn suits_paths(self) -> bool {
        !matches!(self, Self::Prompt | Self::Messages | Self::Contents)
    }
}

/// Syntax of the placeholders.
const WRITTEN: [(&str, Placeholder); 9] = [
    ("{user}", Placeholder::User),
    ("{room}", Placeholder::Room),
    ("{turn}", Placeholder::Turn),
    ("{iteration}", Placeholder::Iteration),
    ("{run}", Placeholder::Run),
    ("{output_tokens}", Placeholder::OutputTokens),
    ("{prompt}", Placeholder::Prompt),
    ("{messages}", Placeholder::Messages),
    ("{contents}", Placeholder::Contents),
];

impl Template {
    /// Parses `text`.
    pub fn parse(text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let (mut pieces, mut begin) = (Vec::new(), 0);
        for at in memchr::memchr_iter(b'{', &text) {
            if let Some((written, placeholder)) = placeholder_at(&text[at..]) {
                pieces.extend((at > begin).then(|| Piece::Text(text.slice(begin..at))));
                pieces.push(Piece::Value(placeholder));
                begin = at + written.len();
            }
        }
        if pieces.is_empty() {
            return Self::Fixed(text);
        }
        pieces.extend((begin < text.len()).then(|| Piece::Text(text.slice(begin..))));
        Self::Filled(pieces)
    }

    /// Returns whether the template has one of these placeholders.
    pub fn has(&self, placeholders: &[Placeholder]) -> bool {
        let Self::Filled(pieces) = self else {
            return false;
        };
        pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Value(value) if placeholders.contains(value)))
    }

    /// Returns the text with `values` filled in.
    pub fn fill(&self, values: &Values<'_>) -> Bytes {
        match self {
            Self::Fixed(text) => text.clone(),
            Self::Filled(pieces) => {
                let mut text = Vec::new();
                pieces
                    .iter()
                    .for_each(|piece| piece.fill(values, &mut text));
                text.into()
            }
        }
    }
}

impl Piece {
    fn fill(&self, values: &Values<'_>, text: &mut Vec<u8>) {
        let written = match self {
            Self::Text(bytes) => text.write_all(bytes),
            Self::Value(Placeholder::User) => write!(text, "{}", values.user),
            Self::Value(Placeholder::Room) => write!(text, "{}", values.user / ROOM),
            Self::Value(Placeholder::Turn) => write!(text, "{}", values.turn),
            Self::Value(Placeholder::Iteration) => write!(text, "{}", values.iteration),
            Self::Value(Placeholder::Run) => text.write_all(values.run.as_bytes()),
            Self::Value(Placeholder::OutputTokens) => {
                let tokens = values
                    .prompts
                    .and_then(|prompts| prompts.output_tokens(values.index));
                write!(text, "{}", tokens.unwrap_or(DEFAULT_OUTPUT_TOKENS))
            }
            Self::Value(Placeholder::Prompt) => {
                values.write_prompt(text);
                Ok(())
            }
            Self::Value(Placeholder::Messages) => {
                write_conversation(values, &MESSAGES, text);
                Ok(())
            }
            Self::Value(Placeholder::Contents) => {
                write_conversation(values, &CONTENTS, text);
                Ok(())
            }
        };
        written.expect("memory takes any text");
    }
}

/// JSON around the texts of a conversation: before a prompt, before an answer, after either.
struct Form {
    prompt: &'static str,
    answer: &'static str,
    end: &'static str,
}

const MESSAGES: Form = Form {
    prompt: r#"{"role":"user","content":""#,
    answer: r#"{"role":"assistant","content":""#,
    end: r#""}"#,
};

const CONTENTS: Form = Form {
    prompt: r#"{"role":"user","parts":[{"text":""#,
    answer: r#"{"role":"model","parts":[{"text":""#,
    end: r#""}]}"#,
};

/// Writes the conversation up to this request's prompt as a JSON list.
fn write_conversation(values: &Values<'_>, form: &Form, out: &mut Vec<u8>) {
    out.push(b'[');
    for turn in values.history {
        for (begin, text) in [(form.prompt, &turn.prompt), (form.answer, &turn.answer)] {
            out.extend_from_slice(begin.as_bytes());
            out.extend_from_slice(text);
            out.extend_from_slice(form.end.as_bytes());
            out.push(b',');
        }
    }
    out.extend_from_slice(form.prompt.as_bytes());
    values.write_prompt(out);
    out.extend_from_slice(form.end.as_bytes());
    out.push(b']');
}

fn placeholder_at(text: &[u8]) -> Option<(&'static str, Placeholder)> {
    let mut all = WRITTEN.into_iter();
    all.find(|(written, _)| text.starts_with(written.as_bytes()))
}

/// Path and query of a URL, with placeholders.
#[derive(Clone, Debug)]
pub enum Path {
    /// Path without placeholders.
    Fixed(PathAndQuery),
    /// Path with at least one placeholder.
    Filled(Template),
}

impl Path {
    /// Parses a path.
    ///
    /// # Errors
    /// If the path is not valid in a URL, or has braces other than placeholders.
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') {
            return Err(format!("the path {text:?} does not begin with /"));
        }
        let template = Template::parse(text.to_owned());
        let unsuited = WRITTEN
            .iter()
            .find(|(written, placeholder)| !placeholder.suits_paths() && text.contains(written));
        if let Some((written, _)) = unsuited {
            return Err(format!(
                "the path {text:?} cannot have {written}: it belongs into a body"
            ));
        }
        let filled = template.fill(&Values::default());
        if filled.iter().any(|byte| matches!(byte, b'{' | b'}')) {
            let known = WRITTEN
                .iter()
                .filter(|(_, placeholder)| placeholder.suits_paths());
            let known: Vec<&str> = known.map(|(written, _)| *written).collect();
            let known = known.join(", ");
            return Err(format!(
                "the path {text:?} has braces other than those of {known}"
            ));
        }
        let path = PathAndQuery::try_from(&filled[..])
            .map_err(|error| format!("no URL has the path {text:?}: {error}"))?;
        Ok(match template {
            Template::Fixed(_) => Self::Fixed(path),
            filled => Self::Filled(filled),
        })
    }

    /// Returns the path with `values` filled in.
    pub fn fill(&self, values: &Values<'_>) -> PathAndQuery {
        match self {
            Self::Fixed(path) => path.clone(),
            Self::Filled(template) => PathAndQuery::from_maybe_shared(template.fill(values))
                .expect("letters and digits do not make a good path bad"),
        }
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
