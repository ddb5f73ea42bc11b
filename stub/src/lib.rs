//! A scripted model server with OpenAI's API, for tests and load measurements.
//!
//! The stub answers on an exact schedule and stamps every event with its send time. With that, a
//! reader can measure the latency between the stub and itself. [`serve`] runs the stub inside a
//! test; the `stub` command runs it alone.
//!
//! [`server`] accepts a connection and passes it to a worker (one thread). `route` picks the
//! endpoint, and the [`Script`] turns the request into a reply, which is plain data. A stream then
//! sends the reply's pieces when the worker's timer says so.

mod api;
mod body;
mod config;
mod connection;
mod cursor;
pub mod fault;
mod generate;
mod non_streaming;
mod reply;
mod route;
mod script;
mod server;
mod shared_conn;
mod socket;
mod stats;
mod stream;
mod stream_writer;
mod timing;
mod wheel;
mod worker;
mod write_queue;

pub use config::Config;
pub use script::{Script, ScriptError};
pub use server::{bind, serve};
pub use timing::{Gap, Timing, duration};
