#include "console/desktop/change_models.h"

#include "console/desktop/number_text.h"

#include <QDateTime>
#include <QLocale>

#include <algorithm>

namespace quoit {

namespace {

constexpr int iconEdge = 12;

StateMark markOfPart(const std::string& part)
{
    return part == "joins" ? StateMark::Joining : part == "leaves" ? StateMark::Unknown : StateMark::Up;
}

StateMark markOfOutcome(KeptChange::Outcome outcome)
{
    switch (outcome) {
    case KeptChange::Outcome::Running:
        return StateMark::Joining;
    case KeptChange::Outcome::Done:
        return StateMark::Up;
    case KeptChange::Outcome::Aborted:
    case KeptChange::Outcome::Impossible:
        return StateMark::Down;
    case KeptChange::Outcome::Unknown:
        break;
    }
    return StateMark::Unknown;
}

QString whenText(qint64 ms)
{
    return QLocale().toString(QDateTime::fromMSecsSinceEpoch(ms), QLocale::ShortFormat);
}

} // namespace

QString countedNodes(const ClusterMap& map)
{
    const std::size_t count = map.members().size();
    return count == 1 ? PlanNodeModel::tr("1 node") : PlanNodeModel::tr("%1 nodes").arg(count);
}

QString countedReplicas(const ClusterMap& map)
{
    return map.replicaCount() == 1 ? PlanNodeModel::tr("1 replica")
                                   : PlanNodeModel::tr("%1 replicas").arg(map.replicaCount());
}

QString partWord(const std::string& part)
{
    if (part == "joins")
        return PlanNodeModel::tr("joins");
    if (part == "leaves")
        return PlanNodeModel::tr("leaves");
    return PlanNodeModel::tr("stays");
}

QString riskText(const PlanReport& plan, const std::string& risk)
{
    const bool startsWithName = std::ranges::any_of(plan.nodes, [&](const PlanNodeReport& node) { return !node.name.empty() && risk.starts_with(node.name); });
    QString text = QString::fromStdString(risk);
    if (!startsWithName && !text.isEmpty())
        text[0] = text[0].toUpper();
    return text.endsWith(QLatin1Char('.')) ? text : text + QLatin1Char('.');
}

QString changeProgressText(const ClusterMapPtr& map, const std::optional<ChangesReport>& report)
{
    if (!map || !map->isChanging())
        return {};
    const QString what = map->isAborting()                     ? QObject::tr("Change being aborted")
                         : report && report->state == "paused" ? QObject::tr("Change paused")
                                                               : QObject::tr("Change in progress");
    if (!report || report->state == "none" || report->partitionsToCopy == 0)
        return what;
    const std::uint64_t copied = std::min(report->partitionsCopied, report->partitionsToCopy);
    return QObject::tr("%1, %2 % copied").arg(what).arg(100 * copied / report->partitionsToCopy);
}

QString outcomeText(KeptChange::Outcome outcome)
{
    switch (outcome) {
    case KeptChange::Outcome::Running:
        return KeptChangeModel::tr("in progress");
    case KeptChange::Outcome::Done:
        return KeptChangeModel::tr("done");
    case KeptChange::Outcome::Aborted:
        return KeptChangeModel::tr("aborted");
    case KeptChange::Outcome::Impossible:
        return KeptChangeModel::tr("could not be made any more");
    case KeptChange::Outcome::Unknown:
        break;
    }
    return KeptChangeModel::tr("ended unseen");
}

PlanNodeModel::PlanNodeModel(const ThemeManager& themes, QObject* parent)
    : QAbstractTableModel(parent)
    , m_themes(themes)
{}

void PlanNodeModel::show(std::vector<PlanNodeReport> nodes, std::uint64_t replicasBefore, std::uint64_t replicasAfter)
{
    beginResetModel();
    m_nodes = std::move(nodes);
    m_replicasBefore = replicasBefore;
    m_replicasAfter = replicasAfter;
    endResetModel();
}

bool PlanNodeModel::setStates(const std::vector<NodeReport>& nodes)
{
    std::map<NodeId, NodeState> states;
    for (const NodeReport& node : nodes)
        states[node.id] = node.state;
    if (states == m_states)
        return false;
    m_states = std::move(states);
    if (!m_nodes.empty())
        Q_EMIT dataChanged(index(0, Part), index(rowCount() - 1, Part));
    return true;
}

std::optional<NodeState> PlanNodeModel::troubleOf(const PlanNodeReport& node) const
{
    const auto state = m_states.find(node.id);
    if (state == m_states.end() || state->second == NodeState::Up || node.part == "joins")
        return std::nullopt;
    return state->second;
}

int PlanNodeModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_nodes.size());
}

int PlanNodeModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

QString PlanNodeModel::cell(const PlanNodeReport& node, int column) const
{
    const auto share = [](std::uint64_t held, std::uint64_t all) {
        return held == 0 ? noDataText() : numberText(double(held) / double(all), Unit::Ratio);
    };
    switch (column) {
    case Name:
        return node.name.empty() ? tr("node %1").arg(node.id) : QString::fromStdString(node.name);
    case Part:
        if (const auto trouble = troubleOf(node))
            return tr("%1, %2").arg(partWord(node.part), wordOf(markOf(*trouble)));
        return partWord(node.part);
    case Before:
        return share(node.partitionsBefore, m_replicasBefore);
    case After:
        return share(node.partitionsAfter, m_replicasAfter);
    case Copies:
        return node.partitionsToCopy == 0 ? noDataText() : countText(node.partitionsToCopy);
    case Bytes:
        return node.partitionsToCopy == 0 ? noDataText() : numberText(double(node.bytesToCopy), Unit::Bytes);
    default:
        return {};
    }
}

QVariant PlanNodeModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const PlanNodeReport& node = m_nodes[std::size_t(index.row())];
    if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole)
        return cell(node, index.column());
    if (role == Qt::TextAlignmentRole)
        return int((index.column() <= Part ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::DecorationRole && index.column() == Name)
        return nodeIcon(node.id, m_themes.theme(), iconEdge);
    if (role == Qt::DecorationRole && index.column() == Part)
        return stateIcon(troubleOf(node) ? markOf(*troubleOf(node)) : markOfPart(node.part), m_themes.theme(), iconEdge);
    if (role == Qt::ToolTipRole && (index.column() == Before || index.column() == After))
        return tr("%1 partitions before, %2 after")
            .arg(countText(node.partitionsBefore), countText(node.partitionsAfter));
    return {};
}

QVariant PlanNodeModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int((section <= Part ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == Copies)
        return tr("Partitions that it has to copy");
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Node");
    case Part:
        return tr("Part");
    case Before:
        return tr("Share before");
    case After:
        return tr("Share after");
    case Copies:
        return tr("Copies");
    case Bytes:
        return tr("About");
    default:
        return {};
    }
}

KeptChangeModel::KeptChangeModel(const ThemeManager& themes, QObject* parent)
    : QAbstractListModel(parent)
    , m_themes(themes)
{}

void KeptChangeModel::show(std::vector<KeptChange> changes)
{
    beginResetModel();
    m_changes = std::move(changes);
    endResetModel();
}

int KeptChangeModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_changes.size());
}

QVariant KeptChangeModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const KeptChange& change = m_changes[std::size_t(index.row())];
    if (role == Qt::DecorationRole)
        return stateIcon(markOfOutcome(change.outcome), m_themes.theme(), iconEdge);
    const bool hasEnded = change.endedMs > 0;
    QString facts = outcomeText(change.outcome) + QStringLiteral(" · ") + whenText(change.beganMs > 0 ? change.beganMs : change.endedMs);
    if (hasEnded && change.beganMs > 0 && change.outcome != KeptChange::Outcome::Unknown)
        facts += QStringLiteral(" · ") + durationText(change.endedMs - change.beganMs);
    if (role == Qt::DisplayRole || role == Qt::AccessibleTextRole)
        return change.text + QLatin1Char('\n') + facts;
    if (role == Qt::ToolTipRole)
        return tr("Change %1: %2\n%3\n%4 partitions to copy, %5 copied as far as it was seen from here")
            .arg(change.number)
            .arg(change.text, facts, countText(change.partitions), numberText(double(change.bytes), Unit::Bytes));
    return {};
}

} // namespace quoit
