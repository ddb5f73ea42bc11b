// RAII wrappers of SQLite's C interface.
#pragma once
#include "threads.hpp"

#include <memory>
#include <sqlite3.h>
#include <string>

/// A connection for one thread at a time.
class Database {
public:
    explicit Database(const std::string& path);

    /// Runs statements that return nothing.
    void run(const char* sql);
    sqlite3* get() const { return db_.get(); }

private:
    struct Close {
        void operator()(sqlite3* db) const { sqlite3_close(db); }
    };
    std::unique_ptr<sqlite3, Close> db_;
};

/// A prepared statement.
class Statement {
public:
    Statement(Database& db, const char* sql);

    /// Runs the statement with these values.
    template <class... Values>
    Rows operator()(const Values&... values) {
        int at = 0;
        (bind(++at, values), ...);
        return rows();
    }

private:
    void bind(int at, const std::string& text);
    void bind(int at, int number);
    Rows rows();

    struct Finalize {
        void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
    };
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};
