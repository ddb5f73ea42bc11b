// Coroutines around libpq's non-blocking interface.
#pragma once
#include "threads.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <postgresql/libpq-fe.h>
#include <unordered_set>

/// A query, prepared by name on each connection that runs it.
struct Query {
    std::string name;
    std::string sql;
};

/// A connection for one coroutine at a time. Not usable after an exception.
class Postgres {
public:
    explicit Postgres(asio::any_io_executor executor, const std::string& url);
    ~Postgres();

    /// Connects. Must be called first.
    awaitable<void> connect();
    /// Runs a query that returns two text columns.
    awaitable<Rows> run(const Query& query, std::vector<std::string> values);
    /// Runs a statement that returns nothing.
    awaitable<void> run(const char* sql);

private:
    struct Finish {
        void operator()(PGconn* connection) const { PQfinish(connection); }
        void operator()(PGresult* result) const { PQclear(result); }
    };
    using Result = std::unique_ptr<PGresult, Finish>;

    void check(bool ok) const;
    awaitable<Result> result();

    std::unique_ptr<PGconn, Finish> connection_;
    asio::posix::stream_descriptor socket_;
    std::unordered_set<std::string> prepared_;
};
