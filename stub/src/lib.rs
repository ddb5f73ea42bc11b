//! A scripted stand-in for an OpenAI-compatible streaming model.

mod chunk;
mod config;
mod reply;
mod route;
mod server;
mod socket;
mod stats;
mod stream;
mod wheel;
mod worker;

pub use config::Config;
pub use server::{bind, serve};
