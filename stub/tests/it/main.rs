//! The stub over real sockets.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clients;
mod faults;
mod stream;
mod support;
mod transport;
