// node/store/checked_vfs.h - a layer between SQLite and its files that finds damage. Each page of a database ends in 8
// bytes that SQLite leaves alone; they hold a checksum of the rest, put there whenever a page is written to the
// database file and verified whenever one is read from it. Knows pages, not what is in them.
//
// SQLite's write-ahead log has checksums of its own, which SQLite looks at when it recovers the log, but not when it
// reads a page from it: so this layer remembers sums of what it wrote there, for as long as any connection is open.
// What of the log is on disk it notes beside it; see synced_mark.h.
//
// The sum is XXH3-64 of the page without its last 8 bytes, little-endian, exclusive-or the page's number (from 1) times
// 2^64 / φ, so that a page that lands in another's place is found as well. The idea is that of SQLite's "checksum VFS
// shim", https://www.sqlite.org/cksumvfs.html.
#pragma once

#include "shared/base/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

struct sqlite3;

namespace quoit {

inline constexpr int pageSumBytes = 8;

/// Makes a checking layer over the VFS of that name, once. Any thread.
/// @return the new VFS's name; empty if there is no VFS `below`
std::string checkedVfs(const std::string& below);

/// Before the first statement of a connection: a database that doesn't exist yet leaves room for the sums.
void reservePageSums(sqlite3* database);

/// Damage that this connection has met last. A statement that meets it fails with SQLITE_IOERR_DATA.
struct PageDamage
{
    std::uint64_t page = 0; ///< from 1; in the log: of the place in it
    bool inLog = false;     ///< of SQLite
};
/// @return nothing if the connection has met none
std::optional<PageDamage> pageDamageOf(sqlite3* database);

/// How long the last fsync of SQLite's log on this connection took; zero before the first.
std::chrono::microseconds lastLogSyncOf(sqlite3* database);

/// Whole pages in the database file, not in its log. @return Io
Result<std::uint64_t> pageCountOf(sqlite3* database, int pageBytes);
/// Reads one page from the database file past SQLite, and verifies it. At any time; but while a checkpoint runs, or has
/// ended before it had copied the whole log, the page may be in no state at all.
/// @param page  from 1. @return Io if it can't be read
Result<bool> pageFits(sqlite3* database, std::uint64_t page, int pageBytes);

/// What an unopened database's header says; all 0 for an empty file.
struct FileHeader
{
    bool sqlite = false; ///< begins as SQLite's files do
    int reservedBytes = 0;
    std::uint32_t format = 0; ///< user_version
    std::uint32_t applicationId = 0;
};
/// Reads the first bytes, unchecked, without beginning a transaction. @return nothing if they can't be read
std::optional<FileHeader> fileHeaderOf(sqlite3* database);

} // namespace quoit
