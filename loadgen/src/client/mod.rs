//! One user's side of HTTP: connect, ask, read the stream, say how it went.

mod connection;
mod exchange;
mod failure;
mod metered;
mod target;
mod transport;

pub use connection::Connection;
pub use exchange::{Answer, Exchange, Gap, Received};
pub use failure::Failure;
pub use metered::{Metered, Reads, Wire};
pub use target::{Request, Target};
pub use transport::{Transport, Trust};
