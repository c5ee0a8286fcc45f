#include "node/core/peer_ledger.h"

#include "node/core/planted_bug.h"

#include <algorithm>

namespace quoit {

PeerLedger::PeerLedger(const std::vector<PeerMark>& stored)
{
    for (const PeerMark& mark : stored)
        m_known[mark.node].mark = mark;
}

std::string PeerLedger::introduce(NodeId peer, const PeerIntroduction& introduction)
{
    Known& known = m_known[peer];
    PeerMark& mark = known.mark;
    const bool same = introduction.incarnation == mark.incarnation && introduction.session == mark.session;
    const bool newer = introduction.incarnation > mark.incarnation && introduction.progress >= mark.progress;
    if (!same && !newer && !planted(PlantedBug::OldDiskAccepted)) {
        const std::string name = "node " + std::to_string(peer);
        if (introduction.incarnation == mark.incarnation && introduction.progress >= mark.progress)
            return name + " runs twice, on copies of one data folder; stop one of them, and replace it by a node with an empty folder";
        const auto stateOf = [](const auto& known) {
            return std::to_string(known.progress) + " commits, incarnation " + std::to_string(known.incarnation);
        };
        return name + " runs on older data than it had before (a restored copy, or a disk that lost what it had synced: " +
               stateOf(introduction) + "; it was at " + stateOf(mark) + "); replace it by a node with an empty folder";
    }
    known.restarted = known.restarted || !same;
    known.introduced = true;
    mark = {peer, introduction.incarnation, introduction.session, std::max(mark.progress, introduction.progress)};
    return {};
}

void PeerLedger::heard(NodeId peer, std::uint64_t progress)
{
    const auto found = m_known.find(peer);
    // A stray heartbeat of a process that never said who it is must not count for the one before it.
    if (found == m_known.end() || !found->second.introduced || progress <= found->second.mark.progress)
        return;
    found->second.mark.progress = progress;
    found->second.progressed = true;
}

std::vector<PeerMark> PeerLedger::takeChanged(bool everything)
{
    std::vector<PeerMark> changed;
    for (auto& [peer, known] : m_known) {
        if (!known.restarted && !(everything && known.progressed))
            continue;
        known.restarted = known.progressed = false;
        changed.push_back(known.mark);
    }
    return changed;
}

} // namespace quoit
