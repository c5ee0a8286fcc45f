// node/core/expirer.h - makes tombstones of keys whose time is over: a home, by the index of expiry times, as fast as its disk and its clients
// allow. Pure. Design: resources/docs/protocol.md, "Expiry".
#pragma once

#include "node/core/home.h"

#include <map>

namespace quoit {

class Expirer
{
public:
    /// In the counter of the operations by which keys are buried.
    static constexpr std::uint64_t expiringBit = std::uint64_t(1) << 60;

    Expirer(Context& context, Home& home, RecordSource& records);

    /// About once in 100 ms: looks for more.
    void housekeeping();
    /// To be called often: goes on while there is more.
    void turn();
    /// A key is buried, or another matter.
    void handle(const OperationReply& reply);

private:
    /// Begun at one time. How long they take says whether it was too much.
    struct Batch
    {
        TimePoint begun;
        std::size_t open = 0;
    };
    bool bury(const RecordSummary& record, std::uint64_t batch);

    Context& m_context;
    Home& m_home;
    RecordSource& m_records;
    bool m_mayBeMore = false;
    ExpiryPlace m_seen;             ///< in this round over all that have expired
    bool m_atEnd = false;           ///< of the round: only what has expired since is looked at
    std::size_t m_seenInRound = 0;  ///< about
    TimePoint m_nextRound{};        ///< not before
    bool m_hasPaused = false;       ///< since the round ended
    TimePoint m_nextLook{};         ///< likewise
    std::size_t m_atOnce;      ///< so many are under way at most
    std::size_t m_underWay = 0;
    std::map<std::uint64_t, Batch> m_batches;
    std::uint64_t m_lastBatch = 0;
    Microseconds m_quickest{0}; ///< a batch, lately
};

} // namespace quoit
