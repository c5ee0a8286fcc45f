#include "node/store/listing.h"

#include <algorithm>

namespace quoit {

namespace {

RecordSummary summaryOf(const RecordCache::Pinned& pinned)
{
    const Record& record = *pinned.record;
    return {pinned.position, std::string(record.key), record.version, record.tombstone, record.expiryMs, record.value.size()};
}

/// Walks the pinned records between two positions in order, sorting one range at a time.
class PinnedCursor
{
public:
    PinnedCursor(const RecordCache& cache, Position first, Position last)
        : m_cache(cache)
        , m_first(first)
        , m_last(last)
        , m_range(RecordCache::pinnedRangeOf(first))
        , m_rangesEnd(cache.pinnedEntries() > 0 && first <= last ? RecordCache::pinnedRangeOf(last) + 1 : 0)
    {}

    /// @return nullptr at the end
    const RecordCache::Pinned* peek()
    {
        while (m_next == m_sorted.size() && m_range < m_rangesEnd)
            load(m_range++);
        return m_next < m_sorted.size() ? &m_sorted[m_next] : nullptr;
    }
    void advance() { ++m_next; }

private:
    void load(std::uint32_t range)
    {
        m_sorted.clear();
        m_next = 0;
        m_cache.pinnedIn(range, m_sorted);
        std::erase_if(m_sorted,
                      [this](const auto& pinned) { return pinned.position < m_first || pinned.position > m_last; });
        std::sort(m_sorted.begin(), m_sorted.end(), [](const auto& a, const auto& b) {
            return a.position != b.position ? a.position < b.position : a.record->key < b.record->key;
        });
    }

    const RecordCache& m_cache;
    const Position m_first;
    const Position m_last;
    std::uint32_t m_range;
    const std::uint32_t m_rangesEnd;
    std::vector<RecordCache::Pinned> m_sorted;
    std::size_t m_next = 0;
};

ExpiryPlace placeOf(const RecordSummary& summary)
{
    return {summary.expiryMs, summary.position};
}

} // namespace

std::vector<RecordSummary> mergedList(SummaryCursor rows, const RecordCache& cache, Position first, Position last,
                                      std::size_t limit)
{
    std::vector<RecordSummary> summaries;
    if (limit == 0)
        return summaries;
    PinnedCursor pinned(cache, first, last);
    std::optional<RecordSummary> row = rows.next();
    while (true) {
        const RecordCache::Pinned* const pin = pinned.peek();
        if (!row && !pin)
            return summaries;
        const bool rowFirst = row && (!pin || row->position < pin->position ||
                                      (row->position == pin->position && row->key < pin->record->key));
        const Position position = rowFirst ? row->position : pin->position;
        if (summaries.size() >= limit && position != summaries.back().position)
            return summaries;
        if (rowFirst) {
            summaries.push_back(std::move(*row));
            row = rows.next();
            continue;
        }
        if (row && row->position == pin->position && row->key == pin->record->key)
            row = rows.next(); // the pinned state is the newer one
        if (!pin->absent)
            summaries.push_back(summaryOf(*pin));
        pinned.advance();
    }
}

ExpiredKeys mergedExpired(SummaryCursor rows, const RecordCache& cache, std::int64_t nowMs, std::size_t limit, const ExpiryPlace& after)
{
    ExpiredKeys found;
    found.seenTo = after;
    std::vector<RecordCache::Pinned> pinned;
    cache.pinnedExpired(nowMs, limit, after, pinned);
    std::size_t nextPinned = 0;
    std::optional<RecordSummary> row = rows.next();
    for (; limit > 0; --limit) {
        const bool rowIsNext =
            row && (nextPinned == pinned.size() ||
                    placeOf(*row) <= ExpiryPlace{pinned[nextPinned].record->expiryMs, pinned[nextPinned].position});
        if (rowIsNext) {
            found.seenTo = placeOf(*row);
            if (!cache.isPinned(row->position, row->key)) // what is pinned is newer
                found.keys.push_back(std::move(*row));
            row = rows.next();
        } else if (nextPinned < pinned.size()) {
            found.keys.push_back(summaryOf(pinned[nextPinned++]));
            found.seenTo = placeOf(found.keys.back());
        } else {
            found.isEnd = true;
            break;
        }
    }
    return found;
}

} // namespace quoit
