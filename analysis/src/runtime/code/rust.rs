//! Rust: the path of a function names its crate. A generic function carries the path of its crate,
//! wherever it was compiled.

use super::{Rule, anywhere};
use recording::vocabulary::CodeCategory::{
    self, Allocation, Application, Crypto, EventLoop, Parsing, Scheduler, Unnamed,
};

const CRATES: [Rule; 5] = [
    (
        Crypto,
        &["rustls::", "ring::", "aws_lc", "sha2::", "sha1", "aes::"],
    ),
    (
        Parsing,
        &[
            "httparse::",
            "serde_json::",
            "core::fmt::",
            "core::str::",
            "core::num::",
            "itoa::",
            "memchr::",
        ],
    ),
    (
        EventLoop,
        &[
            "mio::",
            "tokio::runtime::io",
            "tokio::io::",
            "tokio::net::",
            "tokio::time::",
            "tokio::runtime::time",
        ],
    ),
    (
        Scheduler,
        &[
            "tokio::runtime::",
            "tokio::task::",
            "tokio::sync::",
            "parking_lot",
            "std::sync::",
            "futures_util::",
            "async_task::",
        ],
    ),
    (
        Allocation,
        &["alloc::raw_vec::", "alloc::alloc::", "__rust_realloc"],
    ),
];

/// Returns the category of a function; functions of no known crate are the program's and its
/// libraries'.
pub(super) fn category(function: &str) -> CodeCategory {
    if function.is_empty() {
        return Unnamed;
    }
    anywhere(&CRATES, function).unwrap_or(Application)
}
