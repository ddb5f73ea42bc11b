// libpq's interface for those who do not wait, awaited.
#pragma once
#include "threads.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <postgresql/libpq-fe.h>
#include <unordered_set>

/// A query, prepared by its name on each connection that runs it.
struct Query {
    std::string name;
    std::string sql;
};

/// A connection, for one coroutine at a time. After an exception it is of no more use.
class Postgres {
public:
    explicit Postgres(asio::any_io_executor executor, const std::string& url);
    ~Postgres();

    /// Has to come first.
    awaitable<void> connect();
    /// Runs a query that gives two columns of text.
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
