// console/desktop/alert_delegate.h - paints an alert as two lines: what and since when, how serious and its bound.
#pragma once

#include "console/desktop/workspace.h"

#include <QStyledItemDelegate>

namespace quoit {

class AlertDelegate : public QStyledItemDelegate
{
    Q_OBJECT

public:
    AlertDelegate(Workspace& workspace, QObject* parent);

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;

private:
    Workspace& m_workspace;
};

} // namespace quoit
