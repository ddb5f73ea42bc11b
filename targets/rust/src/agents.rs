//! `POST /agent` and `POST /sub-agents`.

use crate::{
    agent::Agent,
    event::{Emit, stream},
    model::{Message, Model},
    request::{Refusal, message},
    tools::{self, Tool, definition, mistake},
};
use axum::{body::Bytes, extract::State, response::IntoResponse};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

/// Answers with all tools.
pub async fn agent(State(model): State<Model>, body: Bytes) -> Result<impl IntoResponse, Refusal> {
    let question = Message::new("user", message(&body)?);
    answer(Agent::new(model, tools::all(), vec![question])).await
}

/// Answers with a planner whose tool runs a sub-agent.
pub async fn sub_agents(
    State(model): State<Model>,
    body: Bytes,
) -> Result<impl IntoResponse, Refusal> {
    let messages = conversation("You plan. Delegate, then sum up.", message(&body)?);
    let delegate = Delegate {
        model: model.clone(),
    };
    answer(Agent::new(model, vec![Box::new(delegate)], messages)).await
}

async fn answer(agent: Agent) -> Result<impl IntoResponse, Refusal> {
    let first = agent.ask().await?;
    Ok(stream(async move |emit: Emit| {
        agent.run(first, &emit).await.map(drop)
    }))
}

fn conversation(system: &str, user: String) -> Vec<Message> {
    vec![Message::new("system", system), Message::new("user", user)]
}

/// Gives a task to a sub-agent.
struct Delegate {
    model: Model,
}

#[derive(Deserialize)]
struct Arguments {
    task: String,
}

impl Delegate {
    async fn research(&self, task: String, emit: &Emit) -> anyhow::Result<Value> {
        let emit = emit.signed(&task);
        let messages = conversation("You research. Search first, then answer.", task);
        let agent = Agent::new(self.model.clone(), vec![tools::search()], messages);
        let first = agent.ask().await?;
        Ok(json!({ "answer": agent.run(first, &emit).await? }))
    }
}

impl Tool for Delegate {
    fn name(&self) -> &str {
        "delegate"
    }

    fn definition(&self) -> Value {
        definition(
            "delegate",
            "Gives a task to a researcher",
            &[("task", "string")],
        )
    }

    fn run<'a>(
        &'a self,
        arguments: &'a str,
        emit: &'a Emit,
    ) -> BoxFuture<'a, anyhow::Result<Value>> {
        Box::pin(async move {
            match serde_json::from_str(arguments) {
                Ok(Arguments { task }) => self.research(task, emit).await,
                Err(error) => Ok(mistake(error)),
            }
        })
    }
}
