//! Scripted conversations.
//!
//! A script is a list of replies, each with a condition. The first reply whose condition matches
//! the request is sent. The stub keeps no state between requests: like the real API, it gets the
//! whole conversation each time.

mod conversation;
mod file;
mod render;
mod when;

pub use conversation::Conversation;

use crate::{
    api::{error::ApiError, request::ChatRequest},
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
        Self {
            model: file::DEFAULT_MODEL.into(),
            rules: vec![Rule {
                name: "plain".into(),
                when: When::default(),
                template: ReplyTemplate::tokens(tokens),
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
    pub fn reply(&self, request: &ChatRequest) -> Result<Reply, ApiError> {
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
        let sent = pieces(&parts).min(request.limit());
        Ok(Reply {
            limit: request.limit(),
            finish: rule.finish(&parts, sent),
            timing: rule.timing.clone(),
            usage: Usage {
                prompt: rule.prompt_tokens.unwrap_or(conversation.prompt_tokens),
                completion: rule.completion_tokens.unwrap_or(sent.into()),
            },
            faults: rule.faults.clone(),
            parts,
        })
    }
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
