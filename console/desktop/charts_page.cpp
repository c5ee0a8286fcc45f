#include "console/desktop/charts_page.h"

#include "console/desktop/alert_text.h"

#include <QButtonGroup>
#include <QFontMetricsF>
#include <QGridLayout>
#include <QHBoxLayout>
#include <QScrollArea>

namespace quoit {

namespace {

constexpr qint64 spanMsMin = 10'000; ///< samples are a second apart

} // namespace

/// Which colour is which node; once for all charts.
class ChartsPage::Legend : public QWidget
{
public:
    explicit Legend(Workspace& workspace)
        : m_workspace(workspace)
    {
        setFixedHeight(20);
        setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
        setAccessibleName(tr("Which colour is which node"));
    }

protected:
    void paintEvent(QPaintEvent*) override
    {
        QPainter painter(this);
        painter.setRenderHint(QPainter::Antialiasing);
        const Theme& theme = m_workspace.theme();
        const QFont font = fontOf(theme, 12, QFont::Medium);
        const auto& nodes = m_workspace.namedNodes();
        if (nodes.size() > TimeSeriesView::linesMax) {
            drawText(
                painter, QRectF(0, 0, width(), height()), Qt::AlignLeft | Qt::AlignVCenter,
                QObject::tr("All %1 nodes as a band, the five farthest from the middle as lines").arg(nodes.size()),
                font, theme.mutedText);
            return;
        }
        double x = 2;
        for (const NodeReport& node : nodes) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.node(node.id));
            painter.drawRoundedRect(QRectF(x, height() / 2.0 - 5, 10, 10), 3, 3);
            x += 17;
            x += drawText(painter, QRectF(x, 0, width() - x, height()), Qt::AlignLeft | Qt::AlignVCenter,
                          QString::fromStdString(node.name), font, theme.mutedText);
            x += 20;
        }
    }

private:
    Workspace& m_workspace;
};

ChartsPage::ChartsPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Charts"), QStringLiteral("charts"), Time::Shown, parent)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 16, 20, 20);
    column->setSpacing(12);
    column->addLayout(makeBar());
    m_legend = new Legend(workspace);
    m_legend->setVisible(false);
    column->addWidget(m_legend);
    m_trouble = new Notice;
    column->addWidget(m_trouble);
    connect(&workspace.history(), &History::troubleChanged, this, &ChartsPage::refreshSoon);
    connect(&workspace.history(), &History::fetched, this, &ChartsPage::refreshSoon);
    connect(&workspace.past(), &Past::moved, this, &ChartsPage::followMoment);

    auto* content = new QWidget;
    m_grid = new QGridLayout(content);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setSpacing(12);
    m_scroll = plainScrollArea(content);
    column->addWidget(m_scroll, 1);
    // Below, so that charts don't move under the mouse that pins.
    column->addWidget(m_past = new PastPanel(workspace));
    m_past->hide();
    connect(m_past, &PastPanel::liveWanted, this, &ChartsPage::goLive);
    // What is 0 on most clusters comes last.
    for (const Metric metric :
         {Metric::OperationsPerSecond, Metric::P99Us, Metric::P50Us, Metric::P999Us, Metric::HitRatio, Metric::CpuPermille,
          Metric::WaitingOperations, Metric::BusyPerSecond, Metric::FsyncP99Us, Metric::CommitP99Us, Metric::MemoryBytes,
          Metric::CacheBytes, Metric::DiskBytes, Metric::DiskFreeBytes, Metric::Connections, Metric::QueuedBytes, Metric::Phi,
          Metric::TombstonesWaiting, Metric::Hints, Metric::CacheEvictionsPerSecond, Metric::ExpiredPerSecond,
          Metric::EvictedPerSecond, Metric::LimitUsed, Metric::RefusedForRoom})
        addChart(metric);
}

QLayout* ChartsPage::makeBar()
{
    m_bar = new QBoxLayout(QBoxLayout::LeftToRight);
    m_bar->setSpacing(8);
    auto* whose = new QHBoxLayout;
    whose->setSpacing(6);
    auto* scope = new QButtonGroup(this);
    m_perCluster = addChoice(whose, scope, tr("Cluster"), true);
    m_perNode = addChoice(whose, scope, tr("Nodes"), false);
    connect(m_perNode, &QPushButton::toggled, this, &ChartsPage::setPerNode);
    whose->addSpacing(14);
    whose->addStretch(1);
    m_bar->addLayout(whose);
    auto* bar = new QHBoxLayout;
    bar->setSpacing(6);
    m_spanGroup = new QButtonGroup(this);
    const std::pair<int, QString> choices[] = {{5, tr("5 min")},        {60, tr("1 h")},          {6 * 60, tr("6 h")},
                                               {24 * 60, tr("1 day")}, {7 * 24 * 60, tr("1 week")}, {30 * 24 * 60, tr("30 days")}};
    for (const auto& [minutes, text] : choices) {
        const qint64 span = minutes * qint64(60'000);
        auto* choice = addChoice(bar, m_spanGroup, text, minutes == 5);
        m_spans.emplace_back(span, choice);
        connect(choice, &QPushButton::clicked, this, [this, span] { setSpan(span); });
    }
    bar->addSpacing(16);
    m_earlier = addMove(bar, QStringLiteral("‹"), tr("Earlier (Alt+Left)"), QKeySequence(Qt::ALT | Qt::Key_Left));
    connect(m_earlier, &QPushButton::clicked, this, [this] { moveTo(m_shared.range.toMs - m_spanMs / 2); });
    m_later = addMove(bar, QStringLiteral("›"), tr("Later (Alt+Right)"), QKeySequence(Qt::ALT | Qt::Key_Right));
    connect(m_later, &QPushButton::clicked, this, [this] { moveTo(m_shared.range.toMs + m_spanMs / 2); });
    m_now = addMove(bar, tr("Now"), tr("Follow the cluster, unzoomed (Alt+End)"), QKeySequence(Qt::ALT | Qt::Key_End));
    connect(m_now, &QPushButton::clicked, this, &ChartsPage::goLive);
    bar->addStretch(1);
    m_bar->addLayout(bar, 1);
    return m_bar;
}

QPushButton* ChartsPage::addChoice(QHBoxLayout* row, QButtonGroup* group, const QString& text, bool isChecked)
{
    auto* choice = new QPushButton(text);
    choice->setCheckable(true);
    choice->setChecked(isChecked);
    group->addButton(choice);
    row->addWidget(choice);
    return choice;
}

QPushButton* ChartsPage::addMove(QHBoxLayout* row, const QString& text, const QString& tip, const QKeySequence& keys)
{
    auto* button = new QPushButton(text);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    button->setShortcut(keys);
    row->addWidget(button);
    return button;
}

void ChartsPage::addChart(Metric metric)
{
    auto* chart = new TimeSeriesView(m_workspace, metricTitle(metric), metric, unitOf(metric));
    const int place = int(m_charts.size());
    m_grid->addWidget(chart, place / 2, place % 2);
    m_charts.push_back(chart);
    connect(chart, &TimeSeriesView::pointed, this, &ChartsPage::onPointed);
    connect(chart, &TimeSeriesView::pinToggled, this, &ChartsPage::onPinToggled);
    connect(chart, &TimeSeriesView::rangeWanted, this, &ChartsPage::setRange);
    connect(chart, &TimeSeriesView::liveWanted, this, &ChartsPage::goLive);
}

void ChartsPage::arrange(bool isNarrow)
{
    m_bar->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    for (int place = 0; place < int(m_charts.size()); ++place)
        m_grid->addWidget(m_charts[std::size_t(place)], isNarrow ? place : place / 2, isNarrow ? 0 : place % 2);
}

void ChartsPage::setPerNode(bool isPerNode)
{
    m_shared.isPerNode = isPerNode;
    m_perNode->setChecked(isPerNode);
    m_perCluster->setChecked(!isPerNode);
    m_legend->setVisible(isPerNode);
    refreshSoon();
}

void ChartsPage::setSpan(qint64 ms)
{
    m_spanMs = ms;
    m_chosenSpanMs = ms;
    showSpan();
    refreshSoon();
}

/// None is chosen while the span is another one.
void ChartsPage::showSpan()
{
    m_spanGroup->setExclusive(false);
    for (const auto& [span, choice] : m_spans)
        choice->setChecked(span == m_spanMs);
    m_spanGroup->setExclusive(true);
}

/// Zoomed or moved. At the last report it follows the cluster.
void ChartsPage::setRange(TimeRange range)
{
    const History& history = m_workspace.history();
    const qint64 span = std::clamp(range.toMs - range.fromMs, spanMsMin, m_spans.back().first);
    // What is asked for beyond the end, or too short, stays about its middle.
    const qint64 end = (range.fromMs + range.toMs) / 2 + span / 2;
    m_spanMs = span;
    showSpan();
    moveTo(std::min(end, history.lastMs()));
}

void ChartsPage::goLive()
{
    m_spanMs = m_chosenSpanMs;
    showSpan();
    m_workspace.past().goLive();
    moveTo({});
}

/// The cross-hair stands at the moment that the window shows, and the range has it and stays where it is.
void ChartsPage::followMoment()
{
    const qint64 ms = m_workspace.past().ms();
    m_shared.isPinned = ms > 0;
    if (ms == 0) {
        m_shared.crosshairMs.reset();
        return moveTo({});
    }
    m_shared.crosshairMs = ms;
    const qint64 last = m_workspace.history().lastMs();
    const qint64 end = m_endMs.value_or(last);
    m_endMs = ms >= end - m_spanMs && ms <= end ? end : std::min(last, ms + m_spanMs / 2);
    for (TimeSeriesView* chart : m_charts)
        chart->setCrosshair(m_shared);
    refreshSoon();
}

void ChartsPage::showAt(Metric metric, NodeId node, qint64 ms)
{
    const auto chart = std::ranges::find(m_charts, metric, &TimeSeriesView::metric);
    if (chart == m_charts.end())
        return;
    setPerNode(node != noNode);
    m_workspace.selectNode(node);
    const qint64 age = m_workspace.history().lastMs() - ms;
    const auto span = std::ranges::find_if(m_spans, [age](const auto& each) { return each.first > age; });
    setSpan(span == m_spans.end() ? m_spans.back().first : span->first);
    moveTo({});
    refresh();
    m_workspace.past().go(ms);
    (*chart)->setFocus();
    m_scroll->ensureWidgetVisible(*chart);
}

/// @param endMs the right end; nothing: now, and on with the cluster
void ChartsPage::moveTo(std::optional<qint64> endMs)
{
    const History& history = m_workspace.history();
    m_endMs = endMs;
    if (m_endMs && *m_endMs >= history.lastMs())
        m_endMs.reset();
    if (m_endMs)
        m_endMs = std::max(*m_endMs, std::min(history.oldestMs() + m_spanMs, history.lastMs()));
    refreshSoon();
}

void ChartsPage::refresh()
{
    History& history = m_workspace.history();
    // What was before the first report isn't shown, but for half a minute.
    const qint64 end = m_endMs.value_or(history.lastMs());
    const bool isInMemory = end - m_spanMs >= history.lastMs() - History::secondsKept * qint64(1000);
    const qint64 known = isInMemory ? history.firstMs() : history.oldestMs();
    const qint64 begin = std::max(end - m_spanMs, std::min(known, history.lastMs() - 30'000));
    m_shared.range = {begin, end};
    history.look(m_shared.range);
    for (TimeSeriesView* chart : m_charts)
        chart->show(m_shared);
    m_earlier->setEnabled(begin > history.oldestMs());
    m_later->setEnabled(m_endMs.has_value());
    m_now->setEnabled(!isLive());
    m_trouble->say(history.trouble());
    showPast();
    m_legend->update();
}

void ChartsPage::onPointed(std::optional<qint64> ms)
{
    if (m_shared.isPinned)
        return;
    m_shared.crosshairMs = ms;
    for (TimeSeriesView* chart : m_charts)
        chart->setCrosshair(m_shared);
}

void ChartsPage::showPast()
{
    if (m_shared.isPinned && m_shared.crosshairMs)
        m_past->show(*m_shared.crosshairMs);
    else
        m_past->hide();
}

void ChartsPage::onPinToggled(qint64 ms)
{
    if (m_shared.isPinned)
        m_workspace.past().goLive();
    else
        m_workspace.past().go(ms);
}

} // namespace quoit
