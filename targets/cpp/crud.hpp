// Threads over HTTP.
#pragma once
#include "request.hpp"
#include "threads.hpp"

#include <boost/beast/http/verb.hpp>

/// A JSON response.
struct Reply {
    http::status status;
    /// Empty if the response has no body.
    json::value body = nullptr;
};

Refusal no_route();
/// Answers a request to `/threads…`.
awaitable<Reply> crud(Threads& threads, http::verb method, std::string_view target, std::string_view body);
