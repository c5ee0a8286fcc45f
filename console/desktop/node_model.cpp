#include "console/desktop/node_model.h"

#include "console/desktop/drawing.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

bool isText(int column)
{
    return column == NodeModel::Name || column == NodeModel::State || column == NodeModel::Address;
}

} // namespace

void NodeModel::show(const ClusterSnapshotPtr& snapshot)
{
    const bool isSame = std::ranges::equal(m_snapshot->nodes, snapshot->nodes, {}, &NodeReport::id, &NodeReport::id);
    if (!isSame)
        beginResetModel();
    m_snapshot = snapshot;
    if (!isSame)
        endResetModel();
    else if (!m_snapshot->nodes.empty())
        Q_EMIT dataChanged(index(0, 0), index(rowCount() - 1, ColumnCount - 1));
}

NodeId NodeModel::nodeAt(int row) const
{
    return row >= 0 && row < rowCount() ? m_snapshot->nodes[std::size_t(row)].id : noNode;
}

int NodeModel::rowOf(NodeId id) const
{
    const auto found = std::ranges::find(m_snapshot->nodes, id, &NodeReport::id);
    return found == m_snapshot->nodes.end() ? -1 : int(found - m_snapshot->nodes.begin());
}

int NodeModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(m_snapshot->nodes.size());
}

int NodeModel::columnCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : int(ColumnCount);
}

/// NaN: no data.
double NodeModel::figure(std::size_t row, int column) const
{
    const NodeReport& node = m_snapshot->nodes[row];
    const LoadFigures& figures = node.figures;
    constexpr double nothing = std::numeric_limits<double>::quiet_NaN();
    const bool isKnown = node.state != NodeState::Unknown && node.state != NodeState::Waiting;
    const bool isFresh = hasFreshFigures(node);
    switch (column) {
    case Phi:
        return isKnown ? node.phi : nothing;
    case Ownership:
        return m_snapshot->ownership[row];
    case Keys:
        return isKnown && hasFigures(node) ? double(figures.keys) : nothing; // what it stores stays, even while it is down
    case Bytes:
        return isKnown && hasFigures(node) ? double(figures.dataBytes) : nothing;
    case Operations:
        return isFresh ? double(figures.readsPerSecond + figures.writesPerSecond) : nothing;
    case P99:
        return isFresh && figures.p99Us > 0 ? double(figures.p99Us) : nothing;
    case Memory:
        return isFresh ? double(figures.memoryBytes) : nothing;
    case Uptime:
        return isFresh ? double(figures.uptimeSeconds) : nothing;
    default:
        return nothing;
    }
}

QString NodeModel::cell(std::size_t row, int column) const
{
    const NodeReport& node = m_snapshot->nodes[row];
    const double value = figure(row, column);
    switch (column) {
    case Name:
        return QString::fromStdString(node.name);
    case State:
        return stateWord(node.state);
    case Address:
        return QString::fromStdString(node.clientAddress);
    case Phi:
        return value >= 300 ? QStringLiteral("> 300") : numberText(value, Unit::Plain);
    case Ownership:
        return numberText(value, Unit::Ratio);
    case Keys:
        return wholeText(value);
    case Operations:
        return numberText(value, Unit::PerSecond);
    case P99:
        return numberText(value, Unit::Microseconds);
    case Uptime:
        return std::isnan(value) ? noDataText() : durationText(qint64(value) * 1000);
    default:
        return numberText(value, Unit::Bytes);
    }
}

QVariant NodeModel::data(const QModelIndex& index, int role) const
{
    if (!checkIndex(index, CheckIndexOption::IndexIsValid))
        return {};
    const auto row = std::size_t(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return cell(row, index.column());
    case Qt::TextAlignmentRole:
        return int(isText(index.column()) ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignRight | Qt::AlignVCenter);
    case NodeIdRole:
        return m_snapshot->nodes[row].id;
    case NodeStateRole:
        return int(m_snapshot->nodes[row].state);
    case SortRole:
        return isText(index.column()) ? QVariant(cell(row, index.column())) : QVariant(figure(row, index.column()));
    default:
        return {};
    }
}

QVariant NodeModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal)
        return {};
    if (role == Qt::TextAlignmentRole)
        return int(isText(section) ? Qt::AlignLeft | Qt::AlignVCenter : Qt::AlignRight | Qt::AlignVCenter);
    if (role == Qt::ToolTipRole && section == Phi)
        return tr(
            "How unusual the node's silence is: −log10 of the chance that it is only late. Suspect from about 8.");
    if (role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Name:
        return tr("Node");
    case State:
        return tr("State");
    case Phi:
        return tr("Phi");
    case Ownership:
        return tr("Share");
    case Keys:
        return tr("Keys");
    case Bytes:
        return tr("Data");
    case Operations:
        return tr("Operations");
    case P99:
        return tr("p99");
    case Memory:
        return tr("Memory");
    case Uptime:
        return tr("Uptime");
    default:
        return tr("Address");
    }
}

} // namespace quoit
