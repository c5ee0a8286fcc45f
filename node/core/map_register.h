// node/core/map_register.h - how the cluster agrees on its next map: one round of Paxos for each revision, among the deciders that the map
// before it names (ClusterMap::deciders). Pure. Design: resources/docs/protocol.md, "The map".
//
// There is exactly one map for each revision, and whoever has map r knows who decides on r + 1. A map is used once it is chosen and on this
// node's disk, not earlier.
#pragma once

#include "node/core/context.h"

#include <deque>
#include <functional>
#include <optional>

namespace quoit {

class MapRegister
{
public:
    /// @param note what an earlier process left under noteName; empty: nothing
    MapRegister(Context& context, const std::string& note);
    static constexpr const char* noteName = "map-promise";

    /// Makes the next map from the present one. Run again on the newer one if another map comes first.
    using Builder = std::function<Result<ClusterMapPtr>(const ClusterMap&)>;
    /// Given up after ten seconds; what hasn't begun by then is surely not made (NoQuorum). Busy at once if many wait.
    /// @param request answered in Effects::changes; 0: nobody wants to know
    void propose(RequestId request, Builder builder);
    bool isProposing() const { return !m_proposals.empty(); }

    void handle(NodeId from, const MapPrepareRequest& request);
    void handle(NodeId from, const MapPrepareReply& reply);
    void handle(NodeId from, const MapAcceptRequest& request);
    void handle(NodeId from, const MapAcceptReply& reply);
    void onTimer(const Timer& timer);

    /// A map that a proposal of this node made chosen, for the core to adopt; null if there is none.
    ClusterMapPtr takeChosen() { return std::exchange(m_chosen, nullptr); }
    /// The context has a new map.
    void onAdopted();
    /// Decides whether a map that somebody pushes or proposes may follow this node's.
    bool fits(const ClusterMap& map) const;

private:
    struct Proposal
    {
        RequestId request = 0;
        Builder builder;
        TimePoint deadline;
    };
    /// The round for the first proposal.
    struct Round
    {
        Tag tag = 0;
        Ballot ballot;
        ClusterMapPtr own;
        ClusterMapPtr value; ///< own, or what was accepted before
        Ballot found;        ///< the highest ballot of what was accepted before
        std::vector<NodeId> prepared;
        std::vector<NodeId> accepted;
        bool accepting = false;
    };
    /// What this node has promised as a decider, about one revision.
    struct Promise
    {
        std::uint64_t revision = 0;
        Ballot promised;
        Ballot accepted;
        ClusterMapPtr map;
    };

    void start();
    void startLater(const Ballot& higher);
    void finish(CompletionStatus status, std::string text);
    void answer(RequestId request, CompletionStatus status, std::string text);
    bool mayDecide(NodeId from, std::uint64_t revision);
    void persist();
    bool isEnough(const std::vector<NodeId>& nodes) const;

    Context& m_context;
    Promise m_promise;
    std::deque<Proposal> m_proposals;
    std::optional<Round> m_round;
    std::uint64_t m_rounds;
    ClusterMapPtr m_chosen;
};

} // namespace quoit
