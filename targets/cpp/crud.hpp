// Threads over HTTP.
#pragma once
#include "request.hpp"
#include "threads.hpp"

#include <boost/beast/http/verb.hpp>

/// An answer in one piece.
struct Reply {
    http::status status;
    /// Nothing if it is null.
    json::value body = nullptr;
};

Refusal no_route();
/// Answers a request for `/threads…`.
awaitable<Reply> crud(Threads& threads, http::verb method, std::string_view target, std::string_view body);
