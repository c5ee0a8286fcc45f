// node/core/ring_driver.h - carries changes of the ring through: begins the next one that waits, asks the members how far they are, and
// proposes the map in which it is done. Every member could; the first decider that is up does. Two at once do no harm: one map is chosen.
// Pure. Design: resources/docs/protocol.md, "Changing the ring".
#pragma once

#include "node/core/context.h"
#include "node/core/map_register.h"

#include <map>
#include <set>

namespace quoit {

class RingDriver
{
public:
    RingDriver(Context& context, MapRegister& maps);

    void onAdopted();
    /// About every 100 ms.
    void housekeeping();
    void handle(NodeId from, const ChangeReportReply& reply);
    /// See Core::emptyNodeAt.
    void emptyNodeAt(NodeId member, Member newcomer);

private:
    bool isDriver() const;
    bool isDone() const;
    bool clientsAreGone();
    NodeId onlyOneAway() const;
    bool replaceEmptied();
    void removeDead();
    bool propose(ChangeStep step);

    Context& m_context;
    MapRegister& m_maps;
    Tag m_tag = 0;
    TimePoint m_asked{};
    TimePoint m_adopted;
    std::map<NodeId, std::set<PartitionIndex>> m_copied;
    std::set<PartitionIndex> m_settled;
    std::set<NodeId> m_withoutClients;
    TimePoint m_done{}; ///< when all else was
    struct EmptyNode
    {
        Member newcomer;
        TimePoint seen;
    };
    std::map<NodeId, EmptyNode> m_emptyNodes; ///< by the member at whose address it waits
};

} // namespace quoit
