#include "node/store/log_replay.h"

#include "node/store/log_codec.h"
#include "node/store/store_schema.h"
#include "node/store/store_tables.h"

#include <sqlite3.h>

#include <utility>

namespace quoit {

namespace {

/// @return the last entry's id, 0 for an empty log
Result<std::uint64_t> readLog(Database& database, LoggedChanges& changes)
{
    Result<Statement> prepared = database.prepare("SELECT id, entry FROM log ORDER BY id");
    if (!prepared)
        return prepared.error();
    Statement& statement = prepared.value();
    std::uint64_t last = 0;
    int code;
    while ((code = statement.step()) == SQLITE_ROW) {
        const std::uint64_t previous = std::exchange(last, static_cast<std::uint64_t>(statement.integer(0)));
        if (previous != 0 && last != previous + 1)
            return Error{ErrorCode::Corrupt, database.path() + " is damaged: its log has no entry " +
                                                 std::to_string(previous + 1)};
        if (!decodeLogEntry(last, statement.blob(1), changes))
            return Error{ErrorCode::Corrupt, database.path() + " is damaged: entry " + std::to_string(last) +
                                                 " of its log can't be read"};
    }
    if (code != SQLITE_DONE)
        return database.error("read");
    return last;
}

} // namespace

Result<std::uint64_t> replayLog(Database& database)
{
    LoggedChanges changes;
    const Result<std::uint64_t> last = readLog(database, changes);
    if (!last)
        return last.error();
    if (last.value() == 0)
        return loadProgress(database);
    changes.seal();
    Result<StoreTables> opened = StoreTables::open(database);
    if (!opened)
        return opened.error();
    StoreTables& tables = opened.value();
    bool done = tables.begin() == SQLITE_DONE;
    for (const LoggedChanges::RecordWrite& write : changes.records())
        done = done && tables.applyWrite(write) == SQLITE_DONE;
    for (const auto& [hint, change] : std::as_const(changes).hints().all())
        done = done && tables.changeHint(hint, change) == SQLITE_DONE;
    done = done && tables.removeLogUpTo(last.value()) == SQLITE_DONE;
    done = done && tables.putMeta(metaName::progress, std::to_string(last.value())) == SQLITE_DONE;
    done = done && tables.commit() == SQLITE_DONE;
    if (done)
        return last;
    const Error error = database.error("write");
    tables.rollback();
    return error;
}

} // namespace quoit
