//! A scripted stand-in for an OpenAI-compatible streaming model.
//!
//! It answers `POST /v1/chat/completions` on an exact schedule and stamps every chunk with its send time, so that
//! what lies between the stub and a reader can be measured. [`serve`] runs it inside a test; the `stub` command runs
//! it alone.
//!
//! A request goes from [`server`] (accepts) over a worker (one thread) and the routes to the chat endpoint, where the
//! [`Script`] turns it into a reply: plain data, which a stream then plays on the worker's one timer.

mod api;
mod at_once;
mod body;
mod chat;
mod config;
mod cursor;
pub mod fault;
mod line;
mod outbox;
mod player;
mod reply;
mod route;
mod script;
mod server;
mod socket;
mod stats;
mod stream;
mod timing;
mod wheel;
mod worker;

pub use config::Config;
pub use script::{Script, ScriptError};
pub use server::{bind, serve};
pub use timing::{Gap, Timing, duration};
