//! C and C++: namespaces decide. asio is the event loop and the scheduler of programs that are
//! written with it.

use super::{Rule, anywhere};
use recording::vocabulary::CodeCategory::{
    self, Application, EventLoop, Http, Json, Parsing, Scheduler, Text, Unnamed,
};

const NAMESPACES: [Rule; 6] = [
    (
        Json,
        &["nlohmann::", "simdjson::", "rapidjson::", "boost::json"],
    ),
    (Http, &["beast::http"]),
    (Text, &["std::basic_string", "std::__cxx11::basic_string"]),
    (Parsing, &["std::to_chars", "std::from_chars"]),
    (
        EventLoop,
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
        Scheduler,
        &[
            "asio::detail::scheduler",
            "asio::detail::strand",
            "asio::detail::posix_event",
            "pthread_",
            "std::condition_variable",
        ],
    ),
];

/// Returns the category of a function; functions in no known namespace are the program's and its
/// libraries'.
pub(super) fn category(function: &str) -> CodeCategory {
    if function.is_empty() {
        return Unnamed;
    }
    anywhere(&NAMESPACES, function).unwrap_or(Application)
}
