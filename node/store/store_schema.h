// node/store/store_schema.h - the tables of a data folder, and what is loaded from the small ones when it is opened.
// A change of format raises storeFormat, comes with a migration, and keeps its golden folder under tests/.
#pragma once

#include "node/core/persistence.h"
#include "node/store/database.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace quoit {

/// The format of the file; kept in its user_version. Format 1 had no peers, format 2 no checksums of pages, format 3 no counts,
/// format 4 records without rowids: the last two are brought to this one when they are opened.
inline constexpr std::int64_t storeFormat = 5;

inline constexpr int storePageBytes = 4096;

/// Settles how this connection works: write-ahead log, fsync at every commit, no checkpoint but on request.
/// @param cacheKib  SQLite's own page cache, KiB
Result<void> configureConnection(Database& database, std::int64_t cacheKib);

/// Opens the file for writing: finishes what the process before has left in SQLite's log, creates the tables in a new
/// file, checks the format of an old one.
/// @param vfs  a checked one
/// @param cacheKib  as for configureConnection
/// @return Unsupported if another version wrote it; Refused if it isn't Quoit's; Corrupt; Io.
Result<Database> openStoreFile(const std::string& path, const std::string& vfs, std::int64_t cacheKib);

/// @return noNode if the folder is no member's yet; Corrupt
Result<NodeId> loadNode(Database& database);
/// Reads the identity, making the disk id at the first start, and raises the incarnation durably.
/// @param newDiskId  for the first start; empty: a random one
Result<Identity> beginIncarnation(Database& database, const std::string& newDiskId);

/// @return the id of the last log entry that was folded; 0 if none ever was.
Result<std::uint64_t> loadProgress(Database& database);
/// @return how many partitions the table counts is of; 0: the records have yet to be counted.
Result<std::uint64_t> loadCountedPartitions(Database& database);
/// What to say of a record whose bytes can't be read.
Error damagedRecord(const Database& database, Position position, std::string_view key);
/// @return null if none was stored yet; Corrupt.
Result<ClusterMapPtr> loadMap(Database& database);
Result<std::vector<PartitionState>> loadPartitions(Database& database);
Result<std::vector<PeerMark>> loadPeers(Database& database);
/// By name; see StoredState::notes.
Result<std::map<std::string, std::string>> loadNotes(Database& database);
Result<std::vector<Hint>> loadHints(Database& database);

/// Names of what the table meta holds.
namespace metaName {
inline constexpr std::string_view diskId = "disk id";
inline constexpr std::string_view node = "node";
inline constexpr std::string_view incarnation = "incarnation";
inline constexpr std::string_view map = "map";
inline constexpr std::string_view progress = "progress"; ///< the id of the last log entry that is gone from the log
inline constexpr std::string_view countedPartitions = "counted partitions"; ///< see loadCountedPartitions
inline constexpr std::string_view notePrefix = "note:"; ///< StoredState::notes, each under its name
} // namespace metaName

} // namespace quoit
