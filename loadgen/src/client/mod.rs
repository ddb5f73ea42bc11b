//! One user's side of HTTP: connect, ask, read the stream, say how it went.

mod connection;
mod exchange;
mod failure;
mod framing;
mod head;
mod http1;
mod http2;
mod metered;
mod request;
mod target;
pub mod template;
mod transport;

pub use connection::Connection;
pub use exchange::{Answer, Exchange, Gap, Received};
pub use failure::Failure;
pub use head::Head;
pub use metered::{Metered, Reads, Wire};
pub use request::Request;
pub use target::Target;
pub use template::{Template, Values};
pub use transport::{Transport, Trust};
