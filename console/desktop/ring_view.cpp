#include "console/desktop/ring_view.h"

#include "console/desktop/number_text.h"
#include "console/desktop/ring_view_accessible.h"
#include "console/desktop/ring_view_bands.h"
#include "console/desktop/ring_view_marks.h"
#include "console/desktop/ring_view_overlay.h"
#include "console/desktop/ring_view_scene.h"
#include "shared/ring/position.h"
#include "shared/ring/token_allocation.h"

#include <QAccessible>
#include <QHelpEvent>
#include <QKeyEvent>
#include <QPainter>
#include <QToolTip>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace quoit {

namespace {

constexpr int transitionMs = 400;
constexpr int pulseMs = 100;

bool haveSameStates(const std::vector<NodeReport>& a, const std::vector<NodeReport>& b)
{
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const NodeReport& left, const NodeReport& right) {
        return left.id == right.id && left.state == right.state;
    });
}

} // namespace

RingPin RingPin::forKey(const std::string& key, const ClusterMap& map)
{
    RingPin pin;
    pin.report.key = key;
    pin.report.position = positionOf(key);
    pin.report.slot = hashSlot(key);
    pin.report.partition = map.partitionOf(pin.report.position);
    pin.report.home = map.owner(pin.report.partition);
    for (const NodeId node : map.replicas(pin.report.partition)) {
        ReplicaReport replica;
        replica.node = node;
        pin.report.replicas.push_back(replica);
    }
    return pin;
}

RingView::RingView(const ThemeManager& themes, QWidget* parent)
    : QWidget(parent)
    , m_themes(themes)
    , m_scene(std::make_unique<RingScene>())
    , m_layout(std::make_unique<RingLayout>())
{
    installRingAccessibility();
    setHint(tr("No cluster yet"), tr("Connect to a node, or start a cluster on this machine."));
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Expanding);
    setAccessibleName(tr("Ring"));
    m_transition.setDuration(transitionMs);
    m_transition.setStartValue(0.0);
    m_transition.setEndValue(1.0);
    m_transition.setEasingCurve(QEasingCurve::InOutCubic);
    connect(&m_transition, &QVariantAnimation::valueChanged, this, [this](const QVariant& value) {
        m_scene->transition = value.toDouble();
        update();
    });
    connect(&m_transition, &QVariantAnimation::finished, this, [this] {
        m_scene->transition = 1;
        dropCache();
    });
    connect(&themes, &ThemeManager::changed, this, &RingView::updateLayout);
    m_pulse.setInterval(pulseMs);
    connect(&m_pulse, &QTimer::timeout, this, [this] {
        if (!isVisible())
            return;
        constexpr double periodMs = 1600;
        m_pulseMs += pulseMs;
        m_scene->pulse = 0.5 - 0.5 * std::cos(m_pulseMs / periodMs * 2 * std::numbers::pi);
        update();
    });
}

RingView::~RingView() = default;

void RingView::setMap(ClusterMapPtr map)
{
    if (map == m_scene->map)
        return;
    RingGeometry previous = std::move(m_scene->geometry);
    m_scene->map = std::move(map);
    m_scene->geometry = m_scene->map ? RingGeometry(*m_scene->map) : RingGeometry();
    m_scene->share = m_scene->map ? balanceOf(*m_scene->map).share : std::vector<double>();
    // What pointed into the old ring points nowhere in the new one.
    m_scene->hoveredPartition = -1;
    m_scene->hoveredNode = noNode;
    m_scene->currentArc.reset();
    if (!m_scene->map || !m_scene->map->member(m_scene->selectedNode))
        m_scene->selectedNode = noNode;
    startTransition(std::move(previous));
    showMarks();
    updateLayout();
    if (QAccessible::isActive()) {
        QAccessibleEvent event(this, QAccessible::ObjectReorder);
        QAccessible::updateAccessibility(&event);
    }
}

void RingView::startTransition(RingGeometry previous)
{
    m_transition.stop();
    m_scene->transition = 1;
    const bool isComparable =
        !previous.isEmpty() && !m_scene->isEmpty() && previous.partitionCount() == m_scene->geometry.partitionCount();
    if (!isComparable || m_isReducedMotion || !isVisible())
        return;
    m_scene->previous = std::move(previous);
    m_scene->transition = 0;
    m_transition.start();
}

void RingView::setNodes(std::vector<NodeReport> nodes)
{
    const bool isSame = haveSameStates(nodes, m_scene->nodes);
    m_scene->nodes = std::move(nodes);
    if (!isSame)
        updateLayout();
    update();
}

void RingView::setLoads(std::vector<std::uint64_t> operationsPerSecond)
{
    if (operationsPerSecond == m_scene->loads)
        return;
    m_scene->loads = std::move(operationsPerSecond);
    dropCache();
}

void RingView::setTotals(const ClusterTotals& totals)
{
    m_scene->totals = totals;
    update();
}

void RingView::setSnapshot(const ClusterSnapshot& snapshot)
{
    setMap(snapshot.map);
    setNodes(snapshot.nodes);
    setLoads(snapshot.partitionLoad);
    setTotals(snapshot.totals);
    setAvailability(snapshot.availability);
}

void RingView::setPin(std::optional<RingPin> pin)
{
    m_scene->pin = std::move(pin);
    update();
}

void RingView::setAvailability(const Availability& availability)
{
    std::vector<RingMark> marks;
    if (availability.partitionsBelowStrength > 0)
        marks = marksOf(availability);
    m_scene->lostCount = availability.partitionsWithoutMajority;
    if (marks == m_realMarks)
        return;
    m_realMarks = std::move(marks);
    showMarks();
}

void RingView::setMarks(std::vector<RingMark> marks, bool arePretended)
{
    m_marks = std::move(marks);
    m_scene->areMarksPretended = arePretended;
    showMarks();
}

void RingView::showMarks()
{
    m_scene->marks = m_marks;
    bool isMoving = false;
    if (m_marks.empty() && m_scene->map) {
        m_scene->marks = marksOfChange(*m_scene->map);
        isMoving = !m_scene->marks.empty();
        m_scene->marks = worseOf(m_scene->marks, m_realMarks);
    }
    m_scene->pulse = 0;
    if (isMoving && !m_isReducedMotion)
        m_pulse.start();
    else
        m_pulse.stop();
    update();
}

void RingView::setCaption(const QString& title, const QString& text)
{
    m_scene->captionTitle = title;
    m_scene->captionText = text;
    update();
}

void RingView::setSelectedNode(NodeId node)
{
    if (m_scene->selectedNode == node)
        return;
    m_scene->selectedNode = node;
    updateLayout(); // the legend shows the selected one even if it hasn't room
                    // for all
}

void RingView::setStale(std::optional<qint64> ageMs)
{
    m_scene->staleMs = ageMs;
    update();
}

void RingView::setReducedMotion(bool isReduced)
{
    m_isReducedMotion = isReduced;
    if (isReduced && m_transition.state() == QAbstractAnimation::Running)
        m_transition.setCurrentTime(transitionMs);
    showMarks();
}

void RingView::setLegendVisible(bool isVisible)
{
    m_scene->isLegendVisible = isVisible;
    updateLayout();
}

void RingView::setHint(const QString& title, const QString& text)
{
    m_scene->hintTitle = title;
    m_scene->hintText = text;
    setAccessibleDescription(title + QStringLiteral(". ") + text);
    update();
}

const std::vector<RingMark>& RingView::marks() const
{
    return m_scene->marks;
}

bool RingView::areMarksPretended() const
{
    return m_scene->areMarksPretended;
}

QString RingView::centerText() const
{
    return m_scene->pin ? QString() : centerCaption(*m_scene).join(QLatin1Char('\n'));
}

NodeId RingView::selectedNode() const
{
    return m_scene->selectedNode;
}

const ClusterMapPtr& RingView::map() const
{
    return m_scene->map;
}

const std::vector<NodeReport>& RingView::nodes() const
{
    return m_scene->nodes;
}

std::optional<std::size_t> RingView::currentArc() const
{
    return m_scene->currentArc;
}

QString RingView::nodeName(NodeId node) const
{
    return m_scene->name(node);
}

QString RingView::nodeDescription(NodeId node) const
{
    return tr("%1, holds %2 of all replicas, %3")
        .arg(wordOf(m_scene->mark(node)), numberText(m_scene->shareOf(node), Unit::Ratio),
             numberText(m_scene->operationsPerSecond(node), Unit::PerSecond));
}

QRect RingView::nodeRect(NodeId node) const
{
    for (const RingLegendEntry& entry : m_layout->legend) {
        if (entry.node == node)
            return entry.box.toAlignedRect();
    }
    // Without a place in the legend its first arc stands for it.
    for (const RingArc& arc : m_scene->geometry.arcs()) {
        if (arc.node == node)
            return ringPiece(arc.startTurn, arc.spanTurns, m_layout->radii.arcOuter, m_layout->radii.arcInner)
                .boundingRect()
                .translated(m_layout->center)
                .toAlignedRect();
    }
    return {};
}

QSize RingView::sizeHint() const
{
    return {720, 560};
}

QSize RingView::minimumSizeHint() const
{
    return {180, 180};
}

void RingView::updateLayout()
{
    *m_layout = RingLayout::compute(*m_scene, QSizeF(size()), m_themes.theme());
    dropCache();
}

void RingView::dropCache()
{
    m_cache = QPixmap();
    update();
}

void RingView::paintCached(QPainter& painter)
{
    const double ratio = devicePixelRatioF();
    if (m_cache.isNull() || m_cache.devicePixelRatio() != ratio) {
        m_cache = QPixmap(size() * ratio);
        m_cache.setDevicePixelRatio(ratio);
        m_cache.fill(Qt::transparent);
        QPainter cached(&m_cache);
        cached.setRenderHint(QPainter::Antialiasing);
        paintBands(cached, *m_scene, *m_layout, m_themes.theme());
    }
    painter.drawPixmap(0, 0, m_cache);
}

void RingView::paintEvent(QPaintEvent*)
{
    const Theme& theme = m_themes.theme();
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillRect(rect(), theme.surface);
    if (m_scene->isEmpty()) {
        paintEmptyRing(painter, *m_scene, *m_layout, theme);
    } else {
        // Old data is still worth seeing, but must not pass for what is.
        painter.setOpacity(m_scene->staleMs ? 0.42 : 1);
        paintCached(painter);
        if (m_scene->transition < 1) {
            painter.save();
            painter.translate(m_layout->center);
            paintTransition(painter, *m_scene, *m_layout, theme);
            painter.restore();
        }
        paintEmphasis(painter, *m_scene, *m_layout, theme);
        paintMarks(painter, *m_scene, *m_layout, theme);
        if (m_scene->chordPartition() < 0 && m_scene->emphasisedNode() == noNode)
            paintMovingRibbons(painter, *m_scene, *m_layout, theme);
        paintChords(painter, *m_scene, *m_layout, theme);
        paintLegend(painter, *m_scene, *m_layout, theme);
        painter.setOpacity(1);
        paintCenter(painter, *m_scene, *m_layout, theme);
        paintPin(painter, *m_scene, *m_layout, theme);
    }
    if (hasFocus() && m_isFocusShown && !m_scene->currentArc) {
        painter.setPen(QPen(theme.focus, 2));
        painter.setBrush(Qt::NoBrush);
        painter.drawRoundedRect(QRectF(rect()).adjusted(2, 2, -2, -2), spacing::radius, spacing::radius);
    }
}

void RingView::resizeEvent(QResizeEvent*)
{
    updateLayout();
}

bool RingView::event(QEvent* event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto* help = static_cast<QHelpEvent*>(event);
        const QString text = toolTipAt(help->pos());
        if (text.isEmpty())
            QToolTip::hideText();
        else
            QToolTip::showText(help->globalPos(), text, this);
        return true;
    }
    return QWidget::event(event);
}

QString RingView::toolTipAt(QPointF point) const
{
    if (m_scene->isEmpty())
        return {};
    const auto describe = [this](NodeId node) {
        return QStringLiteral("<b>%1</b><br>%2")
            .arg(m_scene->name(node).toHtmlEscaped(), nodeDescription(node).toHtmlEscaped());
    };
    const NodeId named = m_layout->legendNodeAt(point);
    if (named != noNode)
        return describe(named);
    const RingHit hit = m_scene->geometry.hit(point - m_layout->center, m_layout->radii);
    if (hit.band == RingBand::Outside || hit.band == RingBand::Inside)
        return {};
    QStringList replicas;
    for (const NodeId node : m_scene->map->replicas(hit.partition))
        replicas.append(m_scene->name(node).toHtmlEscaped());
    const std::uint32_t slots = std::uint32_t(hashSlotCount) / m_scene->geometry.partitionCount();
    const std::uint32_t firstSlot = hit.partition * slots;
    const QString range =
        slots > 1 ? tr("slots %1 – %2").arg(firstSlot).arg(firstSlot + slots - 1) : tr("slot %1").arg(firstSlot);
    return describe(m_scene->geometry.arcs()[hit.arc].node) + QStringLiteral("<hr>") +
           tr("Partition %1, %2").arg(hit.partition).arg(range) + QStringLiteral("<br>") +
           tr("Load: %1").arg(numberText(m_scene->load(hit.partition), Unit::PerSecond)) + QStringLiteral("<br>") +
           tr("Replicas: %1").arg(replicas.join(QStringLiteral(", ")));
}

void RingView::hover(std::optional<QPointF> point)
{
    NodeId node = noNode;
    int partition = -1;
    if (point && !m_scene->isEmpty()) {
        node = m_layout->legendNodeAt(*point);
        const RingHit hit = m_scene->geometry.hit(*point - m_layout->center, m_layout->radii);
        if (node == noNode && hit.band != RingBand::Outside && hit.band != RingBand::Inside) {
            node = m_scene->geometry.arcs()[hit.arc].node;
            partition = int(hit.partition);
        }
    }
    setCursor(node != noNode ? Qt::PointingHandCursor : Qt::ArrowCursor);
    if (node != m_scene->hoveredNode) {
        m_scene->hoveredNode = node;
        update();
        Q_EMIT nodeHovered(node);
    }
    if (partition != m_scene->hoveredPartition) {
        m_scene->hoveredPartition = partition;
        update();
        Q_EMIT partitionHovered(partition);
    }
}

void RingView::mouseMoveEvent(QMouseEvent* event)
{
    hover(event->position());
}

void RingView::leaveEvent(QEvent*)
{
    hover(std::nullopt);
}

void RingView::mousePressEvent(QMouseEvent* event)
{
    if (event->button() != Qt::LeftButton)
        return;
    hover(event->position());
    const NodeId node = m_scene->hoveredNode;
    const int partition = m_scene->hoveredPartition;
    if (partition >= 0) {
        m_scene->currentArc = m_scene->geometry.arcOf(PartitionIndex(partition));
        Q_EMIT partitionClicked(partition);
    }
    if (node != noNode)
        Q_EMIT nodeClicked(node);
    else
        Q_EMIT selectionCleared();
}

void RingView::keyPressEvent(QKeyEvent* event)
{
    const std::size_t count = m_scene->geometry.arcs().size();
    const bool hasCurrent = m_scene->currentArc.has_value();
    const std::size_t current = m_scene->currentArc.value_or(0);
    switch (event->key()) {
    case Qt::Key_Right:
    case Qt::Key_Down:
        if (count > 0)
            walkTo(hasCurrent ? (current + 1) % count : 0);
        return;
    case Qt::Key_Left:
    case Qt::Key_Up:
        if (count > 0)
            walkTo(hasCurrent ? (current + count - 1) % count : count - 1);
        return;
    case Qt::Key_Home:
        if (count > 0)
            walkTo(0);
        return;
    case Qt::Key_End:
        if (count > 0)
            walkTo(count - 1);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Space:
        if (hasCurrent)
            Q_EMIT nodeClicked(m_scene->geometry.arcs()[current].node);
        return;
    case Qt::Key_Escape:
        if (!hasCurrent && m_scene->selectedNode == noNode)
            break; // nothing of ours to clear: for the page
        m_scene->currentArc.reset();
        update();
        Q_EMIT partitionHovered(-1);
        Q_EMIT selectionCleared();
        return;
    default:
        break;
    }
    QWidget::keyPressEvent(event);
}

void RingView::walkTo(std::size_t arc)
{
    m_scene->currentArc = arc;
    update();
    const RingArc& reached = m_scene->geometry.arcs()[arc];
    announce(reached.node);
    Q_EMIT nodeHovered(reached.node);
    Q_EMIT partitionHovered(int(reached.token));
}

void RingView::announce(NodeId node)
{
    if (!QAccessible::isActive() || !m_scene->map)
        return;
    const auto& members = m_scene->map->members();
    const auto found =
        std::find_if(members.begin(), members.end(), [node](const Member& member) { return member.id == node; });
    if (found == members.end())
        return;
    QAccessibleEvent event(this, QAccessible::Focus);
    event.setChild(int(found - members.begin()));
    QAccessible::updateAccessibility(&event);
}

void RingView::focusInEvent(QFocusEvent* event)
{
    m_scene->hasFocus = true;
    m_isFocusShown = event->reason() == Qt::TabFocusReason || event->reason() == Qt::BacktabFocusReason ||
                     event->reason() == Qt::ShortcutFocusReason;
    update();
}

void RingView::focusOutEvent(QFocusEvent*)
{
    m_scene->hasFocus = false;
    update();
}

} // namespace quoit
