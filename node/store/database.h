// node/store/database.h - SQLite's C API with owners: a connection, a prepared statement, and errors that say what a
// person needs. Knows nothing of records.
#pragma once

#include "shared/base/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace quoit {

class Statement;

/// A connection to one file; used by one thread at a time. Statements must go before it.
class Database
{
public:
    enum class Access { ReadWrite, ReadOnly };

    Database() = default;
    /// Creates the file if it is missing (ReadWrite only).
    /// @param vfs  SQLite's name of the layer below it; see checked_vfs.h
    static Result<Database> open(const std::string& path, Access access, const std::string& vfs);
    Database(Database&&) noexcept = default;
    Database& operator=(Database&&) noexcept = default;

    /// Runs statements that return nothing of interest.
    Result<void> execute(const char* sql);
    /// The first column of the first row, as a number. @return NotFound without a row.
    Result<std::int64_t> number(const char* sql);
    /// @param sql  one statement, compiled for repeated use
    Result<Statement> prepare(const char* sql);
    /// @return Io if SQLite could not put everything in order.
    Result<void> close();

    sqlite3* handle() const { return m_handle.get(); }
    const std::string& path() const { return m_path; }
    /// The system's errno that belongs to the last failed access to a file; 0 if unknown.
    int systemError() const;
    /// Whether the code of a failed call means that there is no room. False for a failed fsync, whatever its reason:
    /// what is on disk is unknown then, the kernel may have dropped the pages.
    bool lacksSpace(int code) const;
    /// The last failure of this connection: "can't <doing> <path>: <SQLite's words> (code), <the system's words>".
    /// Corrupt if the file is damaged; DiskFull; Io.
    Error error(std::string_view doing) const;

private:
    struct Closer
    {
        void operator()(sqlite3* handle) const;
    };
    std::unique_ptr<sqlite3, Closer> m_handle;
    std::string m_path;
};

/// A prepared statement. Bound bytes are borrowed until the next reset().
class Statement
{
public:
    Statement() = default;
    explicit Statement(sqlite3_stmt* handle)
        : m_handle(handle)
    {}

    void bind(int parameter, std::int64_t value);
    /// Empty bytes become NULL, which takes no space.
    void bind(int parameter, std::string_view bytes);

    /// @return SQLite's code: SQLITE_ROW, SQLITE_DONE, or an extended error code.
    int step();
    /// For the next run. The bindings stay, but mustn't be relied on.
    void reset();
    /// step() and reset(). @return SQLITE_DONE, or an extended error code.
    int run();

    std::int64_t integer(int column) const;
    /// Valid until the next step or reset.
    std::string_view blob(int column) const;

private:
    struct Finalizer
    {
        void operator()(sqlite3_stmt* handle) const;
    };
    std::unique_ptr<sqlite3_stmt, Finalizer> m_handle;
};

/// Resets a statement at the end of a scope, so that no read transaction stays open.
class StatementScope
{
public:
    explicit StatementScope(Statement& statement)
        : m_statement(statement)
    {}
    ~StatementScope() { m_statement.reset(); }
    StatementScope(const StatementScope&) = delete;
    StatementScope& operator=(const StatementScope&) = delete;

private:
    Statement& m_statement;
};

} // namespace quoit
