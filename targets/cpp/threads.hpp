// Threads and their messages, in SQLite.
#pragma once
#include "net.hpp"
#include "sqlite.hpp"

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <optional>

/// All threads. SQLite blocks, so that it has a thread of its own, which does one thing after the other.
class Threads {
public:
    explicit Threads(const std::string& path);

    /// Id and title of the new thread; nothing if there is one of that id.
    awaitable<Rows> create(std::string id, std::string title);
    /// Id and title, then its messages, each as role and content; nothing if it is not there.
    awaitable<Rows> read(std::string id);
    /// Ids and titles, in order.
    awaitable<Rows> list(std::string after, int limit);
    /// Id and new title; nothing if it is not there.
    awaitable<Rows> rename(std::string id, std::string title);
    /// Id and title that it had; nothing if it was not there.
    awaitable<Rows> remove(std::string id);
    /// Role and content of the new message; nothing if the thread is not there.
    awaitable<Rows> append(std::string id, std::string role, std::string content);
    /// The last messages, oldest first, each as role and content.
    awaitable<Rows> latest(std::string id, int limit);
    /// Appends to a thread, which is created if it is new, all or nothing; gives what was appended.
    awaitable<Rows> record(std::string id, std::string question, std::string answer);

private:
    awaitable<Rows> call(std::function<Rows()> work);

    Database db_;
    Statement create_, read_, messages_, list_, rename_, remove_, append_, latest_;
    // Ends first, as it uses the others.
    asio::thread_pool worker_{1};
};
