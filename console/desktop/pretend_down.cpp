#include "console/desktop/pretend_down.h"

#include "console/desktop/number_text.h"

#include <QVBoxLayout>

#include <algorithm>
#include <set>

namespace quoit {

namespace {

QString nameOf(const ClusterSnapshot& snapshot, NodeId id)
{
    const Member* member = snapshot.map ? snapshot.map->member(id) : nullptr;
    return member && !member->name.empty() ? QString::fromStdString(member->name) : PretendDown::tr("node %1").arg(id);
}

/// "a", "a and b", "a, b and c"
QString listed(const QStringList& names)
{
    if (names.size() < 2)
        return names.join(QString());
    return PretendDown::tr("%1 and %2").arg(names.mid(0, names.size() - 1).join(QStringLiteral(", ")), names.last());
}

bool isReallyDown(const ClusterSnapshot& snapshot, NodeId id)
{
    const NodeReport* node = snapshot.node(id);
    return node && node->state == NodeState::Down;
}

/// Zones of which nobody would be up.
QStringList lostZones(const ClusterMap& map, const std::vector<NodeId>& down)
{
    std::set<std::string> lost;
    std::set<std::string> alive;
    for (const Member& member : map.members())
        if (!member.zone.empty())
            (std::ranges::find(down, member.id) == down.end() ? alive : lost).insert(member.zone);
    QStringList names;
    for (const std::string& zone : lost)
        if (!alive.contains(zone))
            names << QString::fromStdString(zone);
    return names;
}

} // namespace

QString pretendText(const ClusterSnapshot& snapshot, const std::vector<NodeId>& down, const Availability& availability)
{
    QStringList names;
    QStringList already;
    for (const NodeId id : down) {
        names << nameOf(snapshot, id);
        if (isReallyDown(snapshot, id))
            already << nameOf(snapshot, id);
    }
    const QString all = countText(availability.partitions.size());
    const std::uint32_t lost = availability.partitionsWithoutMajority;
    const std::uint32_t weaker = availability.partitionsBelowStrength - lost;
    QString text = PretendDown::tr("With %1 down: ").arg(listed(names));
    if (lost > 0)
        text += lost == 1 ? PretendDown::tr("1 of %1 partitions has no majority; requests on its keys fail.").arg(all)
                          : PretendDown::tr("%1 of %2 partitions have no majority; requests on their keys fail.")
                                .arg(countText(lost), all);
    else
        text += PretendDown::tr("every partition keeps its majority; no request fails.");
    if (weaker > 0)
        text += QLatin1Char(' ') + PretendDown::tr("%1 run below full strength.").arg(countText(weaker));
    const QStringList zones = lostZones(*snapshot.map, down);
    if (!zones.isEmpty())
        text += QLatin1Char(' ') + (zones.size() == 1
                                        ? PretendDown::tr("All of zone %1 would be down.").arg(zones[0])
                                        : PretendDown::tr("All of zones %1 would be down.").arg(listed(zones)));
    if (!already.isEmpty())
        text += QLatin1Char(' ') + (already.size() == 1
                                        ? PretendDown::tr("%1 is down already, and counted.").arg(already[0])
                                        : PretendDown::tr("%1 are down already, and counted.").arg(listed(already)));
    return text;
}

PretendDown::PretendDown(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    m_text = new QLabel;
    m_text->setWordWrap(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setObjectName(QStringLiteral("pretendText"));
    m_list = new QListWidget;
    m_list->setAccessibleName(tr("Nodes to pretend down"));
    m_list->setToolTip(tr("Tick nodes, or click them in the ring. Nothing happens to the cluster."));
    m_list->setMinimumHeight(80);
    connect(m_list, &QListWidget::itemChanged, this, [this] {
        if (!m_isFilling)
            compute();
    });
    column->addWidget(m_text);
    column->addWidget(m_list, 1);
    compute();
}

void PretendDown::refresh()
{
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    m_isFilling = true;
    std::vector<Member> members;
    if (snapshot.map)
        members = snapshot.map->members();
    const auto isListed = [this](std::size_t row, NodeId id) {
        return int(row) < m_list->count() && m_list->item(int(row))->data(Qt::UserRole).toUInt() == id;
    };
    bool isSame = m_list->count() == int(members.size());
    for (std::size_t i = 0; isSame && i < members.size(); ++i)
        isSame = isListed(i, members[i].id);
    if (!isSame) {
        const std::vector<NodeId> ticked = down();
        m_list->clear();
        for (const Member& member : members) {
            auto* item = new QListWidgetItem(m_list);
            item->setData(Qt::UserRole, member.id);
            item->setFlags(Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsUserCheckable);
            const bool isTicked = std::ranges::find(ticked, member.id) != ticked.end();
            item->setCheckState(isTicked ? Qt::Checked : Qt::Unchecked);
        }
    }
    for (int i = 0; i < m_list->count(); ++i) {
        const Member& member = members[std::size_t(i)];
        QString text = nameOf(snapshot, member.id);
        if (!member.zone.empty())
            text += QStringLiteral(" · ") + QString::fromStdString(member.zone);
        if (isReallyDown(snapshot, member.id))
            text += tr(" · is down");
        if (m_list->item(i)->text() != text)
            m_list->item(i)->setText(text);
    }
    m_isFilling = false;
    compute();
}

void PretendDown::toggle(NodeId node)
{
    for (int i = 0; i < m_list->count(); ++i)
        if (m_list->item(i)->data(Qt::UserRole).toUInt() == node)
            m_list->item(i)->setCheckState(m_list->item(i)->checkState() == Qt::Checked ? Qt::Unchecked : Qt::Checked);
}

void PretendDown::clear()
{
    m_isFilling = true;
    for (int i = 0; i < m_list->count(); ++i)
        m_list->item(i)->setCheckState(Qt::Unchecked);
    m_isFilling = false;
    compute();
}

std::vector<NodeId> PretendDown::down() const
{
    std::vector<NodeId> nodes;
    for (int i = 0; i < m_list->count(); ++i) {
        const NodeId id = m_list->item(i)->data(Qt::UserRole).toUInt();
        if (m_list->item(i)->checkState() == Qt::Checked || isReallyDown(m_workspace.snapshot(), id))
            nodes.push_back(id);
    }
    return nodes;
}

QString PretendDown::downText() const
{
    QStringList names;
    for (const NodeId id : down())
        names << nameOf(m_workspace.snapshot(), id);
    return listed(names);
}

void PretendDown::compute()
{
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    const std::vector<NodeId> nodes = down();
    m_availability = snapshot.map ? availabilityWithout(*snapshot.map, nodes) : Availability();
    m_text->setText(
        nodes.empty() || !snapshot.map
            ? tr("Tick nodes, here or in the ring, to see what their loss would mean. Nothing happens to them.")
            : pretendText(snapshot, nodes, m_availability));
    Q_EMIT changed();
}

} // namespace quoit
