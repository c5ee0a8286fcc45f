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

/// See RecordSource::expired. @param rows  expired at the same time, behind the same place
ExpiredKeys mergedExpired(SummaryCursor rows, const RecordCache& cache, std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after);

} // namespace quoit
