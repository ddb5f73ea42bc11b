//! What a script can know of a request.

use crate::api::{
    error::ApiError,
    message::{Image, Role},
    request::ChatRequest,
};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The conversation so far; its public names are those of a script's templates.
#[derive(Clone, Debug, Serialize)]
pub struct Conversation {
    /// The model that is asked for.
    pub model: String,
    /// Text of the system's messages.
    pub system: String,
    /// Text of the last user message.
    pub user: String,
    /// Which answer of the model this will be, from 1.
    pub turn: usize,
    /// All images of the conversation.
    pub images: Vec<Image>,
    /// The latest result of each tool; data if it is JSON, otherwise text.
    pub results: BTreeMap<String, Value>,
    /// Who spoke last.
    #[serde(skip)]
    pub last: Role,
    /// Results that came since the model last spoke: the tool's name and the text.
    #[serde(skip)]
    pub fresh: Vec<(String, String)>,
    /// The tools that may be called.
    #[serde(skip)]
    pub offers: Vec<String>,
    /// Tokens of the request, estimated.
    #[serde(skip)]
    pub prompt_tokens: u64,
}

impl Conversation {
    /// What `request` tells.
    ///
    /// # Errors
    /// If one of its images is broken.
    pub fn of(request: &ChatRequest) -> Result<Self, ApiError> {
        let mut conversation = Self {
            model: request.model.clone(),
            system: String::new(),
            user: String::new(),
            turn: 1,
            images: request.images()?,
            results: BTreeMap::new(),
            last: Role::User,
            fresh: Vec::new(),
            offers: request.tools().map(str::to_owned).collect(),
            prompt_tokens: 0,
        };
        conversation.listen(request);
        Ok(conversation)
    }

    fn listen(&mut self, request: &ChatRequest) {
        let mut called = BTreeMap::new();
        let mut bytes = 0;
        for message in &request.messages {
            let text = message.text();
            bytes += text.len() as u64;
            self.last = message.role;
            match message.role {
                Role::System => self.system += &text,
                Role::User => self.user = text,
                Role::Assistant => {
                    self.turn += 1;
                    self.fresh.clear();
                    called.extend(
                        message
                            .calls()
                            .iter()
                            .map(|call| (&call.id, &call.function.name)),
                    );
                }
                Role::Tool => {
                    // The request was checked: each result belongs to a call.
                    let name = message.tool_call_id.as_ref().and_then(|id| called.get(id));
                    let name = name.map(|name| name.to_string()).unwrap_or_default();
                    let data =
                        serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
                    self.results.insert(name.clone(), data);
                    self.fresh.push((name, text));
                }
            }
        }
        // The rule of thumb for English. The stub has no tokenizer, and nothing is measured by this.
        self.prompt_tokens = bytes.div_ceil(4).max(1);
    }
}
