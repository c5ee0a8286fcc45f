#include "node/store/database.h"

#include "node/store/checked_vfs.h"

#include <sqlite3.h>

#include <cerrno>
#include <cstring>
#include <mutex>

namespace quoit {

namespace {

/// A reader that meets the index of SQLite's log while a commit writes it takes the writer's lock for a moment, to look
/// again in peace: whoever wants to write then waits.
constexpr int lockPatienceMs = 10'000;

/// Memory statistics would put one mutex round every allocation of every thread.
void configureOnce()
{
    static std::once_flag once;
    std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
}

} // namespace

void Database::Closer::operator()(sqlite3* handle) const
{
    sqlite3_close_v2(handle);
}

Result<Database> Database::open(const std::string& path, Access access, const std::string& vfs)
{
    configureOnce();
    Database database;
    database.m_path = path;
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (access == Access::ReadWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
    sqlite3* handle = nullptr;
    const int code = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.c_str());
    database.m_handle.reset(handle);
    if (code != SQLITE_OK)
        return database.error("open");
    sqlite3_busy_timeout(handle, lockPatienceMs);
    // Plans must not depend on bound values: else a statement that was weighed against a partial index (the one by expiry) is parsed and planned
    // anew each time another value is bound to it.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_QPSG, 1, nullptr);
    return database;
}

Result<void> Database::execute(const char* sql)
{
    if (sqlite3_exec(handle(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        return error("use");
    return {};
}

Result<std::int64_t> Database::number(const char* sql)
{
    Result<Statement> statement = prepare(sql);
    if (!statement)
        return statement.error();
    const int code = statement.value().step();
    if (code == SQLITE_DONE)
        return Error{ErrorCode::NotFound, m_path + " has no answer to: " + sql};
    if (code != SQLITE_ROW)
        return error("read");
    return statement.value().integer(0);
}

Result<Statement> Database::prepare(const char* sql)
{
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v3(handle(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
        return error("use");
    return Statement(statement);
}

Result<void> Database::close()
{
    if (!m_handle)
        return {};
    if (sqlite3_close(handle()) != SQLITE_OK)
        return error("close");
    static_cast<void>(m_handle.release());
    return {};
}

int Database::systemError() const
{
    // SQLite itself remembers no errno for a failed commit; its files do.
    sqlite3_file* log = nullptr;
    int number = 0;
    sqlite3_file_control(handle(), nullptr, SQLITE_FCNTL_JOURNAL_POINTER, &log);
    if (log && log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &number);
    if (number == 0)
        sqlite3_file_control(handle(), nullptr, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number != 0 ? number : sqlite3_system_errno(handle());
}

bool Database::lacksSpace(int code) const
{
    if ((code & 0xff) == SQLITE_FULL)
        return true;
    if ((code & 0xff) != SQLITE_IOERR || code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC ||
        code == SQLITE_IOERR_DATA)
        return false;
    const int number = systemError();
    return number == ENOSPC || number == EDQUOT;
}

Error Database::error(std::string_view doing) const
{
    const int code = m_handle ? sqlite3_extended_errcode(handle()) : SQLITE_NOMEM;
    if (code == SQLITE_IOERR_DATA) {
        const PageDamage damage = pageDamageOf(handle()).value_or(PageDamage{});
        return {ErrorCode::Corrupt, m_path + (damage.inLog ? "-wal" : "") + " is damaged: page " +
                                        std::to_string(damage.page) + " doesn't fit its checksum"};
    }
    const int systemError = m_handle && (code & 0xff) == SQLITE_IOERR ? this->systemError() : 0;
    std::string message = "can't " + std::string(doing) + ' ' + m_path + ": " +
                          (m_handle ? sqlite3_errmsg(handle()) : "out of memory") + " (SQLite " + std::to_string(code) +
                          ')';
    if (systemError != 0)
        message += std::string(", the system says: ") + std::strerror(systemError) + " (errno " +
                   std::to_string(systemError) + ')';
    const int primary = code & 0xff;
    const ErrorCode kind = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB ? ErrorCode::Corrupt
                           : lacksSpace(code)                                    ? ErrorCode::DiskFull
                                                                                 : ErrorCode::Io;
    return {kind, std::move(message)};
}

void Statement::Finalizer::operator()(sqlite3_stmt* handle) const
{
    sqlite3_finalize(handle);
}

void Statement::bind(int parameter, std::int64_t value)
{
    sqlite3_bind_int64(m_handle.get(), parameter, value);
}

void Statement::bind(int parameter, std::string_view bytes)
{
    if (bytes.empty())
        sqlite3_bind_null(m_handle.get(), parameter);
    else
        sqlite3_bind_blob64(m_handle.get(), parameter, bytes.data(), bytes.size(), SQLITE_STATIC);
}

int Statement::step()
{
    return sqlite3_step(m_handle.get());
}

void Statement::reset()
{
    sqlite3_reset(m_handle.get());
}

int Statement::run()
{
    int code = step();
    while (code == SQLITE_ROW)
        code = step();
    reset();
    return code;
}

std::int64_t Statement::integer(int column) const
{
    return sqlite3_column_int64(m_handle.get(), column);
}

std::string_view Statement::blob(int column) const
{
    const void* const bytes = sqlite3_column_blob(m_handle.get(), column);
    return {static_cast<const char*>(bytes), static_cast<std::size_t>(sqlite3_column_bytes(m_handle.get(), column))};
}

} // namespace quoit
