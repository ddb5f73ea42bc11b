// A model that speaks the OpenAI chat completions API.
#pragma once
#include "net.hpp"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

/// Idle connections to the model.
class Pool {
public:
    explicit Pool(asio::io_context& context, const std::string& url);

    /// Returns an idle connection, if there is one.
    std::optional<tcp::socket> take();
    awaitable<tcp::socket> connect();
    void give(tcp::socket socket);

    const std::string& host() const { return host_; }

private:
    asio::io_context& context_;
    std::string host_;
    tcp::endpoint endpoint_;
    std::mutex mutex_;
    std::vector<tcp::socket> idle_;
};

/// A streaming completion. Its connection is reused only after reading to the end.
class Completion {
public:
    Completion(Pool& pool, tcp::socket socket) : pool_(pool), socket_(std::move(socket)) { parser_.body_limit(boost::none); }

    /// Sends the request and reads the head of the response.
    awaitable<void> begin(const std::string& body);
    unsigned status() const { return parser_.get().result_int(); }

    /// Returns the next delta, or nothing at the end.
    awaitable<std::optional<json::object>> next();

private:
    awaitable<std::optional<std::string>> line();
    awaitable<void> read_more();

    Pool& pool_;
    tcp::socket socket_;
    boost::beast::flat_buffer buffer_;
    boost::beast::http::response_parser<boost::beast::http::buffer_body> parser_;
    std::string text_;
    std::size_t at_ = 0;
    bool done_ = false;
};

class Model {
public:
    Model(asio::io_context& context, const std::string& upstream) : pool_(context, upstream) {}

    /// Starts a completion. Cancelling or dropping it closes the connection.
    awaitable<std::unique_ptr<Completion>> ask(const json::array& messages, const json::array& tools);

private:
    Pool pool_;
};
