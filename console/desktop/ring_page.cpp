#include "console/desktop/ring_page.h"

#include "console/desktop/ring_view_marks.h"

#include <QHeaderView>
#include <QMouseEvent>
#include <QPainterPath>

namespace quoit {

namespace {

constexpr int legendRow = 34;
constexpr int locateRow = 22;
constexpr int sideWidth = 330;
constexpr int typingMs = 200;

} // namespace

RingPage::RingPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Ring"), QStringLiteral("ring"), parent)
{
    m_row = new QHBoxLayout(this);
    m_row->setContentsMargins(20, 16, 20, 20);
    m_row->setSpacing(12);

    auto* ringCard = new Card(workspace, {});
    m_views = new QStackedWidget;
    m_ring = new RingView(workspace.themes());
    m_ring->setLegendVisible(false);
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
    ringCard->body()->addWidget(m_views, 1);
    auto* foot = new QHBoxLayout;
    m_asTable = new QPushButton(tr("Show as table"));
    m_asTable->setCheckable(true);
    connect(m_asTable, &QPushButton::toggled, this, [this](bool isTable) {
        m_views->setCurrentIndex(isTable ? 1 : 0);
        m_asTable->setText(isTable ? tr("Show as ring") : tr("Show as table"));
    });
    foot->addStretch(1);
    foot->addWidget(m_asTable, 0, Qt::AlignBottom);
    ringCard->body()->addLayout(foot);
    m_row->addWidget(ringCard, 1);
    m_side = makeSide();
    m_row->addWidget(m_side);
    arrange(false);
    m_locateTimer.setSingleShot(true);
    m_locateTimer.setInterval(typingMs);
    connect(&m_locateTimer, &QTimer::timeout, this, &RingPage::locate);
    restyle();
    setTabOrder(m_key, m_ring);
    setTabOrder(m_ring, m_asTable);
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
    find->body()->addWidget(m_key);
    find->body()->addWidget(m_located);
    column->addWidget(find);
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
    if (!isPretending() || m_pretend->down().empty()) {
        m_ring->setMarks({});
        m_ring->setCaption({}, {});
        return;
    }
    const std::uint32_t lost = availability.partitionsWithoutMajority;
    m_ring->setMarks(marksOf(availability));
    m_ring->setCaption(lost == 0 ? tr("No partition") : countText(lost),
                       lost == 0 ? tr("would lose its majority")
                                 : tr("of %1 partitions\nwithout a majority").arg(countText(availability.partitions.size())));
}

void RingPage::arrange(bool isNarrow)
{
    m_row->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    m_side->setMinimumWidth(isNarrow ? 0 : sideWidth);
    m_side->setMaximumWidth(isNarrow ? QWIDGETSIZE_MAX : sideWidth);
    m_views->setMinimumHeight(360);
}

void RingPage::restyle()
{
    m_asTable->setIcon(themedIcon(QStringLiteral("table"), m_workspace.theme()));
}

void RingPage::refresh()
{
    m_ring->setSnapshot(m_workspace.snapshot());
    m_ring->setSelectedNode(m_workspace.selectedNode());
    if (m_views->currentIndex() == 1 || m_tableModel->rowCount() == 0)
        m_tableModel->show(m_workspace.monitor().snapshot());
    m_hotKeys->refresh();
    m_legend->refresh();
    if (isPretending())
        m_pretend->refresh();
    m_located->update();
}

void RingPage::pinKey(const QString& key)
{
    if (m_key->text() != key)
        return m_key->setText(key); // comes back here
    const ClusterMapPtr& map = m_workspace.snapshot().map;
    if (key.isEmpty() || !map) {
        m_ring->setPin({});
        m_located->showText({});
        return;
    }
    // Where it lies is known here; what the replicas hold has to be asked for.
    m_ring->setPin(RingPin::forKey(key.toStdString(), *map));
    m_locateTimer.start();
}

void RingPage::pinBytes(const std::string& key)
{
    const QString text = QString::fromStdString(key);
    if (text.toStdString() == key && !text.contains(QChar::ReplacementCharacter))
        return pinKey(text);
    pinKey({});
    if (const ClusterMapPtr& map = m_workspace.snapshot().map)
        m_ring->setPin(RingPin::forKey(key, *map));
}

void RingPage::locate()
{
    const QString key = m_key->text();
    m_workspace.keys().locate(key.toUtf8(),
                              [this, key](const Result<LocateReport>& report) { onLocated(key, report); });
}

void RingPage::onLocated(const QString& key, const Result<LocateReport>& report)
{
    if (m_key->text() != key)
        return; // typed on meanwhile
    if (report.ok()) {
        m_ring->setPin(RingPin{report.value(), true});
        m_located->showReport(report.value());
    } else {
        m_located->showText(QString::fromStdString(report.error().message));
    }
}

LocateView::LocateView(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Place of the key"));
}

QSize LocateView::sizeHint() const
{
    if (m_report)
        return {280, 2 * locateRow + 18 + 42 * int(m_report->replicas.size())};
    return {280, 40};
}

void LocateView::showReport(const LocateReport& report)
{
    m_report = report;
    setAccessibleDescription(
        tr("slot %1, partition %2, home %3").arg(report.slot).arg(report.partition).arg(report.home));
    updateGeometry();
    update();
}

void LocateView::showText(const QString& text)
{
    m_report.reset();
    m_text = text;
    setAccessibleDescription(text);
    updateGeometry();
    update();
}

void LocateView::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const Theme& theme = m_workspace.theme();
    if (!m_report) {
        painter.setFont(fontOf(theme, 12));
        painter.setPen(m_text.isEmpty() ? theme.mutedText : theme.down);
        painter.drawText(rect(), Qt::TextWordWrap,
                         m_text.isEmpty() ? tr("A pin shows its place, and the walk to the nodes that hold it.")
                                          : m_text);
        return;
    }
    const LocateReport& report = *m_report;
    const auto nodeName = [this](NodeId id) {
        const NodeReport* node = m_workspace.snapshot().node(id);
        return node ? QString::fromStdString(node->name) : QString::number(id);
    };
    const auto fact = [&](double x, double y, const QString& name, const QString& value) {
        const double used = drawText(painter, QRectF(x, y, 80, locateRow), Qt::AlignLeft | Qt::AlignVCenter, name,
                                     fontOf(theme, 12), theme.mutedText);
        drawText(painter, QRectF(x + used + 6, y, width() - x - used - 6, locateRow), Qt::AlignLeft | Qt::AlignVCenter,
                 value, fontOf(theme, 12, QFont::Medium), theme.text);
    };
    fact(0, 0, tr("Slot"), countText(report.slot));
    fact(86, 0, tr("Partition"), countText(report.partition));
    fact(0, locateRow, tr("Position"), QStringLiteral("%1").arg(report.position, 16, 16, QLatin1Char('0')));
    double y = 2 * locateRow + 10;
    int place = 1;
    for (const ReplicaReport& replica : report.replicas) {
        painter.setRenderHint(QPainter::Antialiasing);
        painter.setPen(Qt::NoPen);
        const QColor fill = theme.node(replica.node);
        painter.setBrush(fill);
        painter.drawEllipse(QRectF(0, y + 2, 18, 18));
        painter.setFont(fontOf(theme, 11, QFont::Bold));
        painter.setPen(fill.lightnessF() > 0.5 ? QColor(0x10, 0x14, 0x1a) : QColor(Qt::white));
        painter.drawText(QRectF(0, y + 2, 18, 18), Qt::AlignCenter, QString::number(place++));
        const QString name = nodeName(replica.node) + (replica.node == report.home ? tr(" · home") : QString());
        drawText(painter, QRectF(28, y, width() - 28, 20), Qt::AlignLeft | Qt::AlignVCenter, name,
                 fontOf(theme, 13, QFont::Medium), theme.text);
        QString state = tr("no answer");
        if (replica.answered && replica.present)
            state =
                tr("%1 · version %2%3")
                    .arg(numberText(double(replica.valueBytes), Unit::Bytes), QString::fromStdString(replica.version),
                         replica.expiryMs > 0 ? tr(" · until %1").arg(clockText(replica.expiryMs)) : QString());
        else if (replica.answered)
            state = replica.tombstone ? tr("deleted") : tr("absent");
        drawText(painter, QRectF(28, y + 19, width() - 28, 18), Qt::AlignLeft | Qt::AlignVCenter, state,
                 fontOf(theme, 12), replica.answered ? theme.mutedText : theme.down);
        y += 42;
    }
}

NodeLegend::NodeLegend(Workspace& workspace, QWidget* parent)
    : QWidget(parent)
    , m_workspace(workspace)
{
    setAccessibleName(tr("Nodes on the ring"));
    setCursor(Qt::PointingHandCursor);
}

QSize NodeLegend::sizeHint() const
{
    return {260, int(m_workspace.snapshot().nodes.size()) * legendRow};
}

void NodeLegend::refresh()
{
    updateGeometry();
    update();
}

void NodeLegend::mousePressEvent(QMouseEvent* event)
{
    const auto& nodes = m_workspace.snapshot().nodes;
    const auto row = std::size_t(event->position().y()) / legendRow;
    if (row < nodes.size())
        m_workspace.selectNode(nodes[row].id == m_workspace.selectedNode() ? noNode : nodes[row].id);
}

void NodeLegend::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const Theme& theme = m_workspace.theme();
    const ClusterSnapshot& snapshot = m_workspace.snapshot();
    double y = 0;
    for (std::size_t i = 0; i < snapshot.nodes.size(); ++i, y += legendRow) {
        const NodeReport& node = snapshot.nodes[i];
        if (node.id == m_workspace.selectedNode()) {
            painter.setPen(Qt::NoPen);
            painter.setBrush(theme.selection);
            painter.drawRoundedRect(QRectF(0, y + 1, width(), legendRow - 2), 6, 6);
        }
        painter.setPen(Qt::NoPen);
        painter.setBrush(theme.node(node.id));
        painter.drawRoundedRect(QRectF(8, y + legendRow / 2.0 - 6, 12, 12), 3, 3);
        const double right = width() - 8;
        drawText(painter, QRectF(right - 60, y, 60, legendRow), Qt::AlignRight | Qt::AlignVCenter,
                 numberText(snapshot.ownership[i], Unit::Ratio), fontOf(theme, 13, QFont::Medium), theme.text);
        drawText(painter, QRectF(right - 150, y, 72, legendRow), Qt::AlignLeft | Qt::AlignVCenter,
                 stateWord(node.state), fontOf(theme, 12), theme.mutedText);
        paintStateMark(painter, QRectF(right - 166, y + legendRow / 2.0 - 4.5, 9, 9), node.state, theme);
        drawText(painter, QRectF(30, y, right - 172 - 30, legendRow), Qt::AlignLeft | Qt::AlignVCenter,
                 QString::fromStdString(node.name), fontOf(theme, 13, QFont::Medium), theme.text);
    }
}

} // namespace quoit
