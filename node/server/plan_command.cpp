#include "node/server/plan_command.h"

#include "shared/admin/change_report.h"

#include <QTimer>

#include <algorithm>
#include <chrono>

namespace quoit {

namespace {

constexpr std::chrono::seconds patience{2};

std::string whereOf(const Member& member)
{
    return member.name + " at " + member.peerAddress;
}

} // namespace

void PlanCommand::start()
{
    Result<PlanReport> report = m_node.changeBook().plan(*m_node.core()->map(), m_wanted, m_node.view().nodes(m_node.now(), m_node.core()));
    if (!report)
        return refuse(report.error().message);
    m_report = std::move(report).value();
    for (const ChangeStep& step : m_wanted.steps)
        if (step.kind == ChangeStep::Kind::Join || step.kind == ChangeStep::Kind::Replace)
            m_newcomers.push_back({step.member, nullptr});
    Hello hello = m_node.self();
    hello.clusterId.clear();
    hello.node = noNode;
    hello.diskId = "plan";
    for (Newcomer& newcomer : m_newcomers) {
        const Result<Address> address = addressFromText(newcomer.member.peerAddress);
        if (!address)
            return refuse(address.error().message);
        newcomer.link = std::make_unique<PeerLink>(*this, hello, address.value(), noNode);
    }
    endIfAllAreReady();
    // Holds this, and with it the links, which must not go in their own callbacks.
    if (!m_hasAnswered)
        QTimer::singleShot(patience, [self = std::static_pointer_cast<PlanCommand>(shared_from_this())] { self->onDeadline(); });
}

PlanCommand::Newcomer& PlanCommand::newcomerAt(const PeerLink& link)
{
    return *std::ranges::find_if(m_newcomers, [&link](const Newcomer& each) { return each.link.get() == &link; });
}

std::string PlanCommand::objectionTo(const Newcomer& newcomer) const
{
    const Hello& hello = newcomer.link->hello();
    if (hello.node != noNode)
        return whereOf(newcomer.member) + " is node " + std::to_string(hello.node) +
               (hello.clusterId == m_node.self().clusterId ? " of this cluster already" : " of another cluster, " + hello.clusterId) +
               "; a node joins with an empty data folder: start it with another --data-dir and plan again";
    if (hello.diskId != newcomer.member.diskId)
        return "another node than " + newcomer.member.name + " listens at " + newcomer.member.peerAddress +
               ": its disk is " + hello.diskId + ", not " + newcomer.member.diskId +
               "; ask it for QUOIT.IDENTITY and plan again";
    return {};
}

void PlanCommand::linkGreeted(PeerLink& link, Now)
{
    Newcomer& newcomer = newcomerAt(link);
    const std::string objection = objectionTo(newcomer);
    link.abandon();
    if (!objection.empty())
        return refuse(objection);
    newcomer.isReady = true;
    endIfAllAreReady();
}

void PlanCommand::linkClosed(PeerLink& link, const std::string& reason, bool)
{
    refuse(whereOf(newcomerAt(link).member) + " doesn't answer as a node does: " + reason + "; start it and plan again");
}

void PlanCommand::onDeadline()
{
    for (const Newcomer& newcomer : m_newcomers)
        if (!newcomer.isReady)
            refuse(whereOf(newcomer.member) + " is down, or hangs: nothing came from it for two seconds; start it and plan again");
}

void PlanCommand::refuse(const std::string& problem)
{
    if (std::exchange(m_hasAnswered, true))
        return;
    for (Newcomer& newcomer : m_newcomers)
        if (newcomer.link)
            newcomer.link->abandon();
    m_node.changeBook().drop(m_report.number);
    answer([&problem](RespWriter& reply) { reply.error("ERR " + problem); });
}

void PlanCommand::endIfAllAreReady()
{
    if (m_hasAnswered || !std::ranges::all_of(m_newcomers, &Newcomer::isReady))
        return;
    m_hasAnswered = true;
    answer([this](RespWriter& reply) { reply.write(toResp(m_report)); });
}

} // namespace quoit
