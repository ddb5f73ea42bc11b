#include "postgres.hpp"

#include <boost/asio/redirect_error.hpp>

using Descriptor = asio::posix::stream_descriptor;

Postgres::Postgres(asio::any_io_executor executor, const std::string& url)
    : connection_(PQconnectStart(url.c_str())), socket_(std::move(executor)) {
    check(connection_ && PQstatus(connection_.get()) != CONNECTION_BAD);
}

Postgres::~Postgres() {
    // libpq closes the socket.
    if (socket_.is_open()) socket_.release();
}

void Postgres::check(bool ok) const {
    if (!ok) throw std::runtime_error("PostgreSQL: " + std::string(PQerrorMessage(connection_.get())));
}

awaitable<void> Postgres::connect() {
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK; next = PQconnectPoll(connection_.get())) {
        check(next != PGRES_POLLING_FAILED);
        // While connecting, libpq may switch to another socket.
        Descriptor socket(socket_.get_executor(), PQsocket(connection_.get()));
        const auto what = next == PGRES_POLLING_READING ? Descriptor::wait_read : Descriptor::wait_write;
        boost::system::error_code error;
        co_await socket.async_wait(what, asio::redirect_error(use_awaitable, error));
        socket.release();
        if (error) throw boost::system::system_error(error);
    }
    check(PQsetnonblocking(connection_.get(), 1) == 0);
    socket_.assign(PQsocket(connection_.get()));
}

/// Flushes the query, and waits for its last result.
awaitable<Postgres::Result> Postgres::result() {
    int unsent;
    while ((unsent = PQflush(connection_.get())) == 1) co_await socket_.async_wait(Descriptor::wait_write, use_awaitable);
    check(unsent == 0);
    Result last;
    for (;;) {
        while (PQisBusy(connection_.get())) {
            co_await socket_.async_wait(Descriptor::wait_read, use_awaitable);
            check(PQconsumeInput(connection_.get()));
        }
        Result next(PQgetResult(connection_.get()));
        if (!next) break;
        last = std::move(next);
    }
    const auto status = PQresultStatus(last.get());
    check(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK);
    co_return last;
}

awaitable<void> Postgres::run(const char* sql) {
    check(PQsendQuery(connection_.get(), sql));
    co_await result();
}

static Rows rows(const PGresult* result) {
    const auto field = [=](int row, int column) {
        return std::string(PQgetvalue(result, row, column), PQgetlength(result, row, column));
    };
    Rows rows;
    for (int row = 0; row < PQntuples(result); ++row) rows.push_back({field(row, 0), field(row, 1)});
    return rows;
}

awaitable<Rows> Postgres::run(const Query& query, std::vector<std::string> values) {
    if (!prepared_.contains(query.name)) {
        check(PQsendPrepare(connection_.get(), query.name.c_str(), query.sql.c_str(), 0, nullptr));
        co_await result();
        prepared_.insert(query.name);
    }
    std::vector<const char*> texts;
    for (const auto& value : values) {
        // libpq would stop at the NUL.
        if (value.find('\0') != value.npos) throw std::runtime_error("PostgreSQL keeps no text with a NUL");
        texts.push_back(value.c_str());
    }
    const auto count = static_cast<int>(texts.size());
    check(PQsendQueryPrepared(connection_.get(), query.name.c_str(), count, texts.data(), nullptr, nullptr, 0));
    const auto found = co_await result();
    co_return rows(found.get());
}
