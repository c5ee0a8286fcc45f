// console/desktop/ring_table_model.h - the ring's arcs as rows, for those who read better than they see.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "console/desktop/ring_geometry.h"

#include <QAbstractTableModel>

namespace quoit {

class RingTableModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Partitions, Owner, State, Reach, Replicas, Load, ColumnCount };

    using QAbstractTableModel::QAbstractTableModel;

    /// Rows are rebuilt only when the map is another one.
    /// @param availability what the column Reach tells: the snapshot's, or a pretended one
    void show(const ClusterSnapshotPtr& snapshot, const Availability& availability);
    NodeId nodeAt(int row) const;

    int rowCount(const QModelIndex& parent = {}) const final;
    int columnCount(const QModelIndex& parent = {}) const final;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Row
    {
        PartitionIndex first = 0;
        PartitionIndex last = 0; ///< < first where it crosses the top
        NodeId node = noNode;
    };
    QString cell(const Row& row, int column) const;
    double load(const Row& row) const;
    QString reach(const Row& row) const;

    ClusterSnapshotPtr m_snapshot;
    std::vector<Strength> m_strengths; ///< [P], or [0]: not known
    ClusterMapPtr m_map;
    std::vector<Row> m_rows;
};

} // namespace quoit
