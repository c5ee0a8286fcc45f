// node/store/listing.h - listings of what is stored: the rows of the tables, and over them the pinned records that
// haven't got there yet.
#pragma once

#include "node/store/record_cache.h"
#include "node/store/store_reader.h"

#include <cstdint>
#include <vector>

namespace quoit {

/// See RecordSource::list. @param rows  of the same range
std::vector<RecordSummary> mergedList(SummaryCursor rows, const RecordCache& cache, Position first, Position last,
                                      std::size_t limit);

/// See RecordSource::expired. Keys that were buried stay in the index by expiry until their tombstones are folded; they come first in it.
/// @param rows  expired at the same time, behind that place or behind `stale`, whichever comes later
/// @param stale  all rows up to there are older than what is pinned of their keys, and nothing pinned expires by then; moved on
std::vector<RecordSummary> mergedExpired(SummaryCursor rows, const RecordCache& cache, std::int64_t nowMs, std::size_t limit,
                                         const ExpiryPlace& after, ExpiryPlace& stale);

} // namespace quoit
