// The client's stream: server-sent events, one JSON object each.
#pragma once
#include "net.hpp"

#include <string>

/// A response. Its head is sent with the first event; until then it can become an error response.
class Answer {
public:
    explicit Answer(tcp::socket& client) : client_(client) {}

    bool begun() const { return begun_; }
    awaitable<void> event(const json::object& event);
    /// Sends an event that is already serialized.
    awaitable<void> event(const std::string& event);
    /// Sends the last event, if there is one, and ends the response.
    awaitable<void> end(std::string_view event);

private:
    void add(std::string_view data);
    awaitable<void> flush();

    tcp::socket& client_;
    std::string pending_;
    bool begun_ = false;
    bool writing_ = false;
};
