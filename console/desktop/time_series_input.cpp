// The part of time_series_view.h that takes what people do: mouse, wheel, keys, and the menu of a chart.
#include "console/desktop/time_series_view.h"

#include <QAccessible>
#include <QAction>
#include <QClipboard>
#include <QDateTime>
#include <QFile>
#include <QFileDialog>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr double zoomStep = 1.25;
constexpr double wheelStep = 120; ///< Qt's angle of one notch

} // namespace

void TimeSeriesView::addActions()
{
    setContextMenuPolicy(Qt::ActionsContextMenu);
    const auto add = [this](const QString& text, auto handler) {
        auto* action = new QAction(text, this);
        addAction(action);
        connect(action, &QAction::triggered, this, handler);
        return action;
    };
    add(tr("Save as PNG…"), [this] { savePicture(); });
    add(tr("Save as CSV…"), [this] { saveCsv(); });
    QAction* copy = add(tr("Copy values"), [this] { QGuiApplication::clipboard()->setText(valuesText()); });
    copy->setShortcut(QKeySequence::Copy);
    copy->setShortcutContext(Qt::WidgetShortcut);
    add(tr("Back to now"), [this] { Q_EMIT liveWanted(); });
}

void TimeSeriesView::mouseMoveEvent(QMouseEvent* event)
{
    if (m_drag) {
        m_drag->toX = event->position().x();
        if (m_drag->isPan) {
            const double share = (m_drag->fromX - m_drag->toX) / std::max(1.0, plot().width());
            const auto moved = qint64(share * double(m_drag->range.toMs - m_drag->range.fromMs));
            Q_EMIT rangeWanted({m_drag->range.fromMs + moved, m_drag->range.toMs + moved});
        }
        return update();
    }
    if (plot().contains(event->position()))
        Q_EMIT pointed(msAt(event->position().x()));
    else
        Q_EMIT pointed({});
}

void TimeSeriesView::mousePressEvent(QMouseEvent* event)
{
    const double x = event->position().x();
    if (event->button() == Qt::LeftButton && plot().contains(event->position()))
        m_drag = Drag{x, x, m_shared.range, event->modifiers().testFlag(Qt::ShiftModifier)};
    else
        QWidget::mousePressEvent(event);
}

void TimeSeriesView::mouseReleaseEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton || !m_drag)
        return QWidget::mouseReleaseEvent(event);
    m_drag->toX = event->position().x();
    const Drag drag = *std::exchange(m_drag, std::nullopt);
    update();
    if (!drag.isFar())
        return Q_EMIT pinToggled(msAt(drag.fromX));
    if (!drag.isPan)
        Q_EMIT rangeWanted({msAt(std::min(drag.fromX, drag.toX)), msAt(std::max(drag.fromX, drag.toX))});
}

void TimeSeriesView::mouseDoubleClickEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton)
        Q_EMIT liveWanted();
}

/// The page scrolls with the wheel: it zooms with Ctrl, or on the chart that was clicked.
void TimeSeriesView::wheelEvent(QWheelEvent* event)
{
    const bool isMine = event->modifiers().testFlag(Qt::ControlModifier) || hasFocus();
    if (!isMine || !plot().contains(event->position()) || event->angleDelta().y() == 0)
        return QWidget::wheelEvent(event);
    zoom(std::pow(zoomStep, -event->angleDelta().y() / wheelStep), msAt(event->position().x()));
    event->accept();
}

void TimeSeriesView::leaveEvent(QEvent* event)
{
    QWidget::leaveEvent(event);
    if (!m_drag)
        Q_EMIT pointed({});
}

void TimeSeriesView::keyPressEvent(QKeyEvent* event)
{
    const qint64 span = m_shared.range.toMs - m_shared.range.fromMs;
    const qint64 step = std::max<qint64>(1000, span / 100);
    const qint64 now =
        std::clamp(m_shared.crosshairMs.value_or(m_shared.range.toMs), m_shared.range.fromMs, m_shared.range.toMs);
    const int side = event->key() == Qt::Key_Left ? -1 : event->key() == Qt::Key_Right ? 1 : 0;
    if (side != 0 && event->modifiers().testFlag(Qt::ShiftModifier)) {
        pan(side * span / 8);
    } else if (side != 0) {
        Q_EMIT pointed(std::clamp(now + side * step, m_shared.range.fromMs, m_shared.range.toMs));
        QAccessibleValueChangeEvent said(this, valuesText());
        QAccessible::updateAccessibility(&said);
    } else if (event->key() == Qt::Key_Space || event->key() == Qt::Key_Return) {
        Q_EMIT pinToggled(now);
    } else if (event->key() == Qt::Key_Plus || event->key() == Qt::Key_Equal) {
        zoom(1 / zoomStep, now);
    } else if (event->key() == Qt::Key_Minus) {
        zoom(zoomStep, now);
    } else if (event->key() == Qt::Key_Escape) {
        m_drag.reset();
        Q_EMIT liveWanted();
    } else {
        QWidget::keyPressEvent(event);
    }
}

void TimeSeriesView::zoom(double factor, qint64 aboutMs)
{
    const auto scaled = [&](qint64 ms) { return aboutMs + qint64(double(ms - aboutMs) * factor); };
    Q_EMIT rangeWanted({scaled(m_shared.range.fromMs), scaled(m_shared.range.toMs)});
}

void TimeSeriesView::pan(qint64 ms)
{
    Q_EMIT rangeWanted({m_shared.range.fromMs + ms, m_shared.range.toMs + ms});
}

void TimeSeriesView::drawDraggedSpan(QPainter& painter) const
{
    if (!m_drag || m_drag->isPan || !m_drag->isFar())
        return;
    const QRectF box = plot();
    const double left = std::clamp(std::min(m_drag->fromX, m_drag->toX), box.left(), box.right());
    const double right = std::clamp(std::max(m_drag->fromX, m_drag->toX), box.left(), box.right());
    QColor soft = m_workspace.theme().accent;
    soft.setAlpha(50);
    painter.fillRect(QRectF(left, box.top(), right - left, box.height()), soft);
    painter.setPen(QPen(m_workspace.theme().accent, 1));
    painter.drawLine(QPointF(left, box.top()), QPointF(left, box.bottom()));
    painter.drawLine(QPointF(right, box.top()), QPointF(right, box.bottom()));
}

QString TimeSeriesView::valuesText() const
{
    fetch();
    const qint64 ms = m_shared.crosshairMs.value_or(m_shared.range.toMs);
    QString text =
        tr("%1 at %2").arg(m_title, QDateTime::fromMSecsSinceEpoch(ms).toString(QStringLiteral("yyyy-MM-dd HH:mm:ss")));
    for (const Line& line : m_lines)
        text += QLatin1Char('\n') + line.name + QLatin1Char('\t') +
                bandText(m_workspace.history().bandAt(line.node, m_metric, ms));
    return text;
}

void TimeSeriesView::savePicture()
{
    const QString name = QFileDialog::getSaveFileName(this, tr("Save chart"), m_title + QStringLiteral(".png"));
    if (!name.isEmpty())
        grab().save(name);
}

void TimeSeriesView::saveCsv()
{
    const QString name = QFileDialog::getSaveFileName(this, tr("Save figures"), m_title + QStringLiteral(".csv"));
    QFile file(name);
    if (!name.isEmpty() && file.open(QIODevice::WriteOnly))
        file.write(csv());
}

} // namespace quoit
