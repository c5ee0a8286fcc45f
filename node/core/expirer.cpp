#include "node/core/expirer.h"

namespace quoit {

namespace {

constexpr std::size_t atOnceMin = 256;
constexpr std::size_t atOnceMax = 1024;
constexpr std::size_t seenPerLookMin = 256; ///< those of other homes included
/// Clients wait behind a batch: it may take so much longer than twice what the quickest ones took lately.
constexpr Milliseconds batchLonger{10};

} // namespace

Expirer::Expirer(Context& context, Replica& replica, Home& home, RecordSource& records)
    : m_context(context)
    , m_replica(replica)
    , m_home(home)
    , m_records(records)
    , m_atOnce(atOnceMin)
{}

void Expirer::housekeeping()
{
    m_mayBeMore = true;
    turn();
}

void Expirer::turn()
{
    if (!m_mayBeMore || m_context.disk == DiskSpace::None || m_underWay * 4 > m_atOnce)
        return;
    // On from where the last look ended: those that another home has to bury, or nobody can, keep no others from it.
    const std::size_t seenPerLook = std::max((m_atOnce - m_underWay) * m_context.replicas(0).size(), seenPerLookMin);
    const auto over = m_records.expired(m_context.now.wallMs, seenPerLook, m_seen);
    const std::uint64_t batch = ++m_lastBatch;
    std::size_t seen = 0;
    for (; seen < over.size() && m_underWay < m_atOnce; ++seen) {
        m_seen = {over[seen].expiryMs, over[seen].position};
        if (!bury(over[seen], batch))
            continue;
        ++m_underWay;
        ++m_batches[batch].open;
    }
    const auto begun = m_batches.find(batch);
    if (begun != m_batches.end())
        begun->second.begun = m_context.now.monotonic;
    const bool isEnd = seen == over.size() && seen < seenPerLook;
    if (isEnd)
        m_seen = {}; // from the oldest on once more
    m_mayBeMore = !isEnd && begun != m_batches.end(); // where nothing is this home's: no hurry
}

/// A read through the home turns it into a tombstone; only where this node is home, and only once.
bool Expirer::bury(const RecordSummary& record, std::uint64_t batch)
{
    const PartitionIndex partition = m_context.map->partitionOf(record.position);
    if (m_home.ballotOf(partition).isNone())
        return false;
    const RecordPtr current = m_replica.find(record.key);
    if (!current || current->tombstone || current->expiryMs != record.expiryMs)
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
    m_quickest = m_quickest == Microseconds::zero() ? took : std::min(took, m_quickest + m_quickest / 16);
    if (took > 2 * m_quickest + batchLonger)
        m_atOnce = std::max(m_atOnce / 2, atOnceMin);
    else
        m_atOnce = std::min(m_atOnce * 2, atOnceMax);
}

} // namespace quoit
