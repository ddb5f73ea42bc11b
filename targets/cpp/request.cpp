#include "request.hpp"

#include <algorithm>
#include <boost/json.hpp>

json::value body_of(std::string_view text) {
    boost::system::error_code error;
    auto body = json::parse(text, error);
    if (error) throw bad_request("the body is not JSON: " + error.message());
    return body;
}

std::string text_of(const json::value& body, std::string_view field) {
    const auto* object = body.if_object();
    const auto* text = object ? object->if_contains(field) : nullptr;
    if (!text || !text->is_string() || text->as_string().empty()) throw bad_request('"' + std::string(field) + "\" is missing");
    return std::string(text->as_string());
}

std::string storable_text(const json::value& body, std::string_view field) {
    auto text = text_of(body, field);
    if (text.find('\0') != text.npos) throw bad_request('"' + std::string(field) + "\" holds a NUL");
    return text;
}

std::string valid_id(std::string_view id) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    if (id.empty() || id.size() > 64 || !std::ranges::all_of(id, plain))
        throw bad_request("ids have 1 to 64 letters, digits, - and _");
    return std::string(id);
}
