// What is asked for, and how that can be refused.
#pragma once
#include "net.hpp"

#include <boost/beast/http/status.hpp>
#include <string>

namespace http = boost::beast::http;

/// A request that cannot be answered; the text says why.
struct Refusal : std::runtime_error {
    http::status status;

    Refusal(http::status status, const std::string& why) : std::runtime_error(why), status(status) {}
};

inline Refusal bad_request(const std::string& why) { return {http::status::bad_request, why}; }

/// A body, read as JSON.
json::value body_of(std::string_view text);
/// A text in a body.
std::string text_of(const json::value& body, std::string_view field);
/// The same of a text that is to be kept; not every database keeps a NUL.
std::string keepable(const json::value& body, std::string_view field);
/// The id of a thread or a room, checked.
std::string plain_id(std::string_view id);
