#include "answer.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/http/chunk_encode.hpp>
#include <boost/json/serialize.hpp>
#include <utility>

namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::string_view head =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\ntransfer-encoding: chunked\r\n\r\n";

awaitable<void> Answer::event(const json::object& event) {
    add(json::serialize(event));
    co_await flush();
}

awaitable<void> Answer::event(const std::string& event) {
    add(event);
    co_await flush();
}

awaitable<void> Answer::end(std::string_view event) {
    add(event);
    pending_ += beast::buffers_to_string(http::make_chunk_last());
    co_await flush();
}

void Answer::add(std::string_view data) {
    if (!std::exchange(begun_, true)) pending_ += head;
    std::string event("data: ");
    event.append(data).append("\n\n");
    pending_ += beast::buffers_to_string(http::make_chunk(asio::buffer(event)));
}

/// Sub-agents send concurrently. The first sender writes the events of all.
awaitable<void> Answer::flush() {
    if (std::exchange(writing_, true)) co_return;
    // Cancelling a sub-agent must neither cut an event in half nor lose the events that the others
    // queued.
    const bool throws = co_await asio::this_coro::throw_if_cancelled();
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!pending_.empty()) {
        const auto out = std::exchange(pending_, {});
        co_await asio::async_write(client_, asio::buffer(out), asio::bind_cancellation_slot(asio::cancellation_slot(), use_awaitable));
    }
    writing_ = false;
    co_await asio::this_coro::throw_if_cancelled(throws);
}
