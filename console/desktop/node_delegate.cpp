#include "console/desktop/node_delegate.h"

#include "console/desktop/drawing.h"
#include "console/desktop/node_model.h"

namespace quoit {

NodeDelegate::NodeDelegate(Workspace& workspace, QObject* parent)
    : QStyledItemDelegate(parent)
    , m_workspace(workspace)
{}

void NodeDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = option.rect;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    drawRow(*painter, option, theme);

    double left = box.left() + 10;
    QFont font = theme.body;
    if (index.column() == NodeModel::Name) {
        painter->setPen(Qt::NoPen);
        painter->setBrush(theme.node(index.data(NodeModel::NodeIdRole).toUInt()));
        painter->drawRoundedRect(QRectF(left, box.center().y() - 6, 12, 12), 3, 3);
        left += 22;
        font.setWeight(QFont::DemiBold);
    } else if (index.column() == NodeModel::State) {
        paintStateMark(*painter, QRectF(left, box.center().y() - 4.5, 9, 9),
                       NodeState(index.data(NodeModel::NodeStateRole).toInt()), theme);
        left += 18;
    }
    const QString text = index.data().toString();
    const auto alignment = index.data(Qt::TextAlignmentRole).toInt();
    drawText(*painter, QRectF(left, box.top(), box.right() - left - 10, box.height()), alignment, text, font,
             text == noDataText() ? theme.mutedText : theme.text);
    painter->restore();
}

} // namespace quoit
