// node/store/log_replay.h - puts into the tables what an earlier process left in the log. Only at the start, before
// anybody reads.
#pragma once

#include "node/store/database.h"

namespace quoit {

/// Afterwards the log is empty, durably.
/// @return the id of the last entry that was ever written, 0 if none was; Corrupt if an entry is damaged: the folder then lacks what it has acknowledged, and must not be used;
/// DiskFull; Io.
Result<std::uint64_t> replayLog(Database& database);

} // namespace quoit
