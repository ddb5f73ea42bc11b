// Threads and their messages.
#pragma once
#include "net.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

/// Rows of a query with two text columns.
using Row = std::array<std::string, 2>;
using Rows = std::vector<Row>;

/// All threads, in a database.
class Threads {
public:
    virtual ~Threads() = default;

    /// Creates a thread and returns its id and title, or nothing if the id is taken.
    virtual awaitable<Rows> create(std::string id, std::string title) = 0;
    /// Returns id and title, then the messages as role and content, or nothing if the thread does
    /// not exist.
    virtual awaitable<Rows> read(std::string id) = 0;
    /// Returns ids and titles in order.
    virtual awaitable<Rows> list(std::string after, int limit) = 0;
    /// Renames a thread and returns id and title, or nothing if it does not exist.
    virtual awaitable<Rows> rename(std::string id, std::string title) = 0;
    /// Deletes a thread and returns its id and title, or nothing if it did not exist.
    virtual awaitable<Rows> remove(std::string id) = 0;
    /// Appends a message and returns its role and content, or nothing if the thread does not exist.
    virtual awaitable<Rows> append(std::string id, std::string role, std::string content) = 0;
    /// Returns the last messages as role and content, oldest first.
    virtual awaitable<Rows> latest(std::string id, int limit) = 0;
    /// Appends to a thread in one transaction, and creates the thread if it is new. Returns the new
    /// messages.
    virtual awaitable<Rows> record(std::string id, std::string question, std::string answer) = 0;
};

/// Opens the database: a file if the program is linked with SQLite, a server if it is linked with
/// libpq.
std::unique_ptr<Threads> open_threads(asio::io_context& context, const std::string& place);
