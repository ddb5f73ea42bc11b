//! Scripted conversations: which request gets which reply.
//!
//! A script is a list of replies, each with a condition; the first whose condition holds answers. The stub keeps no
//! state between requests: like the real API it sees the whole conversation each time, and so does the script.

mod conversation;
mod file;
mod say;
mod when;

pub use conversation::Conversation;

use crate::{
    api::{error::ApiError, request::ChatRequest},
    fault::Faults,
    reply::{Content, Finish, Part, Reply, Usage, pieces},
    timing::Timing,
};
use say::Say;
use std::path::{Path, PathBuf};
use when::When;

/// All replies the stub can give.
#[derive(Debug)]
pub struct Script {
    /// The name of the model, for the list of models.
    pub model: String,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    when: When,
    say: Say,
    timing: Timing,
    finish: Option<Finish>,
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    faults: Faults,
}

/// Why a script cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// The file cannot be read.
    #[error("cannot read the script {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not in the format of scripts.
    #[error("{}: {message}", path.display())]
    Format {
        /// Which file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
}

impl Script {
    /// The script without a script: every request is answered with `tokens` made-up tokens.
    pub fn plain(tokens: u32, timing: Timing) -> Self {
        Self {
            model: file::DEFAULT_MODEL.into(),
            rules: vec![Rule {
                name: "plain".into(),
                when: When::default(),
                say: Say::tokens(tokens),
                timing,
                finish: None,
                prompt_tokens: None,
                completion_tokens: None,
                faults: Faults::default(),
            }],
        }
    }

    /// Reads a script from a TOML file, or a JSON file if its name ends so. `timing` is that of replies without one.
    ///
    /// # Errors
    /// If the file cannot be read, or says something that scripts cannot say.
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

    /// How many replies it has.
    pub fn replies(&self) -> usize {
        self.rules.len()
    }

    /// The reply to a request.
    ///
    /// # Errors
    /// If no condition holds, an image of the request is broken, or a text asks for what is not in the conversation.
    pub fn reply(&self, request: &ChatRequest) -> Result<Reply, ApiError> {
        let conversation = Conversation::of(request)?;
        let rule = self
            .rules
            .iter()
            .find(|rule| rule.when.holds(&conversation))
            .ok_or_else(|| {
                let message = "No reply of the stub's script fits this request.";
                ApiError::invalid(message).with_code("script_no_match")
            })?;
        let parts = rule.say.parts(&conversation).map_err(|error| {
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
