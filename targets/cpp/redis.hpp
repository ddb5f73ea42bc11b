// A client of Redis: hiredis knows the protocol, and Asio carries it.
#pragma once
#include "net.hpp"

#include <hiredis/hiredis.h>
#include <memory>
#include <mutex>
#include <vector>

using Words = std::vector<std::string>;

class Redis {
public:
    struct Free {
        void operator()(redisReply* reply) const { freeReplyObject(reply); }
        void operator()(redisReader* reader) const { redisReaderFree(reader); }
    };
    using Reply = std::unique_ptr<redisReply, Free>;

    /// For one coroutine at a time.
    class Connection {
    public:
        explicit Connection(tcp::socket socket) : socket_(std::move(socket)), reader_(redisReaderCreate()) {}

        /// Sends a command; gives what is replied, which is no error.
        awaitable<Reply> run(Words command);
        /// The next reply, or message of a channel.
        awaitable<Reply> read();

    private:
        tcp::socket socket_;
        std::unique_ptr<redisReader, Free> reader_;
    };

    Redis(asio::io_context& context, const std::string& url);

    /// Runs a command on any connection. Cancelling it gives that up.
    awaitable<Reply> run(Words command);
    /// One that waits, or a new one.
    awaitable<std::unique_ptr<Connection>> take();
    /// It must have no more to read.
    void give(std::unique_ptr<Connection> connection);

private:
    asio::io_context& context_;
    tcp::endpoint endpoint_;
    std::string password_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

/// The text of a reply; nothing if it has none.
std::string_view text_of(const redisReply& reply);
