//! HTTP client of one user: connects, sends a request, reads the stream.

mod answer;
mod answer_head;
mod connection;
mod decode;
mod exchange;
mod failure;
mod framing;
mod head;
mod http1;
mod http2;
mod metered;
mod request;
mod socket;
mod target;
pub mod template;
mod transport;

pub use answer::{Answer, Gap, Received};
pub use answer_head::{ContentType, Head};
pub use connection::{Connection, Progress};
pub use decode::Encoding;
pub use exchange::Exchange;
pub use failure::Failure;
pub use metered::{Metered, Reads, Wire};
pub use request::Request;
pub use socket::Address;
pub use target::Target;
pub use template::{Template, Turn, Values};
pub use transport::{Transport, Trust};
