//! An agent: asks the model and runs its tools, turn by turn, until the model answers.

use crate::{
    event::{Emit, What},
    model::{Call, Delta, Message, Model},
    tools::{self, Tool},
};
use anyhow::bail;
use futures_util::{Stream, StreamExt, future::try_join_all, pin_mut};
use serde_json::{Value, json};

const MAX_TURNS: usize = 20;

/// A conversation of the model with its tools.
pub struct Agent {
    model: Model,
    tools: Vec<Box<dyn Tool>>,
    definitions: Vec<Value>,
    messages: Vec<Message>,
}

impl Agent {
    pub fn new(model: Model, tools: Vec<Box<dyn Tool>>, messages: Vec<Message>) -> Self {
        let definitions = tools.iter().map(|tool| tool.definition()).collect();
        Self {
            model,
            tools,
            definitions,
            messages,
        }
    }

    /// Asks the model for its next turn.
    pub async fn ask(
        &self,
    ) -> anyhow::Result<impl Stream<Item = anyhow::Result<Delta>> + Send + use<>> {
        self.model.ask(&self.messages, &self.definitions).await
    }

    /// Runs until the model calls no tool, and returns the text of that turn.
    pub async fn run(
        mut self,
        first: impl Stream<Item = anyhow::Result<Delta>> + Send,
        emit: &Emit,
    ) -> anyhow::Result<String> {
        let (mut text, mut calls) = forward(first, emit).await?;
        for _ in 1..MAX_TURNS {
            if calls.is_empty() {
                return Ok(text);
            }
            let results = self.call_all(&calls, emit).await?;
            self.messages.push(Message::calls(text, calls));
            self.messages.extend(results);
            (text, calls) = forward(self.ask().await?, emit).await?;
        }
        match calls.is_empty() {
            true => Ok(text),
            false => bail!("no answer after {MAX_TURNS} turns"),
        }
    }

    /// Runs all calls concurrently, and returns their messages to the model in the order of the
    /// calls.
    async fn call_all(&self, calls: &[Call], emit: &Emit) -> anyhow::Result<Vec<Message>> {
        for call in calls {
            let text = &call.function.arguments;
            emit.send(What::ToolCall {
                id: call.id.clone(),
                name: call.function.name.clone(),
                arguments: serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
            })
            .await?;
        }
        try_join_all(calls.iter().map(|call| self.call(call, emit))).await
    }

    async fn call(&self, call: &Call, emit: &Emit) -> anyhow::Result<Message> {
        let (id, name) = (&call.id, &call.function.name);
        let result = match self.tools.iter().find(|tool| tool.name() == name) {
            Some(tool) => tool.run(&call.function.arguments, emit).await?,
            None => tools::mistake(format!("there is no tool {name}")),
        };
        let message = Message::result(id, &result);
        let (id, name) = (id.clone(), name.clone());
        emit.send(What::ToolResult { id, name, result }).await?;
        Ok(message)
    }
}

/// Sends the model's tokens, and returns the text and the tool calls.
async fn forward(
    deltas: impl Stream<Item = anyhow::Result<Delta>>,
    emit: &Emit,
) -> anyhow::Result<(String, Vec<Call>)> {
    let (mut text, mut calls) = (String::new(), Vec::<Call>::new());
    pin_mut!(deltas);
    while let Some(delta) = deltas.next().await {
        let delta = delta?;
        // The first delta of a call has its id and name; each has a fragment of its arguments.
        for part in delta.tool_calls {
            if part.index >= calls.len() {
                calls.push(Call::new(part.id, part.function.name));
            }
            if let Some(call) = calls.last_mut() {
                call.function.arguments += &part.function.arguments;
            }
        }
        if let Some(content) = delta.content.filter(|content| !content.is_empty()) {
            text += &content;
            emit.send(What::Content(content)).await?;
        }
    }
    Ok((text, calls))
}
