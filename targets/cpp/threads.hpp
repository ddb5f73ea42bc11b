// Threads and their messages.
#pragma once
#include "net.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

/// What a query gives: two columns of text.
using Row = std::array<std::string, 2>;
using Rows = std::vector<Row>;

/// All threads, in a database.
class Threads {
public:
    virtual ~Threads() = default;

    /// Id and title of the new thread; nothing if there is one of that id.
    virtual awaitable<Rows> create(std::string id, std::string title) = 0;
    /// Id and title, then its messages, each as role and content; nothing if it is not there.
    virtual awaitable<Rows> read(std::string id) = 0;
    /// Ids and titles, in order.
    virtual awaitable<Rows> list(std::string after, int limit) = 0;
    /// Id and new title; nothing if it is not there.
    virtual awaitable<Rows> rename(std::string id, std::string title) = 0;
    /// Id and title that it had; nothing if it was not there.
    virtual awaitable<Rows> remove(std::string id) = 0;
    /// Role and content of the new message; nothing if the thread is not there.
    virtual awaitable<Rows> append(std::string id, std::string role, std::string content) = 0;
    /// The last messages, oldest first, each as role and content.
    virtual awaitable<Rows> latest(std::string id, int limit) = 0;
    /// Appends to a thread, which is created if it is new, all or nothing; gives what was appended.
    virtual awaitable<Rows> record(std::string id, std::string question, std::string answer) = 0;
};

/// The threads in a file or on a server, as the program is linked with SQLite or with PostgreSQL.
std::unique_ptr<Threads> open_threads(asio::io_context& context, const std::string& place);
