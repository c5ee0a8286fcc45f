#include "console/desktop/locate_view.h"

#include "console/desktop/drawing.h"

#include <QDateTime>

namespace quoit {

namespace {

constexpr int factRow = 22;
constexpr int replicaRow = 42;

} // namespace

LocateView::LocateView(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Place of the key"));
}

QSize LocateView::sizeHint() const
{
    if (m_report)
        return {280, 2 * factRow + 6 + replicaRow * int(m_report->replicas.size())};
    return {280, 40};
}

void LocateView::showReport(const LocateReport& report)
{
    if (!m_report || m_report->key != report.key)
        m_told.clear();
    m_report = report;
    QString description = tr("slot %1, partition %2").arg(report.slot).arg(report.partition);
    for (const ReplicaReport& replica : report.replicas) {
        if (replica.answered)
            m_told[replica.node] = {replica, QDateTime::currentMSecsSinceEpoch()};
        const NodeReport* node = m_workspace.snapshot().node(replica.node);
        description += QStringLiteral("; %1 %2, %3")
                           .arg(node ? QString::fromStdString(node->name) : QString::number(replica.node),
                                replica.node == report.home ? tr("(home)") : QString(), holdingText(replica));
    }
    setAccessibleDescription(description);
    updateGeometry();
    update();
}

void LocateView::showText(const QString& text)
{
    m_report.reset();
    m_told.clear();
    m_text = text;
    setAccessibleDescription(text);
    updateGeometry();
    update();
}

QString LocateView::holdingText(const ReplicaReport& replica) const
{
    if (!replica.answered) {
        const auto told = m_told.find(replica.node);
        if (told == m_told.end())
            return tr("no answer");
        return tr("%1 · as of %2").arg(holdingText(told->second.replica), clockText(told->second.ms));
    }
    if (!replica.present)
        return replica.tombstone ? tr("deleted") : tr("absent");
    return tr("%1 · version %2%3")
        .arg(numberText(double(replica.valueBytes), Unit::Bytes), QString::fromStdString(replica.version),
             replica.expiryMs > 0 ? tr(" · until %1").arg(clockText(replica.expiryMs)) : QString());
}

void LocateView::paintReplica(QPainter& painter, const ReplicaReport& replica, int place, double top) const
{
    const Theme& theme = m_workspace.theme();
    painter.setPen(Qt::NoPen);
    const QColor fill = theme.node(replica.node);
    painter.setBrush(fill);
    painter.drawEllipse(QRectF(0, top + 2, 18, 18));
    painter.setFont(fontOf(theme, 11, QFont::Bold));
    painter.setPen(fill.lightnessF() > 0.5 ? QColor(0x10, 0x14, 0x1a) : QColor(Qt::white));
    painter.drawText(QRectF(0, top + 2, 18, 18), Qt::AlignCenter, QString::number(place));
    const NodeReport* node = m_workspace.snapshot().node(replica.node);
    const QString name = (node ? QString::fromStdString(node->name) : QString::number(replica.node)) +
                         (replica.node == m_report->home ? tr(" · home") : QString());
    const double used = drawText(painter, QRectF(28, top, width() - 110, 20), Qt::AlignLeft | Qt::AlignVCenter, name,
                                 fontOf(theme, 13, QFont::Medium), theme.text);
    const NodeState state = node ? node->state : NodeState::Unknown;
    paintStateMark(painter, QRectF(28 + used + 10, top + 5.5, 9, 9), state, theme);
    drawText(painter, QRectF(28 + used + 24, top, width() - 52 - used, 20), Qt::AlignLeft | Qt::AlignVCenter,
             stateWord(state), fontOf(theme, 12), theme.mutedText);
    drawText(painter, QRectF(28, top + 19, width() - 28, 18), Qt::AlignLeft | Qt::AlignVCenter, holdingText(replica),
             fontOf(theme, 12), replica.answered ? theme.mutedText : theme.down);
}

void LocateView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    if (!m_report) {
        painter.setFont(fontOf(theme, 12));
        painter.setPen(m_text.isEmpty() ? theme.mutedText : theme.down);
        painter.drawText(rect(), Qt::TextWordWrap,
                         m_text.isEmpty() ? tr("A pin shows its place, and the walk to the nodes that hold it.")
                                          : m_text);
        return;
    }
    const auto fact = [&](double x, double y, const QString& name, const QString& value) {
        const double used = drawText(painter, QRectF(x, y, 80, factRow), Qt::AlignLeft | Qt::AlignVCenter, name,
                                     fontOf(theme, 12), theme.mutedText);
        drawText(painter, QRectF(x + used + 6, y, width() - x - used - 6, factRow), Qt::AlignLeft | Qt::AlignVCenter,
                 value, fontOf(theme, 12, QFont::Medium), theme.text);
    };
    fact(0, 0, tr("Slot"), countText(m_report->slot));
    fact(86, 0, tr("Partition"), countText(m_report->partition));
    fact(0, factRow, tr("Position"), QStringLiteral("%1").arg(m_report->position, 16, 16, QLatin1Char('0')));
    double top = 2 * factRow + 10;
    int place = 1;
    for (const ReplicaReport& replica : m_report->replicas) {
        paintReplica(painter, replica, place++, top);
        top += replicaRow;
    }
}

} // namespace quoit
