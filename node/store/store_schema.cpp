#include "node/store/store_schema.h"

#include "node/store/checked_vfs.h"
#include "node/store/data_folder.h"
#include "node/store/store_codec.h"

#include <sqlite3.h>

namespace quoit {

namespace {

constexpr std::int64_t applicationId = 0x51756f69; // "Quoi"; file(1) and a wrong file are told by it

constexpr const char* createCounts = R"(
    CREATE TABLE counts(partition INTEGER PRIMARY KEY, keys INTEGER NOT NULL, tombstones INTEGER NOT NULL,
                        bytes INTEGER NOT NULL, highest BLOB NOT NULL);
)";
// The position is the rowid: only the leaves of such a tree hold rows, up to a page each, and its inner pages are few. (Without rowids rows are in
// all pages, and of rows from 1 KiB on four are a page's children: a lookup read twelve pages of 60,000 such rows.) A second key of the same
// position, which hardly ever comes, has its row in twins. First in the row is what a listing needs; the value last, so that it isn't read for one.
// The index by expiry holds all that going through it yields.
constexpr const char* createRecords = R"(
    CREATE TABLE records(position INTEGER PRIMARY KEY, key BLOB NOT NULL, expiry INTEGER NOT NULL, head BLOB NOT NULL, value BLOB);
    CREATE TABLE twins(position INTEGER NOT NULL, key BLOB NOT NULL, expiry INTEGER NOT NULL, head BLOB NOT NULL, value BLOB,
                       PRIMARY KEY(position, key)) WITHOUT ROWID;
    CREATE INDEX records_by_expiry ON records(expiry, position, key) WHERE expiry > 0;
    CREATE INDEX twins_by_expiry ON twins(expiry, position, key) WHERE expiry > 0;
)";
constexpr std::int64_t formatWithoutCounts = 3;
constexpr std::int64_t formatWithoutTwins = 4;
constexpr const char* takeRecordsOver = R"(
    INSERT OR IGNORE INTO records SELECT position, key, expiry, head, value FROM old ORDER BY position, key;
    INSERT INTO twins SELECT old.position, old.key, old.expiry, old.head, old.value FROM old
        JOIN records ON records.position = old.position WHERE records.key <> old.key;
    DROP TABLE old;
)";
constexpr const char* createTables = R"(
    CREATE TABLE partitions(partition INTEGER PRIMARY KEY, promised BLOB NOT NULL, floor BLOB NOT NULL);
    CREATE TABLE peers(node INTEGER PRIMARY KEY, incarnation INTEGER NOT NULL, session INTEGER NOT NULL,
                       progress INTEGER NOT NULL);
    CREATE TABLE hints(node INTEGER NOT NULL, position INTEGER NOT NULL, key BLOB NOT NULL, version BLOB NOT NULL,
                       PRIMARY KEY(node, position, key)) WITHOUT ROWID;
    CREATE TABLE log(id INTEGER PRIMARY KEY, entry BLOB NOT NULL);
    CREATE TABLE meta(name BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
)";

Result<std::string> loadMeta(Database& database, std::string_view name)
{
    Result<Statement> statement = database.prepare("SELECT value FROM meta WHERE name = ?1");
    if (!statement)
        return statement.error();
    statement.value().bind(1, name);
    const int code = statement.value().step();
    if (code == SQLITE_ROW)
        return std::string(statement.value().blob(0));
    if (code == SQLITE_DONE)
        return std::string();
    return database.error("read");
}

Result<void> storeMeta(Database& database, std::string_view name, std::string_view value)
{
    Result<Statement> statement = database.prepare("REPLACE INTO meta VALUES(?1, ?2)");
    if (!statement)
        return statement.error();
    statement.value().bind(1, name);
    statement.value().bind(2, value);
    if (statement.value().run() != SQLITE_DONE)
        return database.error("write");
    return {};
}

/// Numbers in meta are decimal text: readable with any SQLite shell.
Result<std::uint64_t> numberFrom(Database& database, std::string_view name)
{
    Result<std::string> text = loadMeta(database, name);
    if (!text)
        return text.error();
    std::uint64_t value = 0;
    for (char digit : text.value()) {
        if (digit < '0' || digit > '9')
            return Error{ErrorCode::Corrupt, database.path() + " is damaged: it has no number as " + std::string(name)};
        value = value * 10 + static_cast<std::uint64_t>(digit - '0');
    }
    return value;
}

Error foreignFile(const Database& database)
{
    return {ErrorCode::Refused, database.path() + " is a database, but not a node's; choose another data folder"};
}

Error otherVersion(const Database& database, std::int64_t format)
{
    if (format > storeFormat)
        return {ErrorCode::Unsupported, database.path() + " was written by a newer version (format " +
                                            std::to_string(format) + ", this one reads up to " +
                                            std::to_string(storeFormat) +
                                            "); start it with that version or a newer one"};
    return {ErrorCode::Unsupported, database.path() + " was written by an older version (format " +
                                        std::to_string(format) + ", this one reads " + std::to_string(storeFormat) +
                                        "); replace the node by one with an empty folder"};
}

/// A file whose pages have no room for checksums was made by somebody else: to say so is better than to call it damaged.
Result<void> checkHeader(Database& database)
{
    const std::optional<FileHeader> header = fileHeaderOf(database.handle());
    if (!header)
        return Error{ErrorCode::Io, "can't read " + database.path()};
    if (!header->sqlite || header->reservedBytes == pageSumBytes)
        return {};
    if (header->applicationId != static_cast<std::uint32_t>(applicationId))
        return foreignFile(database);
    if (header->format < storeFormat)
        return otherVersion(database, header->format);
    return {}; // one of ours: its first page is damaged, as reading it will show
}

/// Creates the tables in a new file, checks the format of an old one.
Result<void> prepareSchema(Database& database)
{
    const Result<std::int64_t> format = database.number("PRAGMA user_version");
    if (!format)
        return format.error();
    const Result<std::int64_t> application = database.number("PRAGMA application_id");
    if (!application)
        return application.error();
    const Result<std::int64_t> tables = database.number("SELECT count(*) FROM sqlite_schema");
    if (!tables)
        return tables.error();
    if (format.value() == 0 && application.value() == 0 && tables.value() == 0) {
        const std::string sql = std::string("BEGIN IMMEDIATE;") + createRecords + createTables + createCounts +
                                "PRAGMA user_version = " + std::to_string(storeFormat) +
                                "; PRAGMA application_id = " + std::to_string(applicationId) + "; COMMIT";
        return database.execute(sql.c_str());
    }
    if (application.value() != applicationId)
        return foreignFile(database);
    if (format.value() == formatWithoutCounts || format.value() == formatWithoutTwins) {
        const std::string sql = std::string("BEGIN IMMEDIATE;") + (format.value() == formatWithoutCounts ? createCounts : "") +
                                "DROP INDEX records_by_expiry; ALTER TABLE records RENAME TO old;" + createRecords + takeRecordsOver +
                                "PRAGMA user_version = " + std::to_string(storeFormat) + "; COMMIT";
        return database.execute(sql.c_str());
    }
    if (format.value() != storeFormat)
        return otherVersion(database, format.value());
    return {};
}

} // namespace

Result<void> configureConnection(Database& database, std::int64_t cacheKib)
{
    // Measured with 100 B values: pages of 1 and 2 KiB cost as much per put and more per lookup; mapping the file
    // doubles the cost of a lookup that follows a commit.
    if (Result<void> done = database.execute(("PRAGMA page_size = " + std::to_string(storePageBytes)).c_str()); !done)
        return done;
    if (Result<void> done =
            database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
                             "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA secure_delete = OFF");
        !done)
        return done;
    return database.execute(("PRAGMA cache_size = -" + std::to_string(cacheKib)).c_str());
}

Result<Database> openStoreFile(const std::string& path, const std::string& vfs, std::int64_t cacheKib)
{
    Result<Database> opened = Database::open(path, Database::Access::ReadWrite, vfs);
    if (!opened)
        return opened;
    Database& database = opened.value();
    if (Result<void> checked = checkHeader(database); !checked)
        return checked.error();
    reservePageSums(database.handle());
    if (Result<void> configured = configureConnection(database, cacheKib); !configured)
        return configured.error();
    // After a failed fsync the system may hold pages that a later fsync doesn't write: whatever the process before has
    // left in SQLite's log, which was written once more (rewriteLog), comes to the tables before anything is built on it.
    if (Result<void> written = database.execute("PRAGMA wal_checkpoint(TRUNCATE)"); !written)
        return written.error();
    if (Result<void> prepared = prepareSchema(database); !prepared)
        return prepared.error();
    return opened;
}

Result<NodeId> loadNode(Database& database)
{
    const Result<std::uint64_t> node = numberFrom(database, metaName::node);
    if (!node)
        return node.error();
    return static_cast<NodeId>(node.value());
}

Result<Identity> beginIncarnation(Database& database, const std::string& newDiskId)
{
    Identity identity;
    Result<std::string> diskId = loadMeta(database, metaName::diskId);
    if (!diskId)
        return diskId.error();
    const Result<NodeId> node = loadNode(database);
    if (!node)
        return node.error();
    const Result<std::uint64_t> incarnation = numberFrom(database, metaName::incarnation);
    if (!incarnation)
        return incarnation.error();
    identity.diskId = diskId.value();
    identity.node = node.value();
    identity.incarnation = incarnation.value() + 1;

    if (Result<void> begun = database.execute("BEGIN IMMEDIATE"); !begun)
        return begun.error();
    if (identity.diskId.empty()) {
        Result<std::string> uuid = newDiskId.empty() ? newUuid() : newDiskId;
        if (!uuid)
            return uuid.error();
        identity.diskId = uuid.value();
        if (Result<void> stored = storeMeta(database, metaName::diskId, identity.diskId); !stored)
            return stored.error();
    }
    if (Result<void> stored = storeMeta(database, metaName::incarnation, std::to_string(identity.incarnation)); !stored)
        return stored.error();
    if (Result<void> committed = database.execute("COMMIT"); !committed)
        return committed.error();
    return identity;
}

Result<std::uint64_t> loadProgress(Database& database)
{
    return numberFrom(database, metaName::progress);
}

Result<std::uint64_t> loadCountedPartitions(Database& database)
{
    const Result<std::uint64_t> count = numberFrom(database, metaName::countedPartitions);
    if (count && count.value() > partitionCountMax)
        return Error{ErrorCode::Corrupt, database.path() + " is damaged: it counts records of too many partitions"};
    return count;
}

Error damagedRecord(const Database& database, Position position, std::string_view key)
{
    return {ErrorCode::Corrupt, database.path() + " is damaged: the record of key '" + std::string(key.substr(0, 200)) +
                                    "' at position " + std::to_string(position) + " doesn't fit its checksum"};
}

Result<ClusterMapPtr> loadMap(Database& database)
{
    const Result<std::string> bytes = loadMeta(database, metaName::map);
    if (!bytes)
        return bytes.error();
    if (bytes.value().empty())
        return ClusterMapPtr();
    return ClusterMap::decode(bytes.value());
}

Result<std::vector<PartitionState>> loadPartitions(Database& database)
{
    Result<Statement> statement = database.prepare("SELECT partition, promised, floor FROM partitions");
    if (!statement)
        return statement.error();
    std::vector<PartitionState> states;
    int code;
    while ((code = statement.value().step()) == SQLITE_ROW) {
        PartitionState state;
        state.partition = static_cast<PartitionIndex>(statement.value().integer(0));
        const std::optional<Version> promised = versionFromSortable(statement.value().blob(1));
        const std::optional<Version> floor = versionFromSortable(statement.value().blob(2));
        if (!promised || !floor)
            return Error{ErrorCode::Corrupt, database.path() + " is damaged: a promise can't be read"};
        state.promised = promised->ballot;
        state.floor = *floor;
        states.push_back(state);
    }
    if (code != SQLITE_DONE)
        return database.error("read");
    return states;
}

Result<std::map<std::string, std::string>> loadNotes(Database& database)
{
    Result<Statement> statement = database.prepare("SELECT name, value FROM meta");
    if (!statement)
        return statement.error();
    std::map<std::string, std::string> notes;
    int code;
    while ((code = statement.value().step()) == SQLITE_ROW) {
        const std::string_view name = statement.value().blob(0);
        if (name.starts_with(metaName::notePrefix))
            notes.emplace(name.substr(metaName::notePrefix.size()), statement.value().blob(1));
    }
    if (code != SQLITE_DONE)
        return database.error("read");
    return notes;
}

Result<std::vector<PeerMark>> loadPeers(Database& database)
{
    Result<Statement> statement = database.prepare("SELECT node, incarnation, session, progress FROM peers");
    if (!statement)
        return statement.error();
    std::vector<PeerMark> peers;
    int code;
    while ((code = statement.value().step()) == SQLITE_ROW)
        peers.push_back({static_cast<NodeId>(statement.value().integer(0)),
                         static_cast<std::uint64_t>(statement.value().integer(1)),
                         static_cast<std::uint64_t>(statement.value().integer(2)),
                         static_cast<std::uint64_t>(statement.value().integer(3))});
    if (code != SQLITE_DONE)
        return database.error("read");
    return peers;
}

Result<std::vector<Hint>> loadHints(Database& database)
{
    Result<Statement> statement = database.prepare("SELECT node, position, key, version FROM hints");
    if (!statement)
        return statement.error();
    std::vector<Hint> hints;
    int code;
    while ((code = statement.value().step()) == SQLITE_ROW) {
        const std::optional<Version> version = versionFromSortable(statement.value().blob(3));
        if (!version)
            return Error{ErrorCode::Corrupt, database.path() + " is damaged: a hint can't be read"};
        hints.push_back({static_cast<NodeId>(statement.value().integer(0)),
                         positionFromStored(statement.value().integer(1)), std::string(statement.value().blob(2)),
                         *version});
    }
    if (code != SQLITE_DONE)
        return database.error("read");
    return hints;
}

} // namespace quoit
