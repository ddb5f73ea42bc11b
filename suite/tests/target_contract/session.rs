//! One target, started for one case, with a model for itself.

use crate::{STUCK, client::Client, model::Model, postgres};
use hyper::Method;
use libtest_mimic::Failed;
use runner::target::{Arm, Running, StartOptions};
use serde_json::Value;
use std::sync::atomic::{AtomicUsize, Ordering};
use suite::service::{log::Log, redis::Redis};
use tempfile::TempDir;

/// A running target and its model.
pub struct Session {
    /// The arm.
    pub arm: Arm,
    /// The stand-in for the model.
    pub model: Model,
    /// The target.
    pub server: Running,
    /// Another process of the target, where two share rooms.
    second: Option<Running>,
    /// Number of clients of [`Session::any_client`] so far.
    clients: AtomicUsize,
    options: StartOptions,
    /// The Redis that they share; it ends after them.
    redis: Option<Redis>,
    logs: TempDir,
}

impl Session {
    /// Starts `arm` with a new model, and with a new database if it needs one.
    pub async fn start(arm: &Arm, database: Option<&str>) -> Result<Self, Failed> {
        let model = Model::start().await;
        let logs = TempDir::new()?;
        let mut options = StartOptions::new(model.url(), logs.path().join("target.log"));
        options.ready_timeout = STUCK;
        if let Some(engine) = database {
            let place = match engine {
                "postgres" => postgres::database().map_err(|error| error.to_string())?,
                _ => logs.path().join("threads.sqlite").display().to_string(),
            };
            options.env = vec![("DATABASE".to_owned(), place)];
        }
        let server = arm.start(&options).map_err(|error| error.to_string())?;
        Ok(Self {
            arm: arm.clone(),
            model,
            server,
            second: None,
            clients: AtomicUsize::new(0),
            options,
            redis: None,
            logs,
        })
    }

    /// Starts the target twice, with a Redis for both.
    pub fn share(&mut self) -> Result<(), Failed> {
        let fail = |error: anyhow::Error| Failed::from(format!("{error:#}"));
        let redis = Redis::start(&Log::file(&self.logs.path().join("redis.log"))).map_err(fail)?;
        let (name, url) = redis.variable();
        self.options.env.push((name.to_owned(), url));
        self.redis = Some(redis);
        self.restart();
        self.options.log = self.logs.path().join("second.log");
        let second = self.arm.start(&self.options);
        self.second = Some(second.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// Connects to the target, or to two processes of it in turns.
    pub async fn any_client(&self) -> Client {
        let turn = self.clients.fetch_add(1, Ordering::Relaxed);
        let second = self.second.as_ref().filter(|_| turn % 2 == 1);
        Client::connect(second.unwrap_or(&self.server).url()).await
    }

    /// Restarts the target with another model.
    pub fn ask_instead(&mut self, upstream: &str) {
        self.options.upstream = upstream.to_owned();
        self.restart();
    }

    /// Restarts the target; the old process ends.
    pub fn restart(&mut self) {
        self.options.log = self.logs.path().join("again.log");
        self.server = self.arm.start(&self.options).expect("it starts again");
    }

    /// Connects to the target.
    pub async fn client(&self) -> Client {
        Client::connect(self.server.url()).await
    }

    /// Returns the events of `POST /chat` with `message`, which must be answered by a stream.
    pub async fn events_of(&self, message: &str) -> Vec<String> {
        self.client()
            .await
            .chat(message)
            .await
            .stream()
            .rest()
            .await
    }

    /// Asserts that each of these bodies is a bad request to `path`, and that the model got no
    /// request.
    pub async fn refuses(&self, path: &str, bodies: &[&str]) {
        let mut client = self.client().await;
        for body in bodies {
            let body = body.as_bytes().to_vec();
            let answer = client.send(Method::POST, path, body).await;
            answer.refuses_with(400).await;
        }
        assert!(self.model.asked().is_empty(), "the model is not bothered");
    }

    /// Returns the events of a message posted to `path`, up to `[DONE]`.
    pub async fn happened(&self, path: &str, message: &str) -> Vec<Value> {
        let mut client = self.client().await;
        client.say(path, message).await.stream().until_done().await
    }
}
