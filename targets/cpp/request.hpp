// Request parsing and HTTP errors.
#pragma once
#include "net.hpp"

#include <boost/beast/http/status.hpp>
#include <string>

namespace http = boost::beast::http;

/// A request error with its status and message.
struct Refusal : std::runtime_error {
    http::status status;

    Refusal(http::status status, const std::string& why) : std::runtime_error(why), status(status) {}
};

inline Refusal bad_request(const std::string& why) { return {http::status::bad_request, why}; }

/// Parses a body as JSON.
json::value body_of(std::string_view text);
/// Returns a non-empty string field of a body.
std::string text_of(const json::value& body, std::string_view field);
/// Returns a string field without NUL, which not every database stores.
std::string storable_text(const json::value& body, std::string_view field);
/// Checks the id of a thread or a room.
std::string valid_id(std::string_view id);
