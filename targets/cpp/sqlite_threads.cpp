#include "sqlite.hpp"
#include "threads.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>

constexpr const char* schema = R"(
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA foreign_keys = ON;
    CREATE TABLE IF NOT EXISTS threads (id TEXT PRIMARY KEY, title TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS messages (
        id INTEGER PRIMARY KEY,
        thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        content TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);
)";

/// SQLite blocks, so it runs on a separate thread, one operation after the other.
class InFile : public Threads {
public:
    explicit InFile(const std::string& path);

    awaitable<Rows> create(std::string id, std::string title) override;
    awaitable<Rows> read(std::string id) override;
    awaitable<Rows> list(std::string after, int limit) override;
    awaitable<Rows> rename(std::string id, std::string title) override;
    awaitable<Rows> remove(std::string id) override;
    awaitable<Rows> append(std::string id, std::string role, std::string content) override;
    awaitable<Rows> latest(std::string id, int limit) override;
    awaitable<Rows> record(std::string id, std::string question, std::string answer) override;

private:
    awaitable<Rows> call(std::function<Rows()> work);

    Database db_;
    Statement create_, read_, messages_, list_, rename_, remove_, append_, latest_;
    // Destroyed first, because it uses the others.
    asio::thread_pool worker_{1};
};

static Database opened(const std::string& path) {
    Database db(path);
    db.run(schema);
    return db;
}

InFile::InFile(const std::string& path)
    : db_(opened(path)),
      create_(db_, "INSERT OR IGNORE INTO threads (id, title) VALUES (?, ?) RETURNING id, title"),
      read_(db_, "SELECT id, title FROM threads WHERE id = ?"),
      messages_(db_, "SELECT role, content FROM messages WHERE thread = ? ORDER BY id"),
      list_(db_, "SELECT id, title FROM threads WHERE id > ? ORDER BY id LIMIT ?"),
      rename_(db_, "UPDATE threads SET title = ?2 WHERE id = ?1 RETURNING id, title"),
      remove_(db_, "DELETE FROM threads WHERE id = ? RETURNING id, title"),
      append_(db_, "INSERT INTO messages (thread, role, content) SELECT id, ?2, ?3 FROM threads WHERE id = ?1 RETURNING role, content"),
      latest_(db_, "SELECT role, content FROM messages WHERE thread = ? ORDER BY id DESC LIMIT ?") {}

/// Runs work on SQLite's thread and resumes on the caller's. Finishes it even if the client
/// disconnects: Asio's cancellation cannot cross threads.
awaitable<Rows> InFile::call(std::function<Rows()> work) {
    auto there = [work = std::move(work)]() -> awaitable<Rows> { co_return work(); };
    co_return co_await asio::co_spawn(worker_, std::move(there),
                                      asio::bind_cancellation_slot(asio::cancellation_slot(), use_awaitable));
}

awaitable<Rows> InFile::create(std::string id, std::string title) {
    return call([=, this] { return create_(id, title); });
}

awaitable<Rows> InFile::read(std::string id) {
    return call([=, this] {
        auto rows = read_(id);
        if (!rows.empty()) std::ranges::move(messages_(id), std::back_inserter(rows));
        return rows;
    });
}

awaitable<Rows> InFile::list(std::string after, int limit) {
    return call([=, this] { return list_(after, limit); });
}

awaitable<Rows> InFile::rename(std::string id, std::string title) {
    return call([=, this] { return rename_(id, title); });
}

awaitable<Rows> InFile::remove(std::string id) {
    return call([=, this] { return remove_(id); });
}

awaitable<Rows> InFile::append(std::string id, std::string role, std::string content) {
    return call([=, this] { return append_(id, role, content); });
}

awaitable<Rows> InFile::latest(std::string id, int limit) {
    return call([=, this] {
        auto rows = latest_(id, limit);
        std::ranges::reverse(rows);
        return rows;
    });
}

awaitable<Rows> InFile::record(std::string id, std::string question, std::string answer) {
    return call([=, this] {
        db_.run("BEGIN IMMEDIATE");
        try {
            create_(id, question);
            auto added = append_(id, std::string("user"), question);
            std::ranges::move(append_(id, std::string("assistant"), answer), std::back_inserter(added));
            db_.run("COMMIT");
            return added;
        } catch (...) {
            db_.run("ROLLBACK");
            throw;
        }
    });
}

std::unique_ptr<Threads> open_threads(asio::io_context&, const std::string& path) { return std::make_unique<InFile>(path); }
