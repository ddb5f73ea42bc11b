#include "sqlite.hpp"

#include <stdexcept>

static void check(sqlite3* db, int code) {
    if (code != SQLITE_OK) throw std::runtime_error("SQLite: " + std::string(sqlite3_errmsg(db)));
}

Database::Database(const std::string& path) {
    sqlite3* db = nullptr;
    const auto code = sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
    // A failed open also needs a close.
    db_.reset(db);
    check(db, code);
}

void Database::run(const char* sql) { check(get(), sqlite3_exec(get(), sql, nullptr, nullptr, nullptr)); }

Statement::Statement(Database& db, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    check(db.get(), sqlite3_prepare_v3(db.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
    statement_.reset(statement);
}

void Statement::bind(int at, const std::string& text) {
    const auto size = static_cast<int>(text.size());
    check(sqlite3_db_handle(statement_.get()), sqlite3_bind_text(statement_.get(), at, text.data(), size, SQLITE_STATIC));
}

void Statement::bind(int at, int number) {
    check(sqlite3_db_handle(statement_.get()), sqlite3_bind_int(statement_.get(), at, number));
}

static std::string column(sqlite3_stmt* statement, int at) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, at));
    return text ? std::string(text, sqlite3_column_bytes(statement, at)) : std::string();
}

Rows Statement::rows() {
    auto* statement = statement_.get();
    // A statement holds its lock until it is reset.
    const std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_reset)> resetting(statement, sqlite3_reset);
    Rows rows;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) rows.push_back({column(statement, 0), column(statement, 1)});
    check(sqlite3_db_handle(statement), code == SQLITE_DONE ? SQLITE_OK : code);
    return rows;
}
