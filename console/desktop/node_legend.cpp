#include "console/desktop/node_legend.h"

#include "console/desktop/drawing.h"

#include <QMouseEvent>

#include <algorithm>

namespace quoit {

namespace {

constexpr double textLeft = 30;

} // namespace

QString homesText(const ClusterSnapshot& snapshot, std::size_t index)
{
    const NodeReport& node = snapshot.nodes[index];
    if (!hasFreshFigures(node))
        return node.state == NodeState::Down ? NodeLegend::tr("home of nothing: others stand in") : NodeLegend::tr("homes unknown");
    const std::uint64_t homes = node.figures.homes;
    const std::uint64_t own = snapshot.ownHomes[index];
    if (homes < own)
        return NodeLegend::tr("home of %1, others of %2 of its own").arg(countText(homes), countText(own - homes));
    if (homes > own)
        return NodeLegend::tr("home of %1, %2 of them for others").arg(countText(homes), countText(homes - own));
    return NodeLegend::tr("home of %1 partitions").arg(countText(homes));
}

NodeLegend::NodeLegend(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Nodes on the ring"));
    setToolTip(tr("A partition's home orders its writes; in good times that is its first replica. Other replicas stand in, without loss, "
                  "while a node is down, has just come back, has too much to do or has a full disk. What is its own comes back by itself."));
    setCursor(Qt::PointingHandCursor);
}

QSize NodeLegend::sizeHint() const
{
    return {260, int(m_workspace.snapshot().nodes.size()) * rowHeight};
}

void NodeLegend::refresh()
{
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    QStringList lines;
    for (std::size_t i = 0; i < snapshot.nodes.size(); ++i)
        lines << QStringLiteral("%1: %2, %3, %4").arg(QString::fromStdString(snapshot.nodes[i].name), stateWord(snapshot.nodes[i].state),
                                                      numberText(snapshot.ownership[i], Unit::Ratio), homesText(snapshot, i));
    setAccessibleDescription(lines.join(QStringLiteral("; ")));
    updateGeometry();
    update();
}

void NodeLegend::mousePressEvent(QMouseEvent* event)
{
    const auto& nodes = m_workspace.snapshot().nodes;
    const auto row = std::size_t(event->position().y()) / rowHeight;
    if (row < nodes.size())
        m_workspace.selectNode(nodes[row].id == m_workspace.selectedNode() ? noNode : nodes[row].id);
}

void NodeLegend::paintEvent(QPaintEvent* event)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    // Of many nodes a few are seen: the text of all of a hundred takes 15 ms and more, with each report.
    const auto first = std::size_t(std::max(0, event->rect().top()) / rowHeight);
    for (std::size_t i = first; i < snapshot.nodes.size() && int(i) * rowHeight <= event->rect().bottom(); ++i) {
        const double y = double(i) * rowHeight;
        const NodeReport& node = snapshot.nodes[i];
        painter.setPen(Qt::NoPen);
        if (node.id == m_workspace.selectedNode()) {
            painter.setBrush(theme.selection);
            painter.drawRoundedRect(QRectF(0, y + 1, width(), rowHeight - 2), 6, 6);
        }
        painter.setBrush(theme.node(node.id));
        painter.drawRoundedRect(QRectF(8, y + 9, 12, 12), 3, 3);
        const double right = width() - 8;
        constexpr double line = 22;
        const double top = y + 4;
        drawText(painter, QRectF(right - 60, top, 60, line), Qt::AlignRight | Qt::AlignVCenter,
                 numberText(snapshot.ownership[i], Unit::Ratio), fontOf(theme, 13, QFont::Medium), theme.text);
        drawText(painter, QRectF(right - 150, top, 72, line), Qt::AlignLeft | Qt::AlignVCenter, stateWord(node.state),
                 fontOf(theme, 12), theme.mutedText);
        paintStateMark(painter, QRectF(right - 166, top + line / 2 - 4.5, 9, 9), node.state, theme);
        drawText(painter, QRectF(textLeft, top, right - 172 - textLeft, line), Qt::AlignLeft | Qt::AlignVCenter,
                 QString::fromStdString(node.name), fontOf(theme, 13, QFont::Medium), theme.text);
        const std::uint64_t own = snapshot.ownHomes[i];
        const bool isFresh = hasFreshFigures(node);
        drawText(painter, QRectF(textLeft, top + 19, right - textLeft, 16), Qt::AlignLeft | Qt::AlignVCenter, homesText(snapshot, i),
                 fontOf(theme, 11), isFresh && node.figures.homes < own ? theme.text : theme.mutedText);
        // How much of what is its own it is home of: the pale rest is with others.
        const QRectF bar(textLeft, top + 38, right - textLeft, 3);
        const double share = !isFresh || own == 0 ? 0 : std::min(1.0, double(node.figures.homes) / double(own));
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.border);
        painter.drawRoundedRect(bar, 1.5, 1.5);
        painter.setBrush(theme.node(node.id));
        painter.drawRoundedRect(QRectF(bar.topLeft(), QSizeF(bar.width() * share, bar.height())), 1.5, 1.5);
    }
}

} // namespace quoit
