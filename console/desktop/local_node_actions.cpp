#include "console/desktop/local_node_actions.h"

#include "console/desktop/number_text.h"
#include "console/desktop/sheet.h"

#include <algorithm>

namespace quoit {

QString planLine(const PlanReport& plan)
{
    return LocalNodeActions::tr("Moves %1 of the data, about %2, in %3 or so. Busiest node: %4 → %5 of its fair share.")
        .arg(numberText(plan.movedShare, Unit::Ratio), numberText(double(plan.bytesMoved), Unit::Bytes),
             durationText(qint64(plan.secondsEstimated) * 1000), QString::number(plan.balanceBefore, 'f', 2),
             QString::number(plan.balanceAfter, 'f', 2));
}

LocalNodeActions::LocalNodeActions(Workspace& workspace, QWidget& window)
    : m_workspace(workspace)
    , m_window(window)
{
    connect(&workspace, &Workspace::localChanged, this, &LocalNodeActions::onProcessChanged);
    connect(&workspace, &Workspace::localNodeLeft, this, [this](const QString& name, const QString& folder) {
        setStage(m_name == name ? Stage::Idle : m_stage,
                 folder.isEmpty()
                     ? tr("%1 has left. Its folder couldn't be set aside; no node may use it again.").arg(name)
                     : tr("%1 has left. Its old data is set aside in %2.").arg(name, folder));
    });
    connect(&workspace.monitor(), &ClusterMonitor::snapshotChanged, this, &LocalNodeActions::follow);
    connect(&workspace.changes(), &ChangeDesk::changed, this, &LocalNodeActions::follow);
    connect(&workspace, &Workspace::readOnlyChanged, this, &LocalNodeActions::changed);
}

bool LocalNodeActions::isLocal() const
{
    return std::ranges::any_of(m_workspace.live().nodes,
                               [this](const NodeReport& node) { return m_workspace.processOf(node.id) != nullptr; });
}

QString LocalNodeActions::whyNotAdd() const
{
    if (const QString why = m_workspace.whyNotChange(); !why.isEmpty())
        return why;
    if (!isLocal())
        return tr("No cluster runs on this machine from this console.");
    if (m_stage != Stage::Idle)
        return tr("One thing at a time.");
    if (const ClusterMapPtr& map = m_workspace.live().map; !map || map->isChanging())
        return tr("A change of the ring is in progress.");
    if (m_workspace.local()->nodeCount() >= LocalCluster::nodesMax)
        return tr("There are %1 nodes already, which is the most for one machine.").arg(LocalCluster::nodesMax);
    return {};
}

QString LocalNodeActions::whyNotRemove(NodeId node) const
{
    if (const QString why = m_workspace.whyNotChange(); !why.isEmpty())
        return why;
    if (!m_workspace.processOf(node))
        return tr("It wasn't started from here.");
    if (m_stage != Stage::Idle)
        return tr("One thing at a time.");
    if (const ClusterMapPtr& map = m_workspace.live().map; !map || map->isChanging())
        return tr("A change of the ring is in progress.");
    return {};
}

void LocalNodeActions::setStage(Stage stage, const QString& note)
{
    m_stage = stage;
    m_note = note;
    Q_EMIT changed();
}

void LocalNodeActions::add()
{
    if (!whyNotAdd().isEmpty())
        return;
    m_newcomer = m_workspace.local()->addNode();
    if (!m_newcomer)
        return setStage(Stage::Idle, tr("No more nodes can be started here."));
    m_name = m_newcomer->name();
    setStage(Stage::Starting, tr("Starting %1").arg(m_name));
    onProcessChanged();
}

void LocalNodeActions::onProcessChanged()
{
    if (m_stage != Stage::Starting || !m_newcomer) {
        Q_EMIT changed();
        return;
    }
    if (m_newcomer->state() == NodeProcess::State::Running)
        planJoin();
    else if (m_newcomer->state() == NodeProcess::State::Failed)
        giveUp(tr("%1 didn't start: %2 %3")
                   .arg(m_name, m_newcomer->problem(),
                        m_newcomer->log()
                            .mid(std::max<qsizetype>(0, m_newcomer->log().size() - 3))
                            .join(QLatin1Char(' '))));
}

void LocalNodeActions::planJoin()
{
    setStage(Stage::Planning, tr("Planning how %1 joins").arg(m_name));
    StagedStep join;
    join.address = m_newcomer->addresses().client;
    m_workspace.changes().plan({join}, this, [this](const Result<PlanReport>& plan) { onJoinPlanned(plan); });
}

void LocalNodeActions::onJoinPlanned(const Result<PlanReport>& plan)
{
    if (!plan)
        return giveUp(QString::fromStdString(plan.error().message));
    ask(tr("Add %1 to the ring?").arg(m_name), plan.value(), false);
}

void LocalNodeActions::remove(NodeId id)
{
    const NodeReport* node = m_workspace.live().node(id);
    if (!node || !whyNotRemove(id).isEmpty())
        return;
    m_newcomer.clear();
    m_name = QString::fromStdString(node->name);
    setStage(Stage::Planning, tr("Planning how %1 leaves").arg(m_name));
    StagedStep step;
    // Whoever is down can't hand anything over.
    step.kind = node->state == NodeState::Down ? ChangeStep::Kind::Remove : ChangeStep::Kind::Leave;
    step.node = id;
    step.nodeName = m_name;
    m_workspace.changes().plan({step}, this,
                               [this, name = m_name](const Result<PlanReport>& plan) { onLeavePlanned(plan, name); });
}

void LocalNodeActions::onLeavePlanned(const Result<PlanReport>& plan, const QString& name)
{
    if (!plan)
        return giveUp(QString::fromStdString(plan.error().message));
    ask(tr("Remove %1 from the ring?").arg(name), plan.value(), true);
}

void LocalNodeActions::ask(const QString& title, const PlanReport& plan, bool isRemoval)
{
    setStage(Stage::Asking, {});
    m_plannedEpoch = plan.epoch;
    QStringList lines = {planLine(plan)};
    if (isRemoval)
        lines << tr("It hands over what it holds and stops; its folder is set aside.");
    for (const std::string& risk : plan.risks)
        lines << tr("Mind: %1.").arg(QString::fromStdString(risk));
    auto* question = new Sheet(title, lines.join(QStringLiteral("\n\n")), &m_window);
    question->setObjectName(isRemoval ? QStringLiteral("removeQuestion") : QStringLiteral("addQuestion"));
    question->addButton(isRemoval ? tr("Remove") : tr("Add"), isRemoval ? Sheet::Button::Danger : Sheet::Button::Primary,
                        [this, number = plan.number] { apply(number); });
    connect(question, &Sheet::rejected, this, [this] { giveUp({}); });
    question->open();
}

void LocalNodeActions::apply(quint64 number)
{
    setStage(Stage::Applying, m_newcomer ? tr("%1 joins").arg(m_name) : tr("%1 leaves").arg(m_name));
    m_workspace.changes().apply(number, this, [this](const QString& problem) {
        if (m_stage != Stage::Applying)
            return;
        if (problem.isEmpty())
            return setStage(Stage::Changing, m_note);
        // Whether it has begun may not be known: the newcomer stays, and the next click takes it.
        m_newcomer.clear();
        setStage(Stage::Idle, problem);
    });
}

void LocalNodeActions::giveUp(const QString& note)
{
    if (m_newcomer && m_workspace.local())
        m_workspace.local()->discard(m_newcomer);
    m_newcomer.clear();
    setStage(Stage::Idle, note);
}

/// The change is done when a later map than the plan's is there, and isn't changing.
void LocalNodeActions::follow()
{
    const ClusterMapPtr& map = m_workspace.live().map;
    if (m_stage == Stage::Changing && map && map->epoch() > m_plannedEpoch) {
        const bool isIn = std::ranges::any_of(
            map->members(), [this](const Member& member) { return QString::fromStdString(member.name) == m_name; });
        const auto& report = m_workspace.changes().changes();
        if (map->isChanging() && report && report->partitionsToCopy > 0)
            m_note = (m_newcomer ? tr("%1 joins: %2 % copied") : tr("%1 leaves: %2 % copied"))
                         .arg(m_name)
                         .arg(100 * report->partitionsCopied / report->partitionsToCopy);
        else if (!map->isChanging()) {
            const bool isAsWanted = isIn == !m_newcomer.isNull();
            const QString done = m_newcomer ? tr("%1 is in the ring.").arg(m_name) : tr("%1 has left.").arg(m_name);
            m_newcomer.clear();
            return setStage(Stage::Idle, isAsWanted ? done : tr("The change was aborted."));
        }
    }
    Q_EMIT changed();
}

} // namespace quoit
