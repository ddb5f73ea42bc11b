//! The tools that the model may call.

use crate::event::Emit;
use futures_util::future::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// A tool that the model may call.
pub trait Tool: Send + Sync {
    fn name(&self) -> &str;

    /// Definition of the tool in the API's format.
    fn definition(&self) -> Value;

    /// Runs the tool. Its events go to the client, its result to the model.
    fn run<'a>(
        &'a self,
        arguments: &'a str,
        emit: &'a Emit,
    ) -> BoxFuture<'a, anyhow::Result<Value>>;
}

/// Returns the definition of a function whose parameters are all required.
pub fn definition(name: &str, description: &str, parameters: &[(&str, &str)]) -> Value {
    let properties: Map<String, Value> = parameters
        .iter()
        .map(|(name, kind)| ((*name).to_owned(), json!({ "type": kind })))
        .collect();
    let required: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "type": "function",
            "function": { "name": name, "description": description, "parameters": schema } })
}

/// Returns the result of a failed call, for the model.
pub fn mistake(why: impl ToString) -> Value {
    json!({ "error": why.to_string() })
}

/// A tool that waits as long as a fast service would take.
struct Service<A> {
    name: &'static str,
    description: &'static str,
    parameters: &'static [(&'static str, &'static str)],
    wait: Duration,
    answer: fn(A) -> Value,
}

impl<A: DeserializeOwned + Send> Tool for Service<A> {
    fn name(&self) -> &str {
        self.name
    }

    fn definition(&self) -> Value {
        definition(self.name, self.description, self.parameters)
    }

    fn run<'a>(
        &'a self,
        arguments: &'a str,
        _emit: &'a Emit,
    ) -> BoxFuture<'a, anyhow::Result<Value>> {
        Box::pin(async move {
            match serde_json::from_str(arguments) {
                Ok(arguments) => {
                    tokio::time::sleep(self.wait).await;
                    Ok((self.answer)(arguments))
                }
                Err(error) => Ok(mistake(error)),
            }
        })
    }
}

#[derive(Deserialize)]
struct Place {
    city: String,
}

#[derive(Deserialize)]
struct Query {
    query: String,
}

#[derive(Deserialize)]
struct Summands {
    a: f64,
    b: f64,
}

pub fn search() -> Box<dyn Tool> {
    Box::new(Service {
        name: "search",
        description: "Searches the web",
        parameters: &[("query", "string")],
        wait: Duration::from_millis(8),
        answer: |Query { query }| {
            let results = [1, 2, 3].map(|n| format!("{query} {n}"));
            json!({ "query": query, "results": results })
        },
    })
}

/// Returns all tools of the agent.
pub fn all() -> Vec<Box<dyn Tool>> {
    let weather = Service {
        name: "get_weather",
        description: "The weather in a city",
        parameters: &[("city", "string")],
        wait: Duration::from_millis(5),
        answer: |Place { city }| json!({ "city": city, "celsius": 21 }),
    };
    let time = Service {
        name: "get_time",
        description: "The time in a city",
        parameters: &[("city", "string")],
        wait: Duration::from_millis(3),
        answer: |Place { city }| json!({ "city": city, "time": "12:00" }),
    };
    let add = Service {
        name: "add",
        description: "Adds two numbers",
        parameters: &[("a", "number"), ("b", "number")],
        wait: Duration::from_millis(2),
        answer: |Summands { a, b }| json!({ "sum": number(a + b) }),
    };
    vec![Box::new(weather), Box::new(time), search(), Box::new(add)]
}

/// Formats a whole number without a fraction: 5 instead of 5.0.
fn number(value: f64) -> Value {
    match value as i64 {
        whole if whole as f64 == value => json!(whole),
        _ => json!(value),
    }
}
