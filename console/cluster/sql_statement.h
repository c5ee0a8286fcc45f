// console/cluster/sql_statement.h - SQLite as the history's tables use it. Inside this room only.
#pragma once

#include "shared/base/result.h"

#include <QByteArray>
#include <QString>

#include <sqlite3.h>

namespace quoit {

/// A prepared statement with its parameters; finalized at the end of the scope.
class SqlStatement
{
public:
    SqlStatement(sqlite3* handle, const char* sql)
    {
        m_isValid = sqlite3_prepare_v2(handle, sql, -1, &m_statement, nullptr) == SQLITE_OK;
    }
    ~SqlStatement() { sqlite3_finalize(m_statement); }
    SqlStatement(const SqlStatement&) = delete;
    SqlStatement& operator=(const SqlStatement&) = delete;

    void bind(int parameter, qint64 value) { sqlite3_bind_int64(m_statement, parameter, value); }
    /// @param bytes copied
    void bind(int parameter, const QByteArray& bytes)
    {
        sqlite3_bind_blob64(m_statement, parameter, bytes.constData(), sqlite3_uint64(bytes.size()), SQLITE_TRANSIENT);
    }
    /// @return whether there is a row; after the last one, or a failure, there is none
    bool next()
    {
        const int code = m_isValid ? sqlite3_step(m_statement) : SQLITE_ERROR;
        m_isValid = m_isValid && (code == SQLITE_ROW || code == SQLITE_DONE);
        return code == SQLITE_ROW;
    }
    void reset() { sqlite3_reset(m_statement); }
    bool hasFailed() const { return !m_isValid; }
    qint64 integer(int column) const { return sqlite3_column_int64(m_statement, column); }
    /// Valid until the next row.
    QByteArrayView bytes(int column) const
    {
        const void* const data = sqlite3_column_blob(m_statement, column); // first: it settles how many bytes there are
        return {static_cast<const char*>(data), qsizetype(sqlite3_column_bytes(m_statement, column))};
    }

private:
    sqlite3_stmt* m_statement = nullptr;
    bool m_isValid = false;
};

/// What the last call on a connection failed with. @param handle may be null: there was no memory for it
inline Error sqlError(sqlite3* handle, const QString& fileName)
{
    const int code = handle ? sqlite3_errcode(handle) : SQLITE_NOMEM;
    const ErrorCode kind = code == SQLITE_CORRUPT || code == SQLITE_NOTADB ? ErrorCode::Corrupt
                           : code == SQLITE_FULL                          ? ErrorCode::DiskFull
                                                                          : ErrorCode::Io;
    const QString words = handle ? QString::fromUtf8(sqlite3_errmsg(handle)) : QStringLiteral("out of memory");
    return {kind, QStringLiteral("%1: %2").arg(fileName, words).toStdString()};
}

} // namespace quoit
