// A Redis client: hiredis encodes the protocol, and Asio does the I/O.
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

        /// Sends a command and returns the reply. Throws on an error reply.
        awaitable<Reply> run(Words command);
        /// Reads the next reply or channel message.
        awaitable<Reply> read();

    private:
        tcp::socket socket_;
        std::unique_ptr<redisReader, Free> reader_;
    };

    Redis(asio::io_context& context, const std::string& url);

    /// Runs a command on any connection. Cancelling it closes that connection.
    awaitable<Reply> run(Words command);
    /// Returns an idle connection, or a new one.
    awaitable<std::unique_ptr<Connection>> take();
    /// Returns a connection without unread replies to the pool.
    void give(std::unique_ptr<Connection> connection);

private:
    asio::io_context& context_;
    tcp::endpoint endpoint_;
    std::string password_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
};

/// Returns the text of a reply, or nothing if it has none.
std::string_view text_of(const redisReply& reply);
