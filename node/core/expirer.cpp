#include "node/core/expirer.h"

namespace quoit {

namespace {

constexpr std::size_t atOnceMin = 64;
constexpr std::size_t atOnceMore = 16; ///< after each batch that didn't take too long
/// Clients wait behind a batch: it may take so much longer than twice what the quickest one took, which is forgotten within some thousand
/// batches. A slow disk is no reason to be slow: it is as slow for small batches.
constexpr Milliseconds batchLonger{5};
constexpr int quickestForgotten = 1024;

} // namespace

Expirer::Expirer(Context& context, Home& home, RecordSource& records)
    : m_context(context)
    , m_home(home)
    , m_records(records)
    , m_atOnce(std::min(atOnceMin, context.options.expiry.atOnceMax))
{}

void Expirer::housekeeping()
{
    m_mayBeMore = true;
    if (m_atEnd && m_context.now.monotonic >= m_nextRound) {
        m_context.counters.expiryRounds += m_hasPaused;
        m_hasPaused = false;
        m_seen = {}; // from the oldest on once more
        m_seenInRound = 0;
        m_atEnd = false;
    }
    m_hasPaused = m_hasPaused || m_atEnd;
    turn();
}

void Expirer::turn()
{
    if (!m_mayBeMore || m_context.disk == DiskSpace::None || m_underWay * 4 > m_atOnce || m_context.now.monotonic < m_nextLook)
        return;
    // On from where the last look ended: those that another home has to bury, or nobody can, keep no others from it.
    const std::size_t seenPerLook = std::max((m_atOnce - m_underWay) * m_context.replicas(0).size(), m_context.options.expiry.perLookMin);
    const ExpiredKeys over = m_records.expired(m_context.now.wallMs, seenPerLook, m_seen);
    const std::uint64_t batch = ++m_lastBatch;
    std::size_t seen = 0;
    for (; seen < over.keys.size() && m_underWay < m_atOnce; ++seen) {
        m_seen = {over.keys[seen].expiryMs, over.keys[seen].position};
        if (!bury(over.keys[seen], batch))
            continue;
        ++m_underWay;
        ++m_batches[batch].open;
    }
    const auto begun = m_batches.find(batch);
    m_seenInRound += seenPerLook;
    if (seen == over.keys.size()) {
        m_seen = over.seenTo;
        m_mayBeMore = !over.isEnd;
        if (over.isEnd && !m_atEnd)
            m_nextRound = m_context.now.monotonic + m_seenInRound * m_context.options.expiry.pausePerKey;
        m_atEnd = m_atEnd || over.isEnd;
    } else {
        ++m_context.counters.expiryCut;
    }
    if (begun != m_batches.end()) {
        begun->second.begun = m_context.now.monotonic;
    } else if (m_mayBeMore) {
        ++m_context.counters.expiryLooksInVain;
        m_nextLook = m_context.now.monotonic + seenPerLook * m_context.options.expiry.pausePerKey / 2;
        m_context.timers.set(m_nextLook, Timer::Kind::Expiry, 0); // its tick is all that is needed
    }
}

/// A read through the home turns it into a tombstone, unless it is something else by now; only where this node is home.
bool Expirer::bury(const RecordSummary& record, std::uint64_t batch)
{
    const PartitionIndex partition = m_context.map->partitionOf(record.position);
    if (m_home.ballotOf(partition).isNone())
        return false;
    OperationRequest request;
    request.id = {m_context.self, m_context.incarnation, expiringBit | batch};
    request.partition = partition;
    request.key = record.key;
    request.read = true;
    m_home.handle(m_context.self, std::move(request));
    return true;
}

void Expirer::handle(const OperationReply& reply)
{
    const auto found = m_batches.find(reply.id.counter & ~expiringBit);
    if (found == m_batches.end())
        return;
    --m_underWay;
    if (--found->second.open > 0)
        return;
    const Microseconds took = m_context.now.monotonic - found->second.begun;
    m_batches.erase(found);
    m_quickest = m_quickest == Microseconds::zero() ? took : std::min(took, m_quickest + m_quickest / quickestForgotten);
    if (took > 2 * m_quickest + batchLonger)
        m_atOnce = std::max(m_atOnce / 2, std::min(atOnceMin, m_context.options.expiry.atOnceMax));
    else
        m_atOnce = std::min(m_atOnce + atOnceMore, m_context.options.expiry.atOnceMax);
}

} // namespace quoit
