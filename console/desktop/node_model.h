// console/desktop/node_model.h - the members as rows. Rows keep their places (by id) while figures change.
#pragma once

#include "console/cluster/cluster_snapshot.h"

#include <QAbstractTableModel>

namespace quoit {

class NodeModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, State, Phi, Ownership, Keys, Bytes, Operations, P99, Memory, Uptime, Address, ColumnCount };
    enum Role { NodeIdRole = Qt::UserRole, NodeStateRole, SortRole };

    using QAbstractTableModel::QAbstractTableModel;

    /// Changes cells of known nodes; rows come and go only with members.
    void show(const ClusterSnapshotPtr& snapshot);
    NodeId nodeAt(int row) const;
    /// @return -1 for no member
    int rowOf(NodeId id) const;

    int rowCount(const QModelIndex& parent = {}) const final;
    int columnCount(const QModelIndex& parent = {}) const final;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString cell(std::size_t row, int column) const;
    double figure(std::size_t row, int column) const;

    ClusterSnapshotPtr m_snapshot = std::make_shared<ClusterSnapshot>();
};

} // namespace quoit
