#include "console/desktop/ring_page.h"

#include "console/desktop/node_legend.h"
#include "console/desktop/ring_view_marks.h"
#include "shared/ring/position.h"

#include <QHeaderView>
#include <QHideEvent>

namespace quoit {

namespace {

constexpr int sideWidth = 330;
constexpr int nodesAll = 9;    ///< up to so many all are seen: what is beside the ring scrolls as one
constexpr int nodesAlways = 4; ///< of more, seen without scrolling
constexpr int nodesGladly = 6; ///< likewise, where hot keys leave the room
constexpr int typingMs = 200;
constexpr qint64 locatedForMs = 5000; ///< then what the replicas hold is asked again

} // namespace

RingPage::RingPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Ring"), QStringLiteral("ring"), Time::Shown, parent)
{
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(20, 16, 20, 20);
    m_row->setSpacing(12);

    auto* ringCard = new Card(workspace, {});
    m_views = new QStackedWidget;
    m_ring = new RingView(workspace.themes());
    m_ring->setLegendVisible(false);
    m_ring->setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Ignored); // what is left: a wish would make the page scroll below its band
    m_ring->setReducedMotion(workspace.isMotionReduced());
    m_ring->setHint(tr("No ring yet"), tr("It appears as soon as a node tells it."));
    connect(m_ring, &RingView::nodeClicked, this, &RingPage::clickNode);
    connect(m_ring, &RingView::selectionCleared, this, [this] { m_workspace.selectNode(noNode); });
    m_table = new QTableView;
    m_tableModel = new RingTableModel(this);
    m_table->setModel(m_tableModel);
    m_table->setAccessibleName(tr("Ring as a table"));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setShowGrid(false);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->setColumnWidth(RingTableModel::Replicas, 260);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        if (now.isValid())
            m_workspace.selectNode(m_tableModel->nodeAt(now.row()));
    });
    m_views->addWidget(m_ring);
    m_views->addWidget(m_table);
    auto* head = new QHBoxLayout; // seen at once also where the page scrolls
    head->addWidget(makeBand(), 1);
    m_asTable = new QPushButton(tr("Show as table"));
    m_asTable->setCheckable(true);
    connect(m_asTable, &QPushButton::toggled, this, [this](bool isTable) {
        m_views->setCurrentIndex(isTable ? 1 : 0);
        m_asTable->setText(isTable ? tr("Show as ring") : tr("Show as table"));
        showTable();
    });
    head->addWidget(m_asTable, 0, Qt::AlignRight | Qt::AlignTop);
    ringCard->body()->addLayout(head);
    ringCard->body()->addWidget(m_views, 1);
    m_row->addWidget(ringCard, 1);
    m_side = makeSide();
    // The ring stays where it is while what is beside it scrolls.
    m_sideScroll = plainScrollArea(m_side);
    m_sideScroll->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_row->addWidget(m_sideScroll);
    arrange(false);
    m_locateTimer.setSingleShot(true);
    m_locateTimer.setInterval(typingMs);
    connect(&m_locateTimer, &QTimer::timeout, this, &RingPage::locate);
    restyle();
    setTabOrder(m_key, m_ring);
    setTabOrder(m_ring, m_asTable);
}

QWidget* RingPage::makeBand()
{
    m_band = new QFrame;
    m_band->setObjectName(QStringLiteral("pretendBand"));
    m_band->setProperty("kind", QStringLiteral("notice"));
    auto* row = new QHBoxLayout(m_band);
    row->setContentsMargins(12, 6, 6, 6);
    m_bandText = new QLabel;
    m_bandText->setWordWrap(true);
    m_bandBack = new QPushButton;
    m_bandBack->setProperty("kind", QStringLiteral("quiet"));
    connect(m_bandBack, &QPushButton::clicked, this, [this] {
        setPretending(false);
        m_band->hide();
    });
    row->addWidget(m_bandText, 1);
    row->addWidget(m_bandBack);
    m_band->hide();
    return m_band;
}

QWidget* RingPage::makeSide()
{
    auto* side = new QWidget;
    auto* column = new QVBoxLayout(side);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(12);
    auto* find = new Card(m_workspace, tr("Where is a key?"));
    m_key = new QLineEdit;
    m_key->setPlaceholderText(tr("Type a key"));
    m_key->setAccessibleName(tr("Key to find on the ring"));
    m_key->setClearButtonEnabled(true);
    connect(m_key, &QLineEdit::textChanged, this, &RingPage::pinKey);
    m_located = new LocateView(m_workspace);
    m_openInKeys = new QPushButton(tr("Open in Keys"));
    m_openInKeys->setObjectName(QStringLiteral("openInKeys"));
    m_openInKeys->hide();
    connect(m_openInKeys, &QPushButton::clicked, this, [this] { Q_EMIT keyWanted(m_key->text()); });
    find->body()->addWidget(m_key);
    find->body()->addWidget(m_located);
    auto* corner = new QVBoxLayout(m_located); // beside slot and partition there is room
    corner->setContentsMargins(0, 0, 0, 0);
    corner->addWidget(m_openInKeys, 0, Qt::AlignTop | Qt::AlignRight);
    column->addWidget(find);
    m_find = find;
    m_hotKeys = new HotKeysPanel(m_workspace);
    connect(m_hotKeys, &HotKeysPanel::keyChosen, this, &RingPage::pinBytes);
    column->addWidget(m_hotKeys);
    column->addWidget(makeNodes(), 1);
    return side;
}

QWidget* RingPage::makeNodes()
{
    m_nodes = new Card(m_workspace, tr("Nodes"));
    m_nodes->setNote(tr("share of the data"));
    m_legend = new NodeLegend(m_workspace);
    m_pretend = new PretendDown(m_workspace);
    m_nodeViews = new QStackedWidget;
    m_nodeViews->addWidget(plainScrollArea(m_legend));
    m_nodeViews->addWidget(m_pretend);
    m_nodes->body()->addWidget(m_nodeViews, 1);
    m_isPretending = new QPushButton(tr("Pretend down…"));
    m_isPretending->setCheckable(true);
    m_isPretending->setObjectName(QStringLiteral("pretendDown"));
    m_isPretending->setToolTip(tr("Which partitions would lose their majority with some nodes down? Nothing happens to them."));
    m_nodes->body()->addWidget(m_isPretending);
    connect(m_isPretending, &QPushButton::toggled, this, [this](bool isOn) {
        m_pretend->clear();
        m_pretend->refresh();
        m_nodeViews->setCurrentIndex(isOn ? 1 : 0);
        m_nodes->setTitle(isOn ? tr("Pretend down") : tr("Nodes"));
        m_nodes->setNote(isOn ? QString() : tr("share of the data"));
        m_isPretending->setText(isOn ? tr("Back to the ring as it is") : tr("Pretend down…"));
        m_workspace.selectNode(noNode); // its emphasis would hide what is marked
        if (isOn)
            m_pretend->list()->setFocus();
        showPretended();
    });
    connect(m_pretend, &PretendDown::changed, this, &RingPage::showPretended);
    return m_nodes;
}

void RingPage::clickNode(NodeId node)
{
    if (isPretending())
        m_pretend->toggle(node);
    else
        m_workspace.selectNode(node == m_workspace.selectedNode() ? noNode : node);
}

void RingPage::setPretending(bool isPretending, NodeId node)
{
    m_isPretending->setChecked(isPretending);
    if (isPretending && node != noNode)
        m_pretend->toggle(node);
}

void RingPage::showPretended()
{
    const Availability& availability = m_pretend->availability();
    m_band->hide();
    if (!isPretending() || m_pretend->down().empty()) {
        m_ring->setMarks({});
        m_ring->setCaption({}, {});
        showTable();
        return;
    }
    const std::uint32_t lost = availability.partitionsWithoutMajority;
    m_ring->setMarks(marksOf(availability), true);
    m_ring->setCaption(lost == 0 ? tr("No partition") : countText(lost),
                       lost == 0 ? tr("would lose its majority")
                                 : tr("of %1 partitions\nwithout a majority").arg(countText(availability.partitions.size())));
    showTable();
    sayInBand(tr("Pretending %1 down. Nothing happens to the cluster.").arg(m_pretend->downText()), tr("Back"));
}

void RingPage::sayInBand(const QString& text, const QString& button)
{
    m_bandText->setText(text);
    m_bandBack->setText(button);
    m_band->show();
}

void RingPage::followRealStates()
{
    QStringList lost;
    std::set<NodeId> down;
    for (const NodeReport& node : m_workspace.snapshot().nodes) {
        if (node.state != NodeState::Down || !m_workspace.isLive())
            continue;
        down.insert(node.id);
        if (!m_reallyDown.contains(node.id))
            lost << QString::fromStdString(node.name);
    }
    m_reallyDown = std::move(down);
    if (lost.isEmpty() || !isPretending())
        return;
    setPretending(false);
    sayInBand(tr("%1 went down. The ring shows what is again, not what was pretended.").arg(lost.join(QStringLiteral(", "))),
              tr("OK"));
}

void RingPage::hideEvent(QHideEvent* event)
{
    Page::hideEvent(event);
    if (event->spontaneous())
        return; // minimised: whoever comes back finds what they left
    setPretending(false);
    m_band->hide();
}

void RingPage::showTable()
{
    if (m_views->currentIndex() == 1)
        m_tableModel->show(m_workspace.picture(),
                           isPretending() ? m_pretend->availability() : m_workspace.snapshot().availability);
}

void RingPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_sideScroll->setFixedWidth(sideWidth);
    m_sideScroll->setVisible(!isNarrow);
    if (isNarrow && m_sideScroll->widget()) {
        m_row->addWidget(m_sideScroll->takeWidget()); // below the ring the page scrolls
        m_side->show();
    } else if (!isNarrow && !m_sideScroll->widget()) {
        m_sideScroll->setWidget(m_side);
    }
    m_views->setMinimumHeight(isNarrow ? 430 : 330); // below, the centre has room for two figures only
    fitSide();
}

/// Hot keys get what the other two cards leave. All three are seen at once where there is room for that, and else scroll.
void RingPage::fitSide()
{
    const int nodes = int(m_workspace.snapshot().nodes.size());
    const int seen = nodes <= nodesAll ? std::max(nodes, 2) : nodesAlways;
    m_nodeViews->setMinimumHeight(seen * NodeLegend::rowHeight);
    const int others = m_find->sizeHint().height() + m_nodes->minimumSizeHint().height() +
                       std::max(0, nodesGladly - seen) * (nodes > nodesAll) * NodeLegend::rowHeight;
    const int room = m_sideScroll->height() - others - 2 * m_side->layout()->spacing() - m_hotKeys->heightOfRows(0);
    m_hotKeys->setRowsSeen(m_sideScroll->widget() ? std::clamp(room / HotKeysPanel::rowHeight, 2, 8) : 4);
}

void RingPage::resizeEvent(QResizeEvent* event)
{
    Page::resizeEvent(event);
    fitSide();
}

void RingPage::restyle()
{
    m_asTable->setIcon(themedIcon(QStringLiteral("table"), m_workspace.theme()));
}

void RingPage::refresh()
{
    followRealStates();
    followTime();
    m_ring->setSnapshot(m_workspace.snapshot());
    m_ring->setSelectedNode(m_workspace.selectedNode());
    m_hotKeys->refresh();
    m_legend->refresh();
    fitSide();
    if (isPretending())
        m_pretend->refresh();
    showTable();
    m_located->update();
    followPinned();
}

void RingPage::pinKey(const QString& key)
{
    if (m_key->text() != key)
        return m_key->setText(key); // comes back here
    pin(key.toStdString());
    m_openInKeys->setVisible(!key.isEmpty() && m_workspace.isLive());
}

void RingPage::pinBytes(const std::string& key)
{
    const QString text = QString::fromStdString(key);
    if (text.toStdString() == key && !text.contains(QChar::ReplacementCharacter))
        return pinKey(text);
    pinKey({});
    pin(key);
}

void RingPage::pin(const std::string& key)
{
    const ClusterMapPtr& map = m_workspace.snapshot().map;
    m_pinned = map || !m_workspace.isLive() ? key : std::string();
    m_isLocating = false; // an answer for another key is none
    if (m_pinned.empty()) {
        m_ring->setPin({});
        m_located->showText({});
        return;
    }
    // Where it lies is known here; what the replicas hold has to be asked for.
    showPlace();
    m_locatedFor = surroundings();
    m_locateTimer.start();
}

/// By the ring that is shown.
void RingPage::showPlace()
{
    const ClusterMapPtr& map = m_workspace.snapshot().map;
    m_ring->setPin(map ? std::optional(RingPin::forKey(m_pinned, *map)) : std::nullopt);
}

/// What the replicas held then isn't kept: in the past a key has its place only.
void RingPage::followTime()
{
    const auto& why = m_workspace.snapshot().health;
    if (m_workspace.isLive())
        m_ring->setHint(tr("No ring yet"), tr("It appears as soon as a node tells it."));
    else
        m_ring->setHint(why.headline, why.detail);
    m_openInKeys->setVisible(m_workspace.isLive() && !m_key->text().isEmpty());
    if (m_workspace.isLive() == m_wasLive && m_workspace.isLive())
        return;
    m_wasLive = m_workspace.isLive();
    if (m_pinned.empty())
        return;
    showPlace();
    m_isLocating = false;
    m_locatedFor.clear(); // asked again once it is live
    if (!m_wasLive)
        m_located->showText(tr("What the replicas held of it then isn't kept. The ring shows where it lay."));
}

std::vector<std::uint64_t> RingPage::surroundings() const
{
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    if (!snapshot.map)
        return {};
    std::vector<std::uint64_t> facts = {snapshot.map->epoch()};
    for (const NodeId node : snapshot.map->replicas(snapshot.map->partitionOf(positionOf(m_pinned)))) {
        const NodeReport* report = snapshot.node(node);
        facts.push_back(node);
        facts.push_back(report ? std::uint64_t(report->state) : 0);
    }
    return facts;
}

void RingPage::followPinned()
{
    if (m_pinned.empty() || !m_workspace.snapshot().map || m_locateTimer.isActive() || !m_workspace.isLive())
        return;
    std::vector<std::uint64_t> facts = surroundings();
    if (facts == m_locatedFor && (m_isLocating || !m_locatedAt.hasExpired(locatedForMs)))
        return;
    m_locatedFor = std::move(facts);
    locate();
}

void RingPage::locate()
{
    if (m_pinned.empty() || !m_workspace.isLive())
        return;
    m_isLocating = true;
    m_locatedAt.start();
    m_workspace.keys().locate(QByteArray::fromStdString(m_pinned), [this, key = m_pinned](const Result<LocateReport>& report) {
        onLocated(key, report);
    });
}

void RingPage::onLocated(const std::string& key, const Result<LocateReport>& report)
{
    if (m_pinned != key || !m_workspace.isLive())
        return; // typed on meanwhile, or gone back in time
    m_isLocating = false;
    if (report.ok()) {
        m_ring->setPin(RingPin{report.value(), true});
        m_located->showReport(report.value());
    } else {
        m_located->showText(QString::fromStdString(report.error().message));
    }
}

} // namespace quoit
