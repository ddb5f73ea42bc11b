//! Scripted conversations.
//!
//! A script is a list of replies, each with a condition. The first reply whose condition matches
//! the request is sent. The stub keeps no state between requests: like the real API, it gets the
//! whole conversation each time.

mod constrain;
mod conversation;
mod file;
mod render;
mod schema;
mod when;

pub use conversation::Conversation;

use crate::{
    api::{error::ApiError, prompt::Prompt},
    fault::Faults,
    reply::{Content, Finish, Part, Reply, Usage, pieces},
    timing::Timing,
};
use render::ReplyTemplate;
use std::path::{Path, PathBuf};
use when::When;

/// All replies of the stub.
#[derive(Debug)]
pub struct Script {
    /// Name of the model, for the list of models.
    pub model: String,
    /// Default schedule of replies.
    pub timing: Timing,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    when: When,
    template: ReplyTemplate,
    timing: Timing,
    finish: Option<Finish>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    faults: Faults,
}

/// The reason a script is not valid.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read the script {}: {source}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// The file does not follow the format of scripts.
    #[error("{}: {message}", path.display())]
    Format {
        /// Path of the file.
        path: PathBuf,
        /// Mistake and its place.
        message: String,
    },
}

impl Script {
    /// Builds a script that answers every request with `tokens` generated tokens.
    pub fn plain(tokens: u32, timing: Timing) -> Self {
        Self::reasoning(0, tokens, timing)
    }

    /// Builds a script that answers every request with generated tokens: first `reasoning` tokens
    /// of reasoning, then `tokens` of text.
    pub fn reasoning(reasoning: u32, tokens: u32, timing: Timing) -> Self {
        Self {
            model: file::DEFAULT_MODEL.into(),
            timing: timing.clone(),
            rules: vec![Rule {
                name: "plain".into(),
                when: When::default(),
                template: ReplyTemplate::tokens(reasoning, tokens),
                timing,
                finish: None,
                prompt_tokens: None,
                completion_tokens: None,
                faults: Faults::default(),
            }],
        }
    }

    /// Loads a script from a TOML file, or from JSON if the name ends in `.json`. `timing` is the
    /// default schedule.
    ///
    /// # Errors
    /// If the file cannot be read or is not a valid script.
    pub fn load(path: &Path, timing: &Timing) -> Result<Self, ScriptError> {
        let text = std::fs::read_to_string(path).map_err(|source| {
            let path = path.to_owned();
            ScriptError::Read { path, source }
        })?;
        file::parse(&text, path, timing).map_err(|message| {
            let path = path.to_owned();
            ScriptError::Format { path, message }
        })
    }

    /// Returns the number of replies.
    pub fn replies(&self) -> usize {
        self.rules.len()
    }

    /// Returns the reply to a request.
    ///
    /// # Errors
    /// If no condition matches, an image of the request is broken, or a template uses an undefined
    /// variable.
    pub fn reply(&self, request: &Prompt) -> Result<Reply, ApiError> {
        let conversation = Conversation::of(request)?;
        let rule = self
            .rules
            .iter()
            .find(|rule| rule.when.matches(&conversation))
            .ok_or_else(|| {
                let message = "No reply of the stub's script matches this request.";
                ApiError::invalid(message).with_code("script_no_match")
            })?;
        let parts = rule.template.parts(&conversation).map_err(|error| {
            ApiError::script(format!("In the script's reply `{}`: {error}", rule.name))
        })?;
        let (parts, stop_sequence) = constrain::fit(parts, request);
        let sent = pieces(&parts).min(request.limit());
        Ok(Reply {
            limit: request.limit(),
            finish: rule.finish(&parts, sent),
            timing: rule.timing.clone(),
            usage: Usage {
                prompt: rule.prompt_tokens.unwrap_or(conversation.prompt_tokens),
                completion: rule.completion_tokens.unwrap_or(sent.into()),
                reasoning: reasoning(&parts).min(sent.into()),
            },
            stop_sequence: stop_sequence.filter(|_| sent == pieces(&parts)),
            faults: rule.faults.clone(),
            parts,
        })
    }
}

/// Returns the number of reasoning tokens in all parts.
fn reasoning(parts: &[Part]) -> u64 {
    let count = |part: &Part| match part.content {
        Content::Reasoning(count) => count.into(),
        _ => 0,
    };
    parts.iter().map(count).sum()
}

impl Rule {
    fn finish(&self, parts: &[Part], sent: u32) -> Finish {
        if sent < pieces(parts) {
            return Finish::Length;
        }
        let calls = |part: &Part| matches!(part.content, Content::Call { .. });
        self.finish.unwrap_or(match parts.iter().any(calls) {
            true => Finish::ToolCalls,
            false => Finish::Stop,
        })
    }
}

#[cfg(test)]
mod tests;
