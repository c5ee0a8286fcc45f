#include "console/desktop/nodes_page.h"

#include "console/desktop/node_delegate.h"
#include "console/desktop/sheet.h"

#include <QHeaderView>
#include <QScrollArea>
#include <QScrollBar>
#include <QSplitter>

#include <numeric>

namespace quoit {

namespace {

constexpr int rowsSeen = 6;      ///< whatever else there is: the page itself scrolls then
constexpr int rowsSeenShort = 3; ///< the table scrolls instead
constexpr int figuresSeen = 80;  ///< pixels: two rows of them
constexpr std::array<int, NodeModel::ColumnCount> columnWidths = {114, 96, 64, 74, 82, 82, 100, 84, 86, 92, 130};
/// Told of the selected node below the table as well; left out where there isn't room for all.
constexpr std::array sparedColumns = {NodeModel::Bytes, NodeModel::Uptime, NodeModel::Address};
constexpr qint64 chartMs = 5 * 60 * 1000;

QString processText(const NodeProcess& process)
{
    switch (process.state()) {
    case NodeProcess::State::Stopped:
        return NodesPage::tr("stopped");
    case NodeProcess::State::Starting:
        return NodesPage::tr("starting");
    case NodeProcess::State::Running:
        return NodesPage::tr("process %1 on this machine").arg(process.processId());
    case NodeProcess::State::Stopping:
        return NodesPage::tr("stopping");
    case NodeProcess::State::Failed:
        break;
    }
    return process.problem();
}

} // namespace

NodesPage::NodesPage(Workspace& workspace, QWidget* parent)
    : Page(workspace, tr("Nodes"), QStringLiteral("nodes"), Time::Shown, parent)
{
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(20, 16, 20, 20);
    m_splitter = new QSplitter(Qt::Vertical);
    m_splitter->setHandleWidth(12);
    m_splitter->setStyleSheet(QStringLiteral("QSplitter::handle { background: transparent; }"));
    m_splitter->setChildrenCollapsible(false);
    column->addWidget(m_splitter);

    auto* tableCard = new Card(workspace, {});
    tableCard->body()->setContentsMargins(6, 6, 6, 6);
    m_model = new NodeModel(this);
    m_table = new QTableView;
    m_table->setModel(m_model);
    m_table->setItemDelegate(new NodeDelegate(workspace, m_table));
    m_table->setAccessibleName(tr("Nodes"));
    m_table->setSelectionBehavior(QAbstractItemView::SelectRows);
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    m_table->setShowGrid(false);
    m_table->setStyleSheet(QStringLiteral("QTableView { border: 0; } QHeaderView::section { padding: 8px 10px; }"));
    m_table->setWordWrap(false);
    m_table->setMouseTracking(true);
    m_table->setTabKeyNavigation(false);
    m_table->setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    m_table->verticalHeader()->hide();
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setMinimumSectionSize(56);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->viewport()->installEventFilter(this);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, [this](const QModelIndex& now) {
        if (now.isValid())
            m_workspace.selectNode(m_model->nodeAt(now.row()));
    });
    tableCard->body()->addWidget(m_table);
    tableCard->body()->addWidget(makeLocalFoot());
    m_splitter->addWidget(tableCard);
    auto* lower = new QWidget;
    m_lower = new QHBoxLayout(lower);
    m_lower->setContentsMargins(0, 0, 0, 0);
    m_lower->setSpacing(12);
    m_lower->addWidget(makeDetails(), 3);
    auto* charts = new QVBoxLayout;
    charts->setSpacing(12);
    m_charts = {new TimeSeriesView(workspace, tr("Operations"), Metric::OperationsPerSecond, Unit::PerSecond),
                new TimeSeriesView(workspace, tr("Latency p99"), Metric::P99Us, Unit::Microseconds)};
    for (TimeSeriesView* chart : m_charts)
        charts->addWidget(chart);
    m_lower->addLayout(charts, 2);
    m_splitter->addWidget(lower);
    m_splitter->setStretchFactor(0, 0);
    m_splitter->setStretchFactor(1, 1);
    connect(&workspace.history(), &History::fetched, this, &NodesPage::refreshSoon);
    setShort(false);
    restyle();
}

QWidget* NodesPage::makeDetails()
{
    m_details = new Card(m_workspace, tr("No node selected"));
    m_facts = new QLabel;
    m_facts->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_facts->setWordWrap(true);
    m_details->body()->addWidget(m_facts);
    m_figures = new NodeFigures(m_workspace);
    m_figuresPlace = plainScrollArea(m_figures); // where there is little room
    m_figuresPlace->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    m_details->body()->addWidget(m_figuresPlace, 4);
    auto* actions = new QHBoxLayout;
    actions->setSpacing(8);
    const auto button = [&](const QString& text, auto handler) {
        auto* made = new QPushButton(text);
        connect(made, &QPushButton::clicked, this, handler);
        actions->addWidget(made);
        return made;
    };
    const auto onProcess = [this](void (NodeProcess::*action)()) {
        return [this, action] {
            if (NodeProcess* process = m_workspace.processOf(m_workspace.selectedNode()))
                (process->*action)();
        };
    };
    m_start = button(tr("Start"), onProcess(&NodeProcess::start));
    m_restart = button(tr("Restart"), onProcess(&NodeProcess::restart));
    m_stop = button(tr("Stop"), onProcess(&NodeProcess::stop));
    m_kill = button(tr("Kill…"), [this] { askAndKill(); });
    m_kill->setObjectName(QStringLiteral("killNode"));
    m_kill->setProperty("kind", QStringLiteral("danger"));
    m_kill->setToolTip(tr("SIGKILL: as if the power had gone"));
    actions->addStretch(1);
    m_remove = button(tr("Remove…"), [this] { Q_EMIT removeNodeWanted(m_workspace.selectedNode()); });
    m_remove->setObjectName(QStringLiteral("removeNode"));
    m_remove->setProperty("kind", QStringLiteral("danger"));
    m_details->body()->addLayout(actions);
    m_hint = new QLabel;
    m_hint->setWordWrap(true);
    m_hint->setAlignment(Qt::AlignCenter);
    m_details->body()->addWidget(m_hint, 1);
    m_log = new QPlainTextEdit;
    m_log->setReadOnly(true);
    m_log->setAccessibleName(tr("Log of the node"));
    m_log->setMaximumBlockCount(NodeProcess::logLinesMax);
    m_log->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_log->setTabChangesFocus(true);
    m_details->body()->addWidget(m_log, 1);
    return m_details;
}

/// Shown where the cluster runs on this machine.
QWidget* NodesPage::makeLocalFoot()
{
    m_localFoot = new QWidget;
    auto* row = new QHBoxLayout(m_localFoot);
    row->setContentsMargins(10, 0, 4, 2);
    m_localNote = new QLabel;
    m_localNote->setWordWrap(true);
    m_localNote->setObjectName(QStringLiteral("localNote"));
    m_add = new QPushButton(tr("Add a node"));
    m_add->setObjectName(QStringLiteral("addNode"));
    connect(m_add, &QPushButton::clicked, this, &NodesPage::addNodeWanted);
    row->addWidget(m_localNote, 1);
    row->addWidget(m_add);
    m_localFoot->hide();
    return m_localFoot;
}

void NodesPage::setLocalActions(const LocalActions& actions)
{
    if (m_localFoot->isVisibleTo(this) != actions.isLocal)
        m_fittedRows = 0; // room for one line more
    m_localFoot->setVisible(actions.isLocal);
    m_localNote->setText(actions.note);
    m_add->setEnabled(actions.whyNotAdd.isEmpty());
    m_add->setToolTip(actions.whyNotAdd.isEmpty() ? tr("Start one more node on this machine, and let it join")
                                                  : actions.whyNotAdd);
    m_remove->setEnabled(actions.whyNotRemove.isEmpty());
    m_remove->setToolTip(actions.whyNotRemove.isEmpty() ? tr("Let it hand over what it holds, leave the ring and stop")
                                                        : actions.whyNotRemove);
}

int NodesPage::rowPixels() const
{
    return m_isShort ? 34 : 40;
}

/// Everything keeps its text; there are fewer rows and less air.
void NodesPage::setShort(bool isShort)
{
    m_isShort = isShort;
    m_table->verticalHeader()->setDefaultSectionSize(rowPixels());
    m_table->setMinimumHeight(rowsSeenShort * rowPixels());
    m_log->setMinimumHeight(isShort ? 44 : 60);
    for (TimeSeriesView* chart : m_charts)
        chart->setMinimumHeight(isShort ? 116 : chart->minimumSizeHint().height());
}

void NodesPage::arrange(bool isNarrow)
{
    m_isNarrow = isNarrow;
    m_fittedRows = 0;
    fitFigures();
    m_lower->setDirection(isNarrow ? QBoxLayout::TopToBottom : QBoxLayout::LeftToRight);
    fitColumns();
    fitRows();
}

bool NodesPage::eventFilter(QObject* watched, QEvent* event)
{
    if (watched == m_table->viewport() && event->type() == QEvent::Resize)
        fitColumns();
    return Page::eventFilter(watched, event);
}

/// They scroll by themselves, but for a page that is one column: it scrolls itself, and nothing within it has to.
void NodesPage::fitFigures()
{
    const int all = m_figures->sizeHint().height();
    m_figuresPlace->setMinimumHeight(m_isNarrow ? all : figuresSeen);
    m_figuresPlace->setMaximumHeight(std::max(figuresSeen, all));
}

/// All columns share the width that there is, down to what their words need.
void NodesPage::fitColumns()
{
    int needed = std::accumulate(columnWidths.begin(), columnWidths.end(), 0);
    const int width = m_table->viewport()->width();
    const bool isSpared = width < needed;
    for (const int column : sparedColumns) {
        m_table->setColumnHidden(column, isSpared);
        needed -= isSpared ? columnWidths[std::size_t(column)] : 0;
    }
    const double room = std::clamp(double(width) / needed, 0.9, 1.5);
    for (int i = 0; i < NodeModel::ColumnCount; ++i)
        m_table->setColumnWidth(i, int(columnWidths[std::size_t(i)] * room));
    const bool isWide = m_table->horizontalHeader()->length() > width;
    if (isWide == m_isWide)
        return;
    m_isWide = isWide; // its scroll bar takes the height of a row, or gives it back
    m_fittedRows = 0;
    fitRows();
}

/// The table is as high as its rows, up to half of the page; after that the user decides.
void NodesPage::fitRows()
{
    if (m_fittedRows == m_model->rowCount() || m_model->rowCount() == 0)
        return;
    m_fittedRows = m_model->rowCount();
    const int foot = m_localFoot->isVisibleTo(this) ? m_localFoot->sizeHint().height() + 8 : 0;
    const int scrollBar = m_isWide ? m_table->horizontalScrollBar()->sizeHint().height() : 0;
    const int beside = m_table->horizontalHeader()->height() + scrollBar;
    m_table->setMinimumHeight(std::min(m_fittedRows, m_isShort && !m_isNarrow ? rowsSeenShort : rowsSeen) * rowPixels() + beside);
    const int wanted = m_fittedRows * rowPixels() + beside + 16 + foot;
    const int top = std::min(wanted, m_splitter->height() / 2);
    m_splitter->setSizes({top, m_splitter->height() - top});
}

void NodesPage::restyle()
{
    const Theme& theme = m_workspace.theme();
    m_start->setIcon(themedIcon(QStringLiteral("play"), theme));
    m_restart->setIcon(themedIcon(QStringLiteral("restart"), theme));
    m_stop->setIcon(themedIcon(QStringLiteral("stop"), theme));
    m_kill->setIcon(themedIcon(QStringLiteral("kill"), theme));
    m_remove->setIcon(themedIcon(QStringLiteral("trash"), theme));
    m_add->setIcon(themedIcon(QStringLiteral("plus"), theme));
    m_log->setFont(m_workspace.theme().mono);
}

void NodesPage::refresh()
{
    m_model->show(m_workspace.picture());
    followSelection();
    showDetails();
    showCharts();
    fitRows();
}

/// The selected node's last minutes; without one, the cluster's.
void NodesPage::showCharts()
{
    const History& history = m_workspace.history();
    ChartRange shared;
    if (!m_workspace.isLive()) { // what came before the moment, and a little of what came after
        const qint64 ms = m_workspace.shownMs();
        shared.range = {ms - chartMs * 3 / 4, std::min(ms + chartMs / 4, history.lastMs())};
        shared.crosshairMs = ms;
        shared.isPinned = true;
        m_workspace.history().look(shared.range);
    } else {
        shared.range = {std::max(history.lastMs() - chartMs, std::min(history.firstMs(), history.lastMs() - 30'000)),
                        history.lastMs()};
    }
    shared.node = m_workspace.selectedNode();
    for (TimeSeriesView* chart : m_charts)
        chart->show(shared);
}

void NodesPage::followSelection()
{
    const int row = m_model->rowOf(m_workspace.selectedNode());
    if (row < 0)
        m_table->setCurrentIndex({});
    else if (m_table->currentIndex().row() != row)
        m_table->setCurrentIndex(m_model->index(row, 0));
}

void NodesPage::showDetails()
{
    const NodeReport* node = m_workspace.snapshot().node(m_workspace.selectedNode());
    const bool isLive = m_workspace.isLive();
    NodeProcess* process = node ? m_workspace.processOf(node->id) : nullptr;
    NodeProcess* logged = isLive ? process : nullptr; // what it says is of now
    for (QPushButton* button : {m_start, m_restart, m_stop, m_kill, m_remove})
        button->setVisible(process != nullptr);
    m_log->setVisible(logged != nullptr);
    m_hint->setVisible(logged == nullptr);
    m_figuresPlace->setVisible(node != nullptr);
    m_figures->show(m_workspace.selectedNode());
    fitFigures();
    m_facts->setVisible(node != nullptr);
    m_hint->setText(node && !isLive ? tr("Logs of the past aren't kept here.")
                    : !isLive       ? m_model->rowCount() == 0 ? m_workspace.snapshot().health.headline + QLatin1Char('\n') + m_workspace.snapshot().health.detail
                                                               : tr("Select a node to see how it was.")
                    : node          ? tr("This node was started elsewhere: its log and its process are there.")
                                    : tr("Select a node to see its addresses, its log, and what can be done to it."));
    m_hint->setForegroundRole(QPalette::PlaceholderText);
    m_details->setTitle(node ? QString::fromStdString(node->name) : tr("No node selected"));
    QStringList note;
    if (node)
        note << tr("%1 for %2").arg(stateWord(node->state), durationText(qint64(node->sinceMs)));
    if (logged)
        note << processText(*process);
    m_details->setNote(note.join(QStringLiteral(" · ")));
    showLog(logged);
    if (!node)
        return;
    QStringList facts;
    const auto fact = [&](const QString& name, const std::string& value) {
        if (!value.empty())
            facts << QStringLiteral("<span style=\"color:%1\">%2</span>&nbsp;%3")
                         .arg(m_workspace.theme().mutedText.name(), name,
                              QString::fromStdString(value).toHtmlEscaped());
    };
    fact(tr("Clients"), node->clientAddress);
    fact(tr("Peers"), node->peerAddress);
    fact(tr("HTTP"), node->httpAddress);
    fact(tr("Zone"), node->zone);
    fact(tr("Version"), node->version);
    m_facts->setText(facts.join(QStringLiteral("&nbsp;&nbsp;&nbsp; ")));
    if (!process)
        return;
    const bool isAlive = process->isAlive();
    const QString whyNot = m_workspace.whyNotChange();
    m_start->setEnabled(!isAlive && isLive);
    m_restart->setEnabled(isAlive && isLive);
    m_stop->setEnabled(isAlive && process->state() != NodeProcess::State::Stopping && isLive);
    m_kill->setEnabled(isAlive && isLive);
    for (QPushButton* button : {m_start, m_restart, m_stop})
        button->setToolTip(whyNot);
    m_kill->setToolTip(isLive ? tr("SIGKILL: as if the power had gone") : whyNot);
}

void NodesPage::showLog(NodeProcess* process)
{
    if (m_logOf == process)
        return;
    if (m_logOf)
        m_logOf->disconnect(m_log);
    m_logOf = process;
    m_log->clear();
    if (!process)
        return;
    m_log->setPlainText(process->log().join(QLatin1Char('\n')));
    m_log->verticalScrollBar()->setValue(m_log->verticalScrollBar()->maximum());
    connect(process, &NodeProcess::logAppended, m_log, [this](const QString& line) { m_log->appendPlainText(line); });
}

void NodesPage::askAndKill()
{
    NodeProcess* process = m_workspace.processOf(m_workspace.selectedNode());
    if (!process || !m_workspace.isLive())
        return;
    auto* question = new Sheet(tr("Kill %1 as if its power had gone?").arg(process->name()),
                               tr("Nothing that was acknowledged is lost while a majority of each partition's replicas "
                                  "stays up. Start it again whenever you like."),
                               this);
    question->setObjectName(QStringLiteral("killQuestion"));
    question->addButton(tr("Kill"), Sheet::Button::Danger, [process = QPointer(process)] {
        if (process)
            process->kill();
    });
    question->open();
}

} // namespace quoit
