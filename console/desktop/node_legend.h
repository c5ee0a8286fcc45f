// console/desktop/node_legend.h - the nodes beside the ring: colour, state, share of the data, and of how many partitions each is home.
#pragma once

#include "console/desktop/workspace.h"

#include <QWidget>

namespace quoit {

/// Pressing a node selects it.
class NodeLegend : public QWidget
{
    Q_OBJECT

public:
    static constexpr int rowHeight = 50;

    explicit NodeLegend(Workspace& workspace, QWidget* parent = nullptr);

    void refresh();
    QSize sizeHint() const override;
    QSize minimumSizeHint() const override { return sizeHint(); }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;

private:
    Workspace& m_workspace;
};

/// "home of 205 partitions", "home of 120, others of 85 of its own", "home of 250, 45 of them for others"; by the node's own count.
/// @param index of snapshot.nodes
QString homesText(const ClusterSnapshot& snapshot, std::size_t index);

} // namespace quoit
