//! Rust: crates are told by their path. A generic function carries the path of its crate, wherever it was compiled.

use super::{ALLOCATING, APPLICATION, CRYPTO, LOOPING, PARSING, SCHEDULING, UNKNOWN, anywhere};

const CRATES: [(&str, &[&str]); 5] = [
    (
        CRYPTO,
        &["rustls::", "ring::", "aws_lc", "sha2::", "sha1", "aes::"],
    ),
    (
        PARSING,
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
        LOOPING,
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
        SCHEDULING,
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
        ALLOCATING,
        &["alloc::raw_vec::", "alloc::alloc::", "__rust_realloc"],
    ),
];

/// What a function of a Rust program does; what is of no known crate is the program and its libraries.
pub(super) fn doing(function: &str) -> &'static str {
    if function.is_empty() {
        return UNKNOWN;
    }
    anywhere(&CRATES, function).unwrap_or(APPLICATION)
}
