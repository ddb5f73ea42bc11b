// What is sent to the client: server-sent events, one JSON object each.
#pragma once
#include "net.hpp"

#include <string>

/// An answer in the making. Its head goes out with the first event: until then it can still be a refusal.
class Answer {
public:
    explicit Answer(tcp::socket& client) : client_(client) {}

    bool begun() const { return begun_; }
    awaitable<void> event(const json::object& event);
    /// The same for one that is text already.
    awaitable<void> event(const std::string& event);
    /// The last event, if there is one to be sent, and the end.
    awaitable<void> end(std::string_view event);

private:
    void add(std::string_view data);
    awaitable<void> flush();

    tcp::socket& client_;
    std::string pending_;
    bool begun_ = false;
    bool writing_ = false;
};
