//! Rust: the path of a function names its crate. A generic function carries the path of its crate,
//! wherever it was compiled.

use super::{Rule, anywhere};
use recording::vocabulary::CodeCategory::{
    self, Allocation, Application, Crypto, EventLoop, Http, Json, Parsing, Regex, Scheduler, Text,
    Timers, Unnamed,
};

const CRATES: [Rule; 10] = [
    (Regex, &["regex::", "regex_automata::", "aho_corasick::"]),
    (Json, &["serde_json::", "simd_json::", "sonic_rs::"]),
    (Http, &["httparse::", "hyper::proto::", "h2::", "http::"]),
    (Text, &["core::str::", "memchr::", "alloc::string::"]),
    (Timers, &["tokio::time::", "tokio::runtime::time"]),
    (
        Crypto,
        &["rustls::", "ring::", "aws_lc", "sha2::", "sha1", "aes::"],
    ),
    (Parsing, &["core::fmt::", "core::num::", "itoa::"]),
    (
        EventLoop,
        &["mio::", "tokio::runtime::io", "tokio::io::", "tokio::net::"],
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
