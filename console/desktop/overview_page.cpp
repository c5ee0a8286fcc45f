#include "console/desktop/overview_page.h"

#include "console/desktop/change_models.h"

#include <QPushButton>

#include <algorithm>

namespace quoit {

namespace {

constexpr qint64 lookMs = 5 * 60'000; ///< of the past: as long as the tiles' lines

} // namespace

OverviewPage::OverviewPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Overview"), QStringLiteral("overview"), Time::Shown, parent)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 16, 20, 20);
    column->setSpacing(12);

    m_health = new HealthBanner(workspace);
    connect(m_health, &HealthBanner::alertsWanted, this, &OverviewPage::alertsWanted);
    connect(&workspace.alerts(), &AlertBook::changed, this, &OverviewPage::refreshSoon);
    column->addWidget(m_health);
    column->addWidget(m_change = makeChangeBar());
    m_tour = new TourCard(workspace);
    column->addWidget(m_tour);
    m_tiles = new QGridLayout;
    m_tiles->setSpacing(12);
    m_operations = new StatTile(workspace, tr("Operations"), Metric::OperationsPerSecond, Unit::PerSecond);
    m_p99 = new StatTile(workspace, tr("Latency p99"), Metric::P99Us, Unit::Microseconds);
    m_hits = new StatTile(workspace, tr("Cache hits"), Metric::HitRatio, Unit::Ratio);
    m_keyCount = new StatTile(workspace, tr("Keys"), Metric::Keys, Unit::Plain);
    m_memory = new StatTile(workspace, tr("Memory"), Metric::MemoryBytes, Unit::Bytes);
    column->addLayout(m_tiles);

    m_middle = new QHBoxLayout;
    m_middle->setSpacing(12);
    m_ringCard = new Card(workspace, tr("Ring"));
    m_ring = new RingView(workspace.themes());
    m_ring->setLegendVisible(false);
    m_ring->setReducedMotion(workspace.isMotionReduced());
    connect(m_ring, &RingView::nodeClicked, this,
            [this](NodeId node) { m_workspace.selectNode(node == m_workspace.selectedNode() ? noNode : node); });
    connect(m_ring, &RingView::selectionCleared, this, [this] { m_workspace.selectNode(noNode); });
    m_ring->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored); // what is left: a wish would make the page scroll beside a change's bar
    m_ringCard->body()->addWidget(m_ring, 1);
    m_ringCard->body()->addStretch(0); // beside many nodes the card is taller than the ring: it stays at the top
    m_middle->addWidget(m_ringCard);

    auto* side = new QVBoxLayout;
    side->setSpacing(12);
    m_nodesCard = new Card(workspace, tr("Nodes"));
    m_nodeGrid = new QGridLayout;
    m_nodeGrid->setSpacing(8);
    m_nodesCard->body()->addLayout(m_nodeGrid);
    side->addWidget(m_nodesCard);
    auto* eventsCard = new Card(workspace, tr("Recent events"));
    m_events = new EventList(workspace);
    m_events->setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Ignored); // as many as there is room for
    eventsCard->body()->addWidget(m_events, 1);
    side->addWidget(eventsCard, 1);
    m_middle->addLayout(side);
    column->addLayout(m_middle, 1);
    connect(&workspace.history(), &History::fetched, this, &OverviewPage::refreshSoon);
    setShort(false);
    arrange(false);
}

QWidget* OverviewPage::makeChangeBar()
{
    auto* bar = new QFrame;
    bar->setProperty("kind", QStringLiteral("notice"));
    auto* row = new QHBoxLayout(bar);
    row->setContentsMargins(16, 8, 16, 8); // as the banner above it
    m_changeText = new QLabel;
    m_changeText->setWordWrap(true);
    auto* show = new QPushButton(tr("Show change"));
    show->setObjectName(QStringLiteral("showChange"));
    connect(show, &QPushButton::clicked, this, &OverviewPage::changeWanted);
    row->addWidget(m_changeText, 1);
    row->addWidget(show);
    bar->hide();
    connect(&m_workspace.changes(), &ChangeDesk::changed, this, &OverviewPage::showChange);
    return bar;
}

void OverviewPage::showChange()
{
    const bool isLive = m_workspace.isLive();
    const ClusterMapPtr& map = m_workspace.snapshot().map;
    QString text = changeProgressText(map, isLive ? m_workspace.changes().changes() : std::nullopt);
    if (!isLive && map && map->isChanging())
        text = tr("The ring was changing then.");
    m_changeText->setText(text);
    m_change->setVisible(!text.isEmpty());
}

/// All the same is shown, in less room.
void OverviewPage::setShort(bool isShort)
{
    m_isShort = isShort;
    const int ringEdge = isShort ? 220 : 300;
    m_ring->setMinimumSize(ringEdge, ringEdge);
    m_ringCard->setMinimumWidth(ringEdge + 32);
    m_middle->setStretch(0, ringShare());
    m_middle->setStretch(1, 100 - ringShare());
    m_health->setDense(isShort);
    for (StatTile* tile : {m_operations, m_p99, m_hits, m_keyCount, m_memory})
        tile->setDense(isShort);
    for (NodeCard* card : m_nodeCards)
        card->setDense(isShort);
}

void OverviewPage::arrange(bool isNarrow)
{
    m_isNarrow = isNarrow;
    m_middle->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    int place = 0;
    for (StatTile* tile : {m_operations, m_p99, m_hits, m_keyCount, m_memory}) {
        m_tiles->addWidget(tile, isNarrow ? place / 3 : 0, isNarrow ? place % 3 : place);
        ++place;
    }
    arrangeNodeCards();
}

void OverviewPage::refresh()
{
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    const bool isLive = m_workspace.isLive();
    if (!isLive)
        m_workspace.history().look({m_workspace.shownMs() - lookMs, m_workspace.shownMs()});
    m_health->refresh();
    showChange();
    m_tour->refresh();
    m_operations->show(snapshot.totals.operationsPerSecond);
    m_p99->show(snapshot.totals.p99Us);
    m_hits->show(snapshot.totals.hitRatio);
    m_keyCount->show(snapshot.totals.keys);
    m_memory->show(snapshot.totals.memoryBytes);
    if (isLive)
        m_ring->setHint(tr("No ring yet"), tr("It appears as soon as a node tells it."));
    else
        m_ring->setHint(snapshot.health.headline, snapshot.health.detail);
    m_ring->setSnapshot(snapshot);
    m_ring->setSelectedNode(m_workspace.selectedNode());
    m_events->refresh();
    const bool isSameNodes = std::ranges::equal(m_nodeCards, snapshot.nodes, {}, &NodeCard::id, &NodeReport::id);
    if (!isSameNodes)
        rebuildNodeCards();
    for (NodeCard* card : m_nodeCards)
        card->refresh();
    m_nodesCard->setNote(!snapshot.map ? QString() : tr("%1 of %2 up").arg(snapshot.totals.nodesUp).arg(snapshot.nodes.size()));
}

void OverviewPage::rebuildNodeCards()
{
    for (NodeCard* card : m_nodeCards)
        delete card;
    m_nodeCards.clear();
    for (const NodeReport& node : m_workspace.snapshot().nodes) {
        m_nodeCards.push_back(new NodeCard(m_workspace, node.id, m_nodesCard));
        m_nodeCards.back()->setDense(m_isShort);
    }
    arrangeNodeCards();
}

void OverviewPage::arrangeNodeCards()
{
    const int room = m_isNarrow ? width() - 72 : (width() - 52) * (100 - ringShare()) / 100 - 32;
    const int columns = std::clamp(room / (m_isShort ? 205 : 230), 1, 4);
    for (std::size_t i = 0; i < m_nodeCards.size(); ++i) {
        m_nodeGrid->addWidget(m_nodeCards[i], int(i) / columns, int(i) % columns);
        m_nodeCards[i]->show();
    }
}

void OverviewPage::resizeEvent(QResizeEvent* event)
{
    Page::resizeEvent(event);
    const int ringWidth = m_isNarrow ? width() - 72 : (width() - 52) * ringShare() / 100 - 32;
    m_ring->setMaximumHeight(std::max(m_ring->minimumHeight(), ringWidth));
    arrangeNodeCards();
}

} // namespace quoit
