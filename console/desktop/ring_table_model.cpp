#include "console/desktop/ring_table_model.h"

#include "console/desktop/drawing.h"

namespace quoit {

void RingTableModel::show(const ClusterSnapshotPtr& snapshot, const Availability& availability)
{
    m_snapshot = snapshot;
    m_strengths = availability.partitions;
    if (snapshot->map == m_map) {
        if (!m_rows.empty())
            Q_EMIT dataChanged(index(0, State), index(int(m_rows.size()) - 1, Load));
        return;
    }
    beginResetModel();
    m_map = snapshot->map;
    m_rows.clear();
    if (m_map) {
        const RingGeometry geometry(*m_map);
        for (const RingArc& arc : geometry.arcs())
            m_rows.push_back({arc.first, arc.token, arc.node});
    }
    endResetModel();
}

NodeId RingTableModel::nodeAt(int row) const
{
    return row >= 0 && row < int(m_rows.size()) ? m_rows[std::size_t(row)].node : noNode;
}

int RingTableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_rows.size());
}

int RingTableModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

double RingTableModel::load(const Row& row) const
{
    if (m_snapshot->partitionLoad.empty())
        return std::numeric_limits<double>::quiet_NaN();
    double sum = 0;
    for (PartitionIndex p = row.first;; p = (p + 1) % m_map->partitionCount()) {
        sum += double(m_snapshot->partitionLoad[p]);
        if (p == row.last)
            return sum;
    }
}

QString RingTableModel::reach(const Row& row) const
{
    if (m_strengths.size() != m_map->partitionCount())
        return noDataText();
    std::uint32_t lost = 0;
    std::uint32_t below = 0;
    for (PartitionIndex p = row.first;; p = (p + 1) % m_map->partitionCount()) {
        lost += m_strengths[p] == Strength::NoMajority;
        below += m_strengths[p] == Strength::Below;
        if (p == row.last)
            break;
    }
    const std::uint32_t count = (row.last + m_map->partitionCount() - row.first) % m_map->partitionCount() + 1;
    if (lost > 0) // during a change the partitions of an arc may differ
        return lost == count ? tr("out of reach") : tr("%1 of %2 out of reach").arg(lost).arg(count);
    return below > 0 ? tr("below strength") : tr("full strength");
}

QString RingTableModel::cell(const Row& row, int column) const
{
    const auto name = [this](NodeId id) {
        const Member* member = m_map->member(id);
        return member ? QString::fromStdString(member->name) : QString::number(id);
    };
    switch (column) {
    case Partitions:
        return row.first == row.last ? QString::number(row.first)
                                     : QStringLiteral("%1 – %2").arg(row.first).arg(row.last);
    case Owner:
        return name(row.node);
    case State: {
        const NodeReport* node = m_snapshot->node(row.node);
        return stateWord(node ? node->state : NodeState::Unknown);
    }
    case Reach:
        return reach(row);
    case Replicas: {
        QStringList names;
        for (const NodeId id : m_map->replicas(row.last))
            names << name(id);
        return names.join(QStringLiteral(" → "));
    }
    default:
        return numberText(load(row), Unit::PerSecond);
    }
}

QVariant RingTableModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    if (role == Qt::DisplayRole)
        return cell(m_rows[std::size_t(index.row())], index.column());
    if (role == Qt::TextAlignmentRole)
        return int(index.column() == Load ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
    return {};
}

QVariant RingTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int(section == Load ? Qt::AlignRight | Qt::AlignVCenter : Qt::AlignLeft | Qt::AlignVCenter);
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Partitions:
        return tr("Partitions");
    case Owner:
        return tr("First replica");
    case State:
        return tr("State");
    case Reach:
        return tr("Reach");
    case Replicas:
        return tr("Replicas, in order");
    default:
        return tr("Load");
    }
}

} // namespace quoit
