// node/core/partition_copy.h - what a change of the ring asks of this node: to copy the partitions that it gets, and, as home, to settle what
// the replicas of a smaller set disagree on. Pure. Design: resources/docs/protocol.md, "Changing the ring".
//
// A partition is copied page by page from a majority of the replicas before the change: of each key the highest version among them. It counts
// once all of it is on disk, and stays so over a restart. Settling goes over the same pages and sends a read of each key that the replicas
// disagree on through the home.
#pragma once

#include "node/core/context.h"
#include "node/core/home.h"
#include "node/core/replica.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace quoit {

class PartitionCopy
{
public:
    static constexpr const char* noteName = "copied";
    /// Ids of the operations that settle a key: their answers come here.
    static constexpr std::uint64_t settlingBit = std::uint64_t(1) << 62;

    /// @param note what an earlier process left under noteName; empty: nothing
    PartitionCopy(Context& context, Replica& replica, Home& home, const std::string& note);

    void onAdopted();
    /// About every 100 ms: begins what is to do, asks again for what was lost.
    void housekeeping();
    void handle(NodeId from, const ChangeReportRequest& request);
    /// @return false if the tag is none of this role's.
    bool handle(NodeId from, const ScanReply& reply);
    bool handle(NodeId from, const ReadReply& reply);
    void handle(const OperationReply& reply);

    /// Bytes/s, at most; the map may allow less.
    void setRate(std::uint64_t bytesPerSecond) { m_rate = static_cast<std::int64_t>(bytesPerSecond); }
    const CopyProgress& progress() const { return m_progress; }
    void clientsGone() { m_clientsGone = m_isLeaving; }

private:
    static constexpr std::int64_t defaultRate = 100'000'000; ///< bytes/s
    struct Task
    {
        bool settling = false;
        PartitionIndex partition = 0;
        Position next = 0;               ///< where the page in work begins
        NodeId source = noNode;          ///< gives whole records; the others versions
        std::map<NodeId, ScanReply> answers;
        Position coveredTo = 0;          ///< by the page, once merged
        std::map<std::string, std::pair<NodeId, Version>> missing; ///< keys to fetch, from whom
        std::set<std::string> unsettled;
        bool merged = false;
        TimePoint asked{};
        bool waits = false; ///< until more may be copied
    };

    void load(const std::string& note);
    void persist();
    void begin(PartitionIndex partition, bool settling);
    void askPage(Tag tag, Task& task);
    void mergeForCopy(Tag tag, Task& task);
    void mergeForSettling(Task& task);
    void turnPage(Tag tag);
    void complete(Tag tag);
    bool mayGoOn() const;
    bool take(PartitionIndex partition, const RecordPtr& record);

    Context& m_context;
    Replica& m_replica;
    Home& m_home;
    Epoch m_epoch = 0;                     ///< of the change that the sets below are about
    std::set<PartitionIndex> m_toCopy;     ///< not begun or in work
    std::set<PartitionIndex> m_toSettle;   ///< as home, whenever this node is it
    std::set<PartitionIndex> m_copied;
    std::set<PartitionIndex> m_settled;
    PersistSequence m_marked = 0;          ///< the batch that makes the newest mark durable
    std::map<Tag, Task> m_tasks;
    std::map<std::uint64_t, std::pair<Tag, std::string>> m_settling; ///< by operation counter
    std::uint64_t m_counter = 0;
    std::int64_t m_rate = defaultRate;
    std::int64_t m_credit = 0;             ///< bytes that may be copied now
    TimePoint m_credited{};
    CopyProgress m_progress;
    bool m_isLeaving = false; ///< the driver has said that all else is done
    bool m_clientsGone = false;
};

} // namespace quoit
