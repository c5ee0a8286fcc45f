// console/desktop/change_models.h - what a plan means for each node, and the kept reports of changes, as models for
// views.
#pragma once

#include "console/cluster/change_log.h"
#include "console/desktop/theme.h"
#include "shared/admin/change_report.h"

#include <QAbstractListModel>
#include <QAbstractTableModel>

#include <map>
#include <optional>

namespace quoit {

/// [nodes] of one plan, ascending by id.
class PlanNodeModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Name, Part, Before, After, Copies, Bytes, ColumnCount };

    /// @param themes must outlive the model
    explicit PlanNodeModel(const ThemeManager& themes, QObject* parent = nullptr);

    /// @param replicasBefore, replicasAfter of all partitions together, for shares; > 0
    void show(std::vector<PlanNodeReport> nodes, std::uint64_t replicasBefore, std::uint64_t replicasAfter);
    /// How the nodes are now; one that isn't listed isn't known to be anything. @return whether that is news
    bool setStates(const std::vector<NodeReport>& nodes);

    int rowCount(const QModelIndex& parent = {}) const final;
    int columnCount(const QModelIndex& parent = {}) const final;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    QString cell(const PlanNodeReport& node, int column) const;
    /// Nothing: it is up, or isn't in the ring yet.
    std::optional<NodeState> troubleOf(const PlanNodeReport& node) const;

    const ThemeManager& m_themes;
    std::vector<PlanNodeReport> m_nodes;
    std::map<NodeId, NodeState> m_states;
    std::uint64_t m_replicasBefore = 1;
    std::uint64_t m_replicasAfter = 1;
};

/// Changes that this console saw, newest first: two lines each.
class KeptChangeModel : public QAbstractListModel
{
    Q_OBJECT

public:
    /// @param themes must outlive the model
    explicit KeptChangeModel(const ThemeManager& themes, QObject* parent = nullptr);

    void show(std::vector<KeptChange> changes);
    const std::vector<KeptChange>& changes() const { return m_changes; }

    int rowCount(const QModelIndex& parent = {}) const final;
    QVariant data(const QModelIndex& index, int role) const override;

private:
    const ThemeManager& m_themes;
    std::vector<KeptChange> m_changes;
};

/// "5 nodes", "1 node"; "3 replicas"
QString countedNodes(const ClusterMap& map);
QString countedReplicas(const ClusterMap& map);
/// "stays", "joins" or "leaves" for people, as a node's part in a plan is called.
QString partWord(const std::string& part);
/// A risk of a plan as it stands alone: with a capital letter, unless it begins with a node's name, and with its full stop.
QString riskText(const PlanReport& plan, const std::string& risk);
/// "Change paused, 42 % copied", for a line that tells of it elsewhere; empty: none is in progress.
/// @param map may be null. @param report the last answer; nothing: none yet
QString changeProgressText(const ClusterMapPtr& map, const std::optional<ChangesReport>& report);
/// "done", "aborted", "in progress", "ended unseen"
QString outcomeText(KeptChange::Outcome outcome);

} // namespace quoit
