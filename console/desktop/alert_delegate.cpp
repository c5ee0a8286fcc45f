#include "console/desktop/alert_delegate.h"

#include "console/desktop/alert_model.h"
#include "console/desktop/drawing.h"

#include <QFontMetricsF>

namespace quoit {

namespace {

constexpr int rowPixels = 56;
constexpr double textLeft = 38;

} // namespace

AlertDelegate::AlertDelegate(Workspace& workspace, QObject* parent)
    : QStyledItemDelegate(parent)
    , m_workspace(workspace)
{}

QSize AlertDelegate::sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const
{
    return {200, rowPixels};
}

void AlertDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const Theme& theme = m_workspace.theme();
    const QRectF box = option.rect;
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    drawRow(*painter, option, theme);
    const bool isQuiet = index.data(AlertModel::IsQuietRole).toBool();
    const auto mark = StateMark(index.data(AlertModel::MarkRole).toInt());
    paintStateMark(*painter, QRectF(box.left() + 13, box.top() + 13, 13, 13), mark, theme);

    const QFont small = fontOf(theme, 12);
    const QString time = index.data(AlertModel::TimeRole).toString();
    const double right = box.right() - 12;
    const double width = right - box.left() - textLeft;
    drawText(*painter, QRectF(box.left() + textLeft, box.top() + 8, width, 22), Qt::AlignLeft | Qt::AlignVCenter,
             index.data(AlertModel::TitleRole).toString(), fontOf(theme, 13, isQuiet ? QFont::Normal : QFont::DemiBold),
             theme.text);
    const double timeWidth = std::min(width * 0.6, QFontMetricsF(small).horizontalAdvance(time) + 1);
    const QRectF below(box.left() + textLeft, box.top() + 29, width, 18);
    drawText(*painter, QRectF(right - timeWidth, below.top(), timeWidth, below.height()), Qt::AlignRight | Qt::AlignVCenter,
             time, small, theme.mutedText);
    const QString state = index.data(AlertModel::StateRole).toString();
    const QString bound = index.data(AlertModel::BoundRole).toString();
    drawText(*painter, below.adjusted(0, 0, -timeWidth - 10, 0), Qt::AlignLeft | Qt::AlignVCenter,
             bound.isEmpty() ? state : state + QStringLiteral(" · ") + bound, small,
             isQuiet ? theme.mutedText : theme.state(mark));
    painter->restore();
}

} // namespace quoit
