// console/desktop/pretend_down.h - what if these nodes were down? A list to tick, and the answer in words. Nothing
// happens to the cluster.
#pragma once

#include "console/desktop/workspace.h"
#include "shared/ring/availability.h"

#include <QLabel>
#include <QListWidget>
#include <QWidget>

#include <vector>

namespace quoit {

/// "With node-1 and node-4 down: 307 of 1024 partitions have no majority …": counts, zones, and who is down already.
/// @param down ids of members, the pretended ones and those that are; not empty
QString pretendText(const ClusterSnapshot& snapshot, const std::vector<NodeId>& down, const Availability& availability);

class PretendDown : public QWidget
{
    Q_OBJECT

public:
    explicit PretendDown(Workspace& workspace, QWidget* parent = nullptr);

    /// The members and their states, as the workspace knows them.
    void refresh();
    void toggle(NodeId node);
    void clear();
    /// The ticked nodes and those that are down, ascending.
    std::vector<NodeId> down() const;
    /// With them down; [0] partitions while there is no ring.
    const Availability& availability() const { return m_availability; }
    QString text() const { return m_text->text(); }
    /// down() by name: "node-2 and node-4".
    QString downText() const;
    QListWidget* list() const { return m_list; }

Q_SIGNALS:
    void changed();

private:
    void compute();

    Workspace& m_workspace;
    QListWidget* m_list; ///< an item for each member, its id as UserRole
    QLabel* m_text;
    Availability m_availability;
    bool m_isFilling = false;
};

} // namespace quoit
