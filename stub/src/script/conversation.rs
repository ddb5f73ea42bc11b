//! The view of a request that conditions and templates use.

use crate::api::{
    error::ApiError,
    message::{Image, Role},
    prompt::Prompt,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The conversation so far. Serialized fields are the variables of a script's templates.
#[derive(Clone, Debug, Serialize)]
pub struct Conversation {
    /// Requested model.
    pub model: String,
    /// Text of the system messages.
    pub system: String,
    /// Text of the last user message.
    pub user: String,
    /// Position of the answer among the model's answers, from 1.
    pub turn: usize,
    /// All images of the conversation.
    pub images: Vec<Image>,
    /// Latest result of each tool: data if it is JSON, otherwise text.
    pub results: BTreeMap<String, Value>,
    /// Role of the last message.
    #[serde(skip)]
    pub last: Role,
    /// Tool results since the model's last message: name of the tool and text.
    #[serde(skip)]
    pub new_results: Vec<(String, String)>,
    /// Names of the tools that the model may call.
    #[serde(skip)]
    pub offers: Vec<String>,
    /// Estimated tokens of the request.
    #[serde(skip)]
    pub prompt_tokens: u64,
}

impl Conversation {
    /// Summarizes a request.
    ///
    /// # Errors
    /// If an image of the request is broken.
    pub fn of(request: &Prompt) -> Result<Self, ApiError> {
        let mut conversation = Self {
            model: request.model.clone(),
            system: String::new(),
            user: String::new(),
            turn: 1,
            images: request.images()?,
            results: BTreeMap::new(),
            last: Role::User,
            new_results: Vec::new(),
            offers: request.tool_names().map(str::to_owned).collect(),
            prompt_tokens: request.estimated_tokens(),
        };
        conversation.read(request);
        Ok(conversation)
    }

    fn read(&mut self, request: &Prompt) {
        let mut called = BTreeMap::new();
        for message in &request.messages {
            let text = message.text.clone();
            self.last = message.role;
            match message.role {
                Role::System => self.system += &text,
                Role::User => self.user = text,
                Role::Assistant => {
                    self.turn += 1;
                    self.new_results.clear();
                    called.extend(message.calls.iter().map(|call| (&call.id, &call.name)));
                }
                Role::Tool => {
                    // `Prompt::check` has checked that each result belongs to a call.
                    let name = message.tool_call_id.as_ref().and_then(|id| called.get(id));
                    let name = name.map(|name| name.to_string()).unwrap_or_default();
                    let data =
                        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
                    self.results.insert(name.clone(), data);
                    self.new_results.push((name, text));
                }
            }
        }
    }
}
