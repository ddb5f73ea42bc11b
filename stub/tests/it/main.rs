//! The stub over real sockets.

mod clients;
mod faults;
mod stream;
mod support;
