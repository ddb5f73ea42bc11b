//! The stub over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod apis;
mod clients;
mod descriptors;
mod faults;
mod http2;
mod layouts;
mod refusals;
mod stream;
mod support;
mod transport;
