#include "postgres.hpp"

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/concurrent_channel.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_future.hpp>
#include <functional>

/// The most connections.
constexpr int most = 10;

/// Orders ids by their bytes, independent of the database's collation.
constexpr const char* schema = R"(
    CREATE TABLE IF NOT EXISTS threads (id TEXT COLLATE "C" PRIMARY KEY, title TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS messages (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        thread TEXT NOT NULL REFERENCES threads (id) ON DELETE CASCADE,
        role TEXT NOT NULL,
        content TEXT NOT NULL
    );
    CREATE INDEX IF NOT EXISTS messages_of_thread ON messages (thread, id);
)";

static const Query create_query{"create", "INSERT INTO threads (id, title) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id, title"};
static const Query read_query{"read", "SELECT id, title FROM threads WHERE id = $1"};
static const Query messages_query{"messages", "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id"};
static const Query list_query{"list", "SELECT id, title FROM threads WHERE id > $1 ORDER BY id LIMIT $2"};
static const Query rename_query{"rename", "UPDATE threads SET title = $2 WHERE id = $1 RETURNING id, title"};
static const Query remove_query{"remove", "DELETE FROM threads WHERE id = $1 RETURNING id, title"};
static const Query append_query{"append",
                                "INSERT INTO messages (thread, role, content) SELECT id, $2::text, $3::text FROM threads WHERE id = $1 "
                                "RETURNING role, content"};
static const Query latest_query{"latest", "SELECT role, content FROM messages WHERE thread = $1 ORDER BY id DESC LIMIT $2"};

class OnServer : public Threads {
public:
    OnServer(asio::io_context& context, std::string url);

    awaitable<Rows> create(std::string id, std::string title) override;
    awaitable<Rows> read(std::string id) override;
    awaitable<Rows> list(std::string after, int limit) override;
    awaitable<Rows> rename(std::string id, std::string title) override;
    awaitable<Rows> remove(std::string id) override;
    awaitable<Rows> append(std::string id, std::string role, std::string content) override;
    awaitable<Rows> latest(std::string id, int limit) override;
    awaitable<Rows> record(std::string id, std::string question, std::string answer) override;

private:
    using Lent = std::unique_ptr<Postgres>;
    using Work = std::function<awaitable<Rows>(Postgres&)>;

    awaitable<Rows> with_connection(Work work);
    awaitable<Rows> call(Work work);

    asio::io_context& context_;
    const std::string url_;
    /// Idle connections; null stands for one that is not open yet.
    asio::experimental::concurrent_channel<void(boost::system::error_code, Lent)> idle_;
};

static awaitable<Rows> make_tables(Postgres& db) {
    co_await db.run(schema);
    co_return Rows();
}

OnServer::OnServer(asio::io_context& context, std::string url) : context_(context), url_(std::move(url)), idle_(context, most) {
    for (int i = 0; i < most; ++i) idle_.try_send(boost::system::error_code(), nullptr);
    auto made = asio::co_spawn(context, with_connection(make_tables), asio::use_future);
    // No other thread runs yet.
    context.run();
    context.restart();
    made.get();
}

/// Returns the connection to the pool in any case, because others wait for it. A failed connection
/// is closed.
awaitable<Rows> OnServer::with_connection(Work work) {
    auto db = co_await idle_.async_receive(use_awaitable);
    try {
        if (!db) {
            db = std::make_unique<Postgres>(context_.get_executor(), url_);
            co_await db->connect();
        }
        auto rows = co_await work(*db);
        idle_.try_send(boost::system::error_code(), std::move(db));
        co_return rows;
    } catch (...) {
        idle_.try_send(boost::system::error_code(), nullptr);
        throw;
    }
}

/// Finishes work that has begun even if the client disconnects: an unread result would make the
/// connection unusable.
awaitable<Rows> OnServer::call(Work work) {
    const auto executor = co_await asio::this_coro::executor;
    co_return co_await asio::co_spawn(executor, with_connection(std::move(work)),
                                      asio::bind_cancellation_slot(asio::cancellation_slot(), use_awaitable));
}

awaitable<Rows> OnServer::create(std::string id, std::string title) {
    return call([=](Postgres& db) { return db.run(create_query, {id, title}); });
}

static awaitable<Rows> read_all(Postgres& db, std::string id) {
    const std::vector<std::string> values(1, id);
    auto rows = co_await db.run(read_query, values);
    if (rows.empty()) co_return rows;
    auto messages = co_await db.run(messages_query, values);
    std::ranges::move(messages, std::back_inserter(rows));
    co_return rows;
}

awaitable<Rows> OnServer::read(std::string id) {
    return call([=](Postgres& db) { return read_all(db, id); });
}

awaitable<Rows> OnServer::list(std::string after, int limit) {
    return call([=](Postgres& db) { return db.run(list_query, {after, std::to_string(limit)}); });
}

awaitable<Rows> OnServer::rename(std::string id, std::string title) {
    return call([=](Postgres& db) { return db.run(rename_query, {id, title}); });
}

awaitable<Rows> OnServer::remove(std::string id) {
    return call([=](Postgres& db) { return db.run(remove_query, {id}); });
}

awaitable<Rows> OnServer::append(std::string id, std::string role, std::string content) {
    return call([=](Postgres& db) { return db.run(append_query, {id, role, content}); });
}

static awaitable<Rows> read_latest(Postgres& db, std::vector<std::string> values) {
    auto rows = co_await db.run(latest_query, values);
    std::ranges::reverse(rows);
    co_return rows;
}

awaitable<Rows> OnServer::latest(std::string id, int limit) {
    return call([=](Postgres& db) { return read_latest(db, {id, std::to_string(limit)}); });
}

static std::vector<std::string> messages_of_turn(const std::string& id, const char* role, const std::string& content) {
    return {id, role, content};
}

/// A failure closes the connection, which rolls the transaction back.
static awaitable<Rows> record_all(Postgres& db, std::string id, std::string question, std::string answer) {
    co_await db.run("BEGIN");
    std::vector<std::string> thread(1, id);
    thread.push_back(question);
    co_await db.run(create_query, thread);
    auto added = co_await db.run(append_query, messages_of_turn(id, "user", question));
    auto answered = co_await db.run(append_query, messages_of_turn(id, "assistant", answer));
    co_await db.run("COMMIT");
    std::ranges::move(answered, std::back_inserter(added));
    co_return added;
}

awaitable<Rows> OnServer::record(std::string id, std::string question, std::string answer) {
    return call([=](Postgres& db) { return record_all(db, id, question, answer); });
}

std::unique_ptr<Threads> open_threads(asio::io_context& context, const std::string& url) {
    return std::make_unique<OnServer>(context, url);
}
