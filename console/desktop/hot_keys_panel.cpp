#include "console/desktop/hot_keys_panel.h"

#include <QFontMetricsF>
#include <QPainterPath>
#include <QStyledItemDelegate>

namespace quoit {

namespace {

/// The key and its share, its rates and its place below; behind them a bar as long as its share.
class HotKeyDelegate : public QStyledItemDelegate
{
public:
    HotKeyDelegate(Workspace& workspace, QObject* parent)
        : QStyledItemDelegate(parent)
        , m_workspace(workspace)
    {}

    QSize sizeHint(const QStyleOptionViewItem&, const QModelIndex&) const override { return {120, HotKeysPanel::rowHeight}; }

    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override
    {
        const Theme& theme = m_workspace.theme();
        const QRectF box = QRectF(option.rect).adjusted(0, 0, 0, -2);
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->setPen(Qt::NoPen);
        if (option.state & (QStyle::State_Selected | QStyle::State_MouseOver)) {
            painter->setBrush(option.state & QStyle::State_Selected ? theme.selection : theme.hover);
            painter->drawRoundedRect(box, 5, 5);
        }
        const double share = index.data(HotKeyModel::ShareRole).toDouble();
        const QRectF track(box.left() + 8, box.bottom() - 4, box.width() - 16, 3);
        painter->setBrush(theme.chartGrid);
        painter->drawRoundedRect(track, 1.5, 1.5);
        painter->setBrush(theme.accent);
        painter->drawRoundedRect(QRectF(track.left(), track.top(), std::max(3.0, track.width() * share), 3), 1.5, 1.5);

        const QFont small = fontOf(theme, 11);
        const QRectF above(box.left() + 8, box.top() + 3, box.width() - 16, 19);
        const QRectF below(above.left(), box.top() + 21, above.width(), 16);
        draw(*painter, above, index.data(HotKeyModel::NameRole).toString(), fontOf(theme, 13, QFont::Medium),
             index.data(HotKeyModel::ShareTextRole).toString(), fontOf(theme, 12, QFont::DemiBold), theme.text);
        draw(*painter, below, index.data(HotKeyModel::RatesRole).toString(), small,
             index.data(HotKeyModel::PlaceRole).toString(), small, theme.mutedText);
        painter->restore();
    }

private:
    static void draw(QPainter& painter, const QRectF& line, const QString& left, const QFont& leftFont,
                     const QString& right, const QFont& rightFont, const QColor& color)
    {
        const double wide = std::min(line.width() * 0.6, QFontMetricsF(rightFont).horizontalAdvance(right) + 1);
        drawText(painter, QRectF(line.right() - wide, line.top(), wide, line.height()), Qt::AlignRight | Qt::AlignVCenter,
                 right, rightFont, color);
        drawText(painter, line.adjusted(0, 0, -wide - 8, 0), Qt::AlignLeft | Qt::AlignVCenter, left, leftFont, color);
    }

    Workspace& m_workspace;
};

} // namespace

HotKeysPanel::HotKeysPanel(Workspace& workspace, QWidget* parent)
    : Card(workspace, tr("Hot keys"), parent)
{
    setNote(tr("share of all requests"));
    m_model = new HotKeyModel(this);
    m_list = new QListView;
    m_list->setModel(m_model);
    m_list->setItemDelegate(new HotKeyDelegate(workspace, m_list));
    m_list->setAccessibleName(tr("Hot keys"));
    m_list->setSelectionMode(QAbstractItemView::SingleSelection);
    m_list->setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_list->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_list->setUniformItemSizes(true);
    m_list->setMouseTracking(true);
    m_list->setStyleSheet(QStringLiteral("QListView { border: 0; }"));
    m_list->viewport()->installEventFilter(this);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentRowChanged, this,
            [this](const QModelIndex& now) { choose(now); });
    connect(m_list, &QListView::clicked, this, &HotKeysPanel::choose);
    m_hint = new QLabel;
    m_hint->setWordWrap(true);
    m_hint->setForegroundRole(QPalette::PlaceholderText);
    body()->addWidget(m_hint);
    body()->addWidget(m_list, 1);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    refresh();
}

void HotKeysPanel::refresh()
{
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    m_model->show(snapshot);
    m_hint->setText(!m_workspace.isLive() ? tr("Which keys were hot then isn't kept.")
                    : !snapshot.hotKeys ? tr("No node has told yet which keys are asked for most.")
                                      : tr("No key stands out."));
    const int rows = m_model->rowCount();
    m_hint->setVisible(rows == 0);
    m_list->setVisible(rows > 0);
    m_list->setFixedHeight(std::clamp(rows, 1, m_rowsSeen) * rowHeight);
}

void HotKeysPanel::setRowsSeen(int rows)
{
    m_rowsSeen = rows;
    m_list->setFixedHeight(std::clamp(m_model->rowCount(), 1, rows) * rowHeight);
}

int HotKeysPanel::heightOfRows(int rows) const
{
    const QMargins margins = contentsMargins() + layout()->contentsMargins();
    return margins.top() + rows * rowHeight + margins.bottom();
}

void HotKeysPanel::choose(const QModelIndex& index)
{
    if (const HotKeyRow* row = m_model->at(index.row()); row && row->partition)
        Q_EMIT keyChosen(row->key);
}

bool HotKeysPanel::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_list->viewport() && (event->type() == QEvent::Enter || event->type() == QEvent::Leave))
        m_model->setHeld(event->type() == QEvent::Enter);
    return Card::eventFilter(watched, event);
}

} // namespace quoit
