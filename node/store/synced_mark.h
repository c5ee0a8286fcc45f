// node/store/synced_mark.h - remembers beside SQLite's write-ahead log how far it is on disk, so that a bit which flips
// in it while no process runs is told from a loss of power. SQLite's own recovery can't: it takes the first frame that
// doesn't fit for the end of the log, forgets all that follows, and where older frames have been copied to the database
// already, mixes older pages with newer ones.
//
// The mark is written after each successful fsync of the log, and not synced itself. So it never says more than is
// true; it may say less after a loss of power, and nothing after the log was emptied, which waits for the mark to be
// forgotten durably. That the log begins anew in place needs no wait: its salt then counts up.
//
// One block of 32 bytes at the start of the file: "quoitlog", the log's two salts and the number of its frames (8 bytes
// each, little-endian), XXH3-64 of these 24. Zeros, or a checksum that doesn't fit: nothing is known.
#pragma once

#include "node/store/vfs_file.h"

#include <memory>

namespace quoit {

/// A write-ahead log up to some commit.
struct SyncedLog
{
    std::uint64_t salt = 0;   ///< both salts of its header, as one big-endian number
    std::uint64_t frames = 0; ///< 0: nothing is known

    bool operator==(const SyncedLog&) const = default;
};

/// The file of the mark. One thread at a time.
class SyncedMark
{
public:
    /// @param vfs  outlives the mark
    /// @param log  the path of SQLite's log
    SyncedMark(sqlite3_vfs* vfs, const std::string& log);

    /// Those frames are on disk. Best effort: a mark that couldn't be written says less than it might.
    void note(const SyncedLog& log);
    /// Nothing is known any more, durably. @return SQLite's code
    int forget();

private:
    bool open();
    int put(const std::string& block);

    sqlite3_vfs* const m_vfs;
    const std::string m_path;
    std::unique_ptr<VfsFile> m_file; ///< null before the first note
    SyncedLog m_noted;
};

/// Verifies all frames that the mark knows of. Before SQLite opens the database.
/// @param vfs  the name of the layer that the files are in
/// @param database  its path
/// @return Corrupt if one doesn't fit, or isn't there; Io
Result<void> checkSyncedLog(const std::string& vfs, const std::string& database);

/// Writes SQLite's log once more, byte for byte, and syncs it. After a failed fsync the system may show what isn't on disk and what no later fsync
/// writes; while such a log is copied to the database, a loss of power would leave neither of them whole. Before SQLite opens the database.
/// @return Io
Result<void> rewriteLog(const std::string& vfs, const std::string& database);

} // namespace quoit
