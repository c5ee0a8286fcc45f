#include "console/desktop/cards.h"

#include "console/desktop/sparkline.h"

#include <QEvent>
#include <QFontMetricsF>
#include <QPainterPath>

#include <algorithm>
#include <cmath>

namespace quoit {

namespace {

constexpr int padding = 16;
constexpr int titleLine = 22;
constexpr int figureColumnsMax = 4;
constexpr int figureWidth = 126; // of the longest text, "242, 42 for others"
constexpr int figureRow = 40;
constexpr qint64 sparklineMs = 5 * 60 * 1000;

} // namespace

Card::Card(Workspace& workspace, const QString& title, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_body(new QVBoxLayout(this))
{
    m_body->setSpacing(8);
    setTitle(title);
}

void Card::setTitle(const QString& title)
{
    m_title = title;
    m_body->setContentsMargins(padding, title.isEmpty() ? padding : padding + titleLine, padding, padding);
    update();
}

void Card::setNote(const QString& note)
{
    if (m_note == note)
        return;
    m_note = note;
    update();
}

void Card::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_workspace.theme();
    drawCard(painter, rect(), theme);
    const QRectF line(padding, padding - 4, width() - 2 * padding, titleLine);
    const QFont noteFont = fontOf(theme, 12);
    const double noteWidth = m_note.isEmpty() ? 0 : QFontMetricsF(noteFont).horizontalAdvance(m_note) + 8;
    drawText(painter, line.adjusted(0, 0, -noteWidth, 0), Qt::AlignLeft | Qt::AlignVCenter, m_title,
             fontOf(theme, 13, QFont::DemiBold), theme.text);
    if (!m_note.isEmpty())
        drawText(painter, line, Qt::AlignRight | Qt::AlignVCenter, m_note, noteFont, theme.mutedText);
}

StatTile::StatTile(Workspace& workspace, const QString& title, Metric metric, Unit unit, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
    , m_title(title)
    , m_metric(metric)
    , m_unit(unit)
{
    setAccessibleName(title);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

void StatTile::show(std::optional<double> value)
{
    m_quantity = numberParts(value, m_unit);
    m_toMs = m_workspace.shownMs();
    m_points = m_workspace.history().series(noNode, m_metric, {m_toMs - sparklineMs, m_toMs}, std::max(10, width() / 3));
    setAccessibleDescription(numberText(value, m_unit));
    update();
}

void StatTile::setDense(bool isDense)
{
    m_isDense = isDense;
    updateGeometry();
}

void StatTile::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    drawCard(painter, rect(), theme);
    painter.save();
    QPainterPath clip;
    clip.addRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 9, 9);
    painter.setClipPath(clip, Qt::IntersectClip);
    // A young history fills the tile's width as well.
    const double fromMs = m_points.isEmpty() ? 0 : std::min(m_points.first().x(), double(m_toMs - sparklineMs / 10));
    const double toMs = m_points.isEmpty() ? 1 : std::max(m_points.last().x(), fromMs + 1); // the last report may be a second old
    const double line = m_isDense ? 18 : 42;
    paintSparkline(painter, QRectF(0, height() - line + 1, width(), line), m_points, fromMs, toMs, theme.accent, theme);
    painter.restore();
    drawText(painter, QRectF(padding, m_isDense ? 7 : 11, width() - 2 * padding, 18), Qt::AlignLeft | Qt::AlignVCenter, m_title,
             fontOf(theme, 12, QFont::Medium), theme.mutedText);
    drawQuantity(painter, QPointF(padding, m_isDense ? 50 : 57), m_quantity, 25, theme);
}

HealthBanner::HealthBanner(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Health"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(padding, 0, padding, 0);
    m_showAlerts = new QPushButton(tr("Show alerts"));
    m_showAlerts->setObjectName(QStringLiteral("showAlerts"));
    connect(m_showAlerts, &QPushButton::clicked, this, &HealthBanner::alertsWanted);
    row->addStretch(1);
    row->addWidget(m_showAlerts);
}

void HealthBanner::setDense(bool isDense)
{
    m_isDense = isDense;
    updateGeometry();
}

void HealthBanner::refresh()
{
    const Health health = m_workspace.health();
    setAccessibleDescription(health.headline + QStringLiteral(". ") + health.detail);
    setToolTip(health.detail);
    m_showAlerts->setVisible(!m_workspace.alertsShown().active.empty());
    update();
}

void HealthBanner::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    const Health health = m_workspace.health();
    const NodeState mark = health.level == Health::Level::Well       ? NodeState::Up
                           : health.level == Health::Level::Degraded ? NodeState::Suspect
                           : health.level == Health::Level::Critical ? NodeState::Down
                                                                     : NodeState::Unknown;
    const QColor color = theme.state(markOf(mark));
    painter.setPen(QPen(mixed(theme.border, color, 0.45), 1));
    painter.setBrush(mixed(theme.surface, color, theme.isDark ? 0.10 : 0.06));
    painter.drawRoundedRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5), 10, 10);
    const QRectF disc(padding + 2, (height() - 40) / 2.0, 40, 40);
    painter.setPen(Qt::NoPen);
    painter.setBrush(mixed(theme.surface, color, 0.2));
    painter.drawEllipse(disc);
    if (mark == NodeState::Up) {
        QPainterPath tick(disc.topLeft() + QPointF(12.5, 20.5));
        tick.lineTo(disc.topLeft() + QPointF(18, 26));
        tick.lineTo(disc.topLeft() + QPointF(28, 14.5));
        painter.strokePath(tick, QPen(color, 2.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    } else {
        paintStateMark(painter, disc.adjusted(12, 12, -12, -12), mark, theme);
    }
    const double right = m_showAlerts->isVisible() ? m_showAlerts->x() : width();
    const QRectF text(disc.right() + 16, 0, right - disc.right() - 16 - padding, height());
    const QFont detailFont = fontOf(theme, 13);
    const bool isWrapped = QFontMetricsF(detailFont).horizontalAdvance(health.detail) > text.width();
    constexpr double headline = 24;
    const double lines = QFontMetricsF(detailFont).lineSpacing() * (isWrapped ? 2 : 1);
    const double top = std::max(0.0, (height() - headline - lines) / 2 - 1);
    drawText(painter, QRectF(text.left(), top, text.width(), headline), Qt::AlignLeft | Qt::AlignVCenter, health.headline,
             fontOf(theme, 17, QFont::DemiBold), theme.text);
    painter.setFont(detailFont);
    painter.setPen(theme.mutedText);
    painter.drawText(QRectF(text.left(), top + headline, text.width(), height() - top - headline), Qt::AlignLeft | Qt::TextWordWrap,
                     health.detail);
}

NodeCard::NodeCard(Workspace& workspace, NodeId id, QWidget* parent)
    : QAbstractButton(parent)
    , m_workspace(workspace)
    , m_id(id)
{
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    connect(this, &QAbstractButton::clicked, this,
            [this] { m_workspace.selectNode(m_workspace.selectedNode() == m_id ? noNode : m_id); });
}

void NodeCard::setDense(bool isDense)
{
    m_isDense = isDense;
    setToolTip(isDense ? tr("Operations, latency p99, memory") : QString());
    updateGeometry();
}

void NodeCard::refresh()
{
    if (const NodeReport* node = m_workspace.snapshot().node(m_id)) {
        setAccessibleName(QString::fromStdString(node->name));
        setAccessibleDescription(stateWord(node->state));
    }
    update();
}

bool NodeCard::event(QEvent* event)
{
    if (event->type() == QEvent::HoverEnter || event->type() == QEvent::HoverLeave ||
        event->type() == QEvent::FocusIn || event->type() == QEvent::FocusOut)
        update();
    return QAbstractButton::event(event);
}

void NodeCard::paintEvent(QPaintEvent*)
{
    const NodeReport* node = m_workspace.snapshot().node(m_id);
    if (!node)
        return;
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    const bool isSelected = m_workspace.selectedNode() == m_id;
    painter.setPen(QPen(isSelected || hasFocus() ? theme.accent : theme.border, isSelected ? 1.5 : 1));
    painter.setBrush(isSelected ? theme.selection : underMouse() ? theme.surfaceRaised : theme.surface);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 8, 8);

    painter.setPen(Qt::NoPen);
    painter.setBrush(theme.node(m_id));
    const double barMargin = m_isDense ? 8 : 15;
    painter.drawRoundedRect(QRectF(13, barMargin, 4, height() - 2 * barMargin), 2, 2);
    const double left = m_isDense ? 26 : 28;
    const double right = width() - (m_isDense ? 10 : 14);
    const double top = m_isDense ? 4 : 11;
    const QString word = stateWord(node->state);
    const QFont wordFont = fontOf(theme, 12, QFont::Medium);
    const double wordWidth = QFontMetricsF(wordFont).horizontalAdvance(word);
    drawText(painter, QRectF(right - wordWidth, top, wordWidth + 1, 20), Qt::AlignRight | Qt::AlignVCenter, word,
             wordFont, theme.mutedText);
    paintStateMark(painter, QRectF(right - wordWidth - 15, top + 5.5, 9, 9), node->state, theme);
    drawText(painter, QRectF(left, top, right - wordWidth - 24 - left, 20), Qt::AlignLeft | Qt::AlignVCenter,
             QString::fromStdString(node->name), fontOf(theme, 14, QFont::DemiBold), theme.text);

    const bool isFresh = hasFreshFigures(*node);
    const auto value = [&](double figure) { return isFresh ? std::optional(figure) : std::nullopt; };
    const LoadFigures& figures = node->figures;
    const std::array<std::pair<QString, QString>, 3> columns = {
        {{tr("Operations"),
          numberText(value(double(figures.readsPerSecond + figures.writesPerSecond)), Unit::PerSecond)},
         {tr("p99"), numberText(figures.p99Us > 0 ? value(double(figures.p99Us)) : std::nullopt, Unit::Microseconds)},
         {tr("Memory"), numberText(value(double(figures.memoryBytes)), Unit::Bytes)}}};
    constexpr std::array<double, 4> edges = {0, 0.37, 0.69, 1}; // "Operations" is the longest word
    for (std::size_t i = 0; i < columns.size(); ++i) {
        const double x = left + edges[i] * (right - left);
        const double columnWidth = (edges[i + 1] - edges[i]) * (right - left);
        if (!m_isDense)
            drawText(painter, QRectF(x, 40, columnWidth, 16), Qt::AlignLeft | Qt::AlignVCenter, columns[i].first,
                     fontOf(theme, 11), theme.mutedText);
        drawText(painter, QRectF(x, m_isDense ? 25 : 57, columnWidth - 2, 20), Qt::AlignLeft | Qt::AlignVCenter, columns[i].second,
                 fontOf(theme, 13, QFont::Medium), theme.text);
    }
}

NodeFigures::NodeFigures(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Figures of the node"));
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
}

QSize NodeFigures::sizeHint() const
{
    return {400, figureRow * ((int(m_figures.size()) + columns() - 1) / columns())};
}

int NodeFigures::columns() const
{
    return std::clamp(width() / figureWidth, 1, figureColumnsMax);
}

void NodeFigures::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    updateGeometry(); // fewer columns are more rows
}

/// How far it is from being the same as the other replicas, in a few words.
QString NodeFigures::sameText(const NodeReport& node)
{
    if (node.sameForMs > 0)
        return tr("for %1").arg(durationText(static_cast<std::int64_t>(node.sameForMs)));
    if (node.partitionsDiffering > 0)
        return tr("%1 differ").arg(node.partitionsDiffering);
    return node.partitionsUncompared > 0 ? tr("%1 to compare").arg(node.partitionsUncompared) : tr("not known yet");
}

void NodeFigures::show(NodeId id)
{
    const auto rowsBefore = m_figures.size();
    m_figures.clear();
    if (const NodeReport* node = m_workspace.snapshot().node(id)) {
        const LoadFigures& figures = node->figures;
        const bool isFresh = hasFreshFigures(*node);
        const auto add = [&](const QString& name, double value, Unit unit) {
            m_figures << std::pair(name, numberText(isFresh ? std::optional(value) : std::nullopt, unit));
        };
        const auto latency = [&](const QString& name, std::uint64_t us) {
            m_figures << std::pair(
                name, numberText(isFresh && us > 0 ? std::optional(double(us)) : std::nullopt, Unit::Microseconds));
        };
        const double looks = double(figures.cacheHitsPerSecond + figures.cacheMissesPerSecond);
        add(tr("Reads"), double(figures.readsPerSecond), Unit::PerSecond);
        add(tr("Writes"), double(figures.writesPerSecond), Unit::PerSecond);
        latency(tr("Latency p50"), figures.p50Us);
        latency(tr("Latency p99.9"), figures.p999Us);
        add(tr("Cache hits"), looks > 0 ? double(figures.cacheHitsPerSecond) / looks : std::nan(""), Unit::Ratio);
        add(tr("Cache"), double(figures.cacheBytes), Unit::Bytes);
        add(tr("On disk"), double(figures.diskBytes), Unit::Bytes);
        add(tr("Free on disk"), double(figures.diskFreeBytes), Unit::Bytes);
        latency(tr("Commit p99"), figures.commitP99Us);
        latency(tr("Fsync p99"), figures.fsyncP99Us);
        add(tr("Clients"), double(figures.connections), Unit::Plain);
        const std::uint64_t own = m_workspace.snapshot().ownHomes[std::size_t(node - m_workspace.snapshot().nodes.data())];
        m_figures << std::pair(tr("Home of"), !isFresh              ? noDataText()
                                              : figures.homes > own ? tr("%1, %2 for others").arg(countText(figures.homes), countText(figures.homes - own))
                                                                    : tr("%1 of %2").arg(countText(figures.homes), countText(own)));
        add(tr("Hints for others"), double(figures.hints), Unit::Plain);
        add(tr("Tombstones"), double(figures.tombstones), Unit::Plain);
        add(tr("Waiting tombstones"), double(node->tombstonesWaiting), Unit::Plain);
        m_figures << std::pair(tr("Same as the others"), m_workspace.isLive() ? sameText(*node) : tr("not kept"));
        add(tr("Waiting"), double(figures.waitingOperations), Unit::Plain);
        add(tr("Refused (BUSY)"), double(figures.busyPerSecond), Unit::PerSecond);
        add(tr("Keys expired"), double(figures.expiredPerSecond), Unit::PerSecond);
        add(tr("Keys evicted"), double(figures.evictedPerSecond), Unit::PerSecond);
        add(tr("CPU"), double(figures.cpuPermille), Unit::Permille);
        add(tr("Incarnation"), double(node->incarnation), Unit::Plain);
        m_figures << std::pair(tr("Weight"), numberText(node->weight));
    }
    if (m_figures.size() != rowsBefore)
        updateGeometry();
    QStringList lines;
    for (const auto& [name, value] : m_figures)
        lines << name + QLatin1Char(' ') + value;
    setAccessibleDescription(lines.join(QStringLiteral("; ")));
    update();
}

void NodeFigures::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_workspace.theme();
    const double columnWidth = double(width()) / columns();
    for (qsizetype i = 0; i < m_figures.size(); ++i) {
        const double x = double(i % columns()) * columnWidth;
        const double y = double(i / columns()) * figureRow;
        drawText(painter, QRectF(x, y, columnWidth - 8, 18), Qt::AlignLeft | Qt::AlignVCenter, m_figures[i].first,
                 fontOf(theme, 11), theme.mutedText);
        drawText(painter, QRectF(x, y + 17, columnWidth - 8, 20), Qt::AlignLeft | Qt::AlignVCenter, m_figures[i].second,
                 fontOf(theme, 13, QFont::Medium), theme.text);
    }
}

NodeState stateOfEvent(const ClusterEvent& event)
{
    if (event.kind == "node-down" || event.kind == "process-ended" || event.kind == "storage-full")
        return NodeState::Down;
    if (event.kind == "node-suspect")
        return NodeState::Suspect;
    if (event.kind == "node-up" || event.kind == "storage-free")
        return NodeState::Up;
    return NodeState::Waiting;
}

EventList::EventList(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Recent events"));
}

std::span<const ClusterEvent> EventList::events() const
{
    const Timeline& timeline = m_workspace.past().timeline();
    return m_workspace.isLive() ? std::span(timeline.events()) : timeline.eventsIn({0, m_workspace.shownMs()});
}

void EventList::refresh()
{
    const auto events = this->events();
    QStringList lines;
    for (auto event = events.rbegin(); event != events.rend() && lines.size() < 10; ++event)
        lines << whenText(event->timeMs, m_workspace.shownMs()) + QLatin1Char(' ') + QString::fromStdString(event->text);
    setAccessibleDescription(lines.join(QStringLiteral("; ")));
    update();
}

void EventList::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_workspace.theme();
    const auto events = this->events();
    constexpr double row = rowHeight;
    if (events.empty()) {
        drawText(painter, QRectF(0, 0, width(), row), Qt::AlignLeft | Qt::AlignVCenter,
                 m_workspace.isLive() ? tr("Nothing has happened since the console connected.")
                                      : tr("No event is kept from before this moment."),
                 fontOf(theme, 13), theme.mutedText);
        return;
    }
    double y = 0;
    for (auto event = events.rbegin(); event != events.rend() && y + row <= height() + 1; ++event, y += row) {
        paintStateMark(painter, QRectF(1, y + row / 2 - 4.5, 9, 9), stateOfEvent(*event), theme);
        drawText(painter, QRectF(22, y, 66, row), Qt::AlignLeft | Qt::AlignVCenter,
                 whenText(event->timeMs, m_workspace.shownMs()), fontOf(theme, 12), theme.mutedText);
        drawText(painter, QRectF(90, y, width() - 90, row), Qt::AlignLeft | Qt::AlignVCenter,
                 QString::fromStdString(event->text), fontOf(theme, 13), theme.text);
    }
}

} // namespace quoit
