// node/server/plan_command.h - QUOIT.PLAN: plans the steps, and asks each node that is to come in who it is. Decides
// nothing about the ring; the core isn't asked.
#pragma once

#include "node/server/change_book.h"
#include "node/server/long_command.h"
#include "node/server/node_desk.h"
#include "node/server/peer_link.h"

#include <memory>
#include <string>
#include <vector>

namespace quoit {

/// Newcomers have two seconds. They are greeted as by a node that waits, so that nobody takes the connection for a member's.
class PlanCommand final : public LongCommand, public PeerLink::Owner
{
public:
    PlanCommand(NodeDesk& node, LongCommandDesk& longDesk, Session& session, ChangeBook::Wanted wanted)
        : LongCommand(longDesk, session)
        , m_node(node)
        , m_wanted(std::move(wanted))
    {}

    void start() override;

private:
    struct Newcomer
    {
        Member member; ///< as the operator described it
        std::unique_ptr<PeerLink> link;
        bool isReady = false;
    };

    void linkGreeted(PeerLink& link, Now) override;
    void linkMessages(PeerLink&, Now, std::vector<Message>&) override {}
    void linkClosed(PeerLink& link, const std::string& reason, bool garbled) override;
    Newcomer& newcomerAt(const PeerLink& link);
    /// What stands against it. @return empty: nothing
    std::string objectionTo(const Newcomer& newcomer) const;
    void refuse(const std::string& problem);
    void endIfAllAreReady();
    void onDeadline();

    NodeDesk& m_node;
    ChangeBook::Wanted m_wanted;
    PlanReport m_report;
    std::vector<Newcomer> m_newcomers;
    bool m_hasAnswered = false;
};

} // namespace quoit
