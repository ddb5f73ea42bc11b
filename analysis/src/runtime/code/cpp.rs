//! C and C++: namespaces tell. asio is the loop and the scheduler of what is written with it.

use super::{APPLICATION, LOOPING, PARSING, SCHEDULING, UNKNOWN, anywhere};

const NAMESPACES: [(&str, &[&str]); 3] = [
    (
        PARSING,
        &[
            "beast::http",
            "nlohmann::",
            "simdjson::",
            "rapidjson::",
            "std::to_chars",
            "std::from_chars",
        ],
    ),
    (
        LOOPING,
        &[
            "epoll_reactor",
            "reactive_",
            "io_uring_service",
            "uv_",
            "uv__",
            "event_base",
        ],
    ),
    (
        SCHEDULING,
        &[
            "asio::detail::scheduler",
            "asio::detail::strand",
            "asio::detail::posix_event",
            "pthread_",
            "std::condition_variable",
        ],
    ),
];

/// What a function of a C or C++ program does; what is in no known namespace is the program and its libraries.
pub(super) fn doing(function: &str) -> &'static str {
    if function.is_empty() {
        return UNKNOWN;
    }
    anywhere(&NAMESPACES, function).unwrap_or(APPLICATION)
}
