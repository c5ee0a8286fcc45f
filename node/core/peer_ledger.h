// node/core/peer_ledger.h - what this node remembers of its peers' disks, so that one that has gone back in time is known for it.
// Pure. Design: resources/docs/protocol.md, "Restart".
//
// A node numbers its commits over the whole life of its disk (its progress) and tells its progress in every heartbeat. A process that starts
// has what its disk says. If that is less than what the node itself has told before, something that it acknowledged is gone.
#pragma once

#include "node/core/persistence.h"

#include <map>
#include <string>
#include <vector>

namespace quoit {

/// What a node says of itself when a link is made.
struct PeerIntroduction
{
    std::uint64_t incarnation = 0;
    std::uint64_t session = 0;  ///< drawn by the process at random: two processes with one incarnation are told apart
    std::uint64_t progress = 0; ///< of its disk when the process started
};

class PeerLedger
{
public:
    explicit PeerLedger(const std::vector<PeerMark>& stored);

    /// Whether a peer may take part, as far as its disk is concerned. Remembers it if so.
    /// @return what is wrong with it, a sentence for people; empty if nothing is.
    std::string introduce(NodeId peer, const PeerIntroduction& introduction);
    /// From a heartbeat of a process that was introduced.
    void heard(NodeId peer, std::uint64_t progress);
    /// What has changed since the last call and is worth remembering over a restart of this node.
    /// @param everything also mere progress; else only what a new process of a peer brought.
    std::vector<PeerMark> takeChanged(bool everything);

private:
    struct Known
    {
        PeerMark mark;
        bool introduced = false;   ///< to this process
        bool restarted = false;    ///< not taken yet
        bool progressed = false;
    };
    std::map<NodeId, Known> m_known;
};

} // namespace quoit
