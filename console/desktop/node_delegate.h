// console/desktop/node_delegate.h - paints a node's colour beside its name, and its state as mark and word.
#pragma once

#include "console/desktop/workspace.h"

#include <QStyledItemDelegate>

namespace quoit {

class NodeDelegate : public QStyledItemDelegate
{
    Q_OBJECT

public:
    NodeDelegate(Workspace& workspace, QObject* parent);

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    Workspace& m_workspace;
};

} // namespace quoit
