#include "console/desktop/main_window.h"

#include "console/desktop/sheet.h"

#include <QCloseEvent>
#include <QHBoxLayout>
#include <QShortcut>

#include <algorithm>

namespace quoit {

namespace {

constexpr int narrowBelow = 940;

} // namespace

MainWindow::MainWindow(Workspace& workspace)
    : m_workspace(workspace)
    , m_localNodes(workspace, *this)
    , m_notifier(workspace)
{
    setWindowTitle(QStringLiteral("Quoit"));
    setWindowIcon(QIcon(iconPixmap(QStringLiteral("quoit"), Qt::black, 64, 1)));
    setMinimumSize(600, 380);
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    auto* row = new QHBoxLayout;
    row->setSpacing(0);
    m_sidebar = new Sidebar(workspace);
    m_stack = new QStackedWidget;
    row->addWidget(m_sidebar);
    auto* middle = new QVBoxLayout;
    middle->setSpacing(0);
    middle->addWidget(m_pastBand = new PastBand(workspace));
    middle->addWidget(m_stack, 1);
    middle->addWidget(m_timeBar = new TimeBar(workspace));
    row->addLayout(middle, 1);
    column->addLayout(row, 1);
    m_undoBar = new UndoBar(workspace);
    column->addWidget(m_undoBar);
    m_status = new StatusStrip(workspace);
    column->addWidget(m_status);

    m_start = new StartPage(workspace);
    m_stack->addWidget(m_start);
    addPage(m_overview = new OverviewPage(workspace));
    addPage(m_ring = new RingPage(workspace));
    addPage(m_nodes = new NodesPage(workspace));
    addPage(m_charts = new ChartsPage(workspace));
    addPage(m_keys = new KeysPage(workspace));
    addPage(m_changes = new ChangesPage(workspace));
    addPage(m_alerts = new AlertsPage(workspace));
    addPage(m_terminal = new TerminalPage(workspace));
    m_veil = new StaleVeil(workspace, m_stack);

    connect(m_sidebar, &Sidebar::pageChosen, this, &MainWindow::showPage);
    connect(m_sidebar, &Sidebar::paletteWanted, this, &MainWindow::openPalette);
    connect(m_sidebar, &Sidebar::disconnectWanted, this, &MainWindow::leave);
    connect(&workspace.monitor(), &ClusterMonitor::stateChanged, this, &MainWindow::refreshState);
    addShortcuts();
    connect(m_ring, &RingPage::keyWanted, this, [this](const QString& key) {
        showPage(indexOf(m_keys));
        m_keys->openKey(key);
    });
    connect(m_nodes, &NodesPage::addNodeWanted, &m_localNodes, &LocalNodeActions::add);
    connect(m_nodes, &NodesPage::removeNodeWanted, &m_localNodes, &LocalNodeActions::remove);
    connect(&m_localNodes, &LocalNodeActions::changed, this, &MainWindow::refreshLocalNodes);
    connect(&workspace, &Workspace::selectedNodeChanged, this, &MainWindow::refreshLocalNodes);
    connect(&workspace, &Workspace::readOnlyChanged, this, &MainWindow::refreshState);
    connectAlerts();
    refreshLocalNodes();
    refreshState();
}

void MainWindow::addShortcuts()
{
    const auto shortcut = [this](const QKeySequence& keys, auto handler) {
        connect(new QShortcut(keys, this), &QShortcut::activated, this, handler);
    };
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_K), [this] { openPalette(); });
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_Q), [this] { close(); });
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_F), [this] {
        QWidget* field = isStartShown() ? nullptr : page(currentPage())->firstField();
        if (!field)
            return;
        field->setFocus(Qt::ShortcutFocusReason);
        if (auto* line = qobject_cast<QLineEdit*>(field))
            line->selectAll();
    });
    shortcut(QKeySequence(Qt::Key_F1), [this] {
        auto* sheet = new Sheet(tr("Keys of this window"), {}, this);
        sheet->addWidget(new QLabel(tr("<table cellspacing=6>"
                                       "<tr><td><b>Ctrl+K</b></td><td>Find a page, an action, a node or a key</td></tr>"
                                       "<tr><td><b>Ctrl+1 … Ctrl+%1</b></td><td>The pages</td></tr>"
                                       "<tr><td><b>Ctrl+F</b></td><td>The field that this page begins with</td></tr>"
                                       "<tr><td><b>Ctrl+T</b></td><td>The slider through time; arrows move it</td></tr>"
                                       "<tr><td><b>Ctrl+[, Ctrl+]</b></td><td>Back to the event before, on to the next one</td></tr>"
                                       "<tr><td><b>Ctrl+0</b></td><td>Back to now</td></tr>"
                                       "<tr><td><b>Ctrl+S</b></td><td>Save the value</td></tr>"
                                       "<tr><td><b>Ctrl+L, Esc</b></td><td>In the terminal: clear it, stop waiting</td></tr>"
                                       "<tr><td><b>Up, Tab</b></td><td>In the terminal: earlier commands, completion</td></tr>"
                                       "<tr><td><b>F1</b></td><td>These keys</td></tr>"
                                       "<tr><td><b>Ctrl+Q</b></td><td>Quit</td></tr></table>")
                                        .arg(pageCount())));
        sheet->open();
    });
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_BracketLeft), [this] { m_timeBar->goToMark(false); });
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_BracketRight), [this] { m_timeBar->goToMark(true); });
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_0), [this] { m_workspace.past().goLive(); });
    shortcut(QKeySequence(Qt::CTRL | Qt::Key_T), [this] { m_timeBar->track()->setFocus(Qt::ShortcutFocusReason); });
    for (int i = 0; i < pageCount(); ++i)
        shortcut(QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_1 + i)), [this, i] { showPage(i); });
}

void MainWindow::connectAlerts()
{
    connect(m_alerts, &AlertsPage::chartWanted, this, [this](Metric metric, NodeId node, qint64 ms) {
        showPage(indexOf(m_charts));
        m_charts->showAt(metric, node, ms);
    });
    connect(m_alerts, &AlertsPage::nodeWanted, this, [this](NodeId node) {
        m_workspace.selectNode(node);
        showPage(indexOf(m_nodes));
    });
    connect(m_alerts, &AlertsPage::ringWanted, this, [this](const std::string& key) {
        showPage(indexOf(m_ring));
        if (!key.empty())
            m_ring->pinBytes(key);
    });
    connect(m_status, &StatusStrip::changeWanted, this, [this] { showPage(indexOf(m_changes)); });
    connect(m_overview, &OverviewPage::changeWanted, this, [this] { showPage(indexOf(m_changes)); });
    connect(m_status, &StatusStrip::alertsWanted, this, [this] { showPage(indexOf(m_alerts)); });
    connect(m_overview, &OverviewPage::alertsWanted, this, [this] { showPage(indexOf(m_alerts)); });
    connect(&m_notifier, &AlertNotifier::opened, this, [this] {
        showNormal();
        raise();
        activateWindow();
        showPage(indexOf(m_alerts));
    });
    connect(&m_workspace.alerts(), &AlertBook::changed, this, &MainWindow::refreshAlertBadge);
}

void MainWindow::refreshAlertBadge()
{
    const AlertBook& book = m_workspace.alerts();
    m_sidebar->setBadge(indexOf(m_alerts), book.waitingCount(),
                        book.worstLevel() == AlertLevel::Critical ? StateMark::Down : StateMark::Suspect);
}

void MainWindow::refreshLocalNodes()
{
    m_nodes->setLocalActions({m_localNodes.isLocal(), m_localNodes.note(), m_localNodes.whyNotAdd(),
                              m_localNodes.whyNotRemove(m_workspace.selectedNode())});
}

void MainWindow::addPage(Page* page)
{
    m_stack->addWidget(plainScrollArea(page));
    m_sidebar->addPage(*page);
    m_pages.push_back(page);
}

int MainWindow::indexOf(const Page* page) const
{
    return int(std::ranges::find(m_pages, page) - m_pages.begin());
}

int MainWindow::currentPage() const
{
    return m_stack->currentIndex() - 1;
}

bool MainWindow::isStartShown() const
{
    return m_stack->currentWidget() == m_start;
}

void MainWindow::showPage(int index)
{
    if (!m_workspace.hasPicture())
        return;
    m_stack->setCurrentIndex(index + 1);
    m_sidebar->setCurrent(index);
    if (QWidget* field = page(index)->firstField())
        field->setFocus();
    m_veil->refresh();
    m_pastBand->setPage(page(index));
}

void MainWindow::refreshState()
{
    // Until the first report there is nothing to see on any page: the start page tells how it goes.
    const bool isConnected = m_workspace.hasPicture();
    m_sidebar->setPagesEnabled(isConnected);
    if (!isConnected)
        m_start->refresh();
    if (!isConnected && !isStartShown()) {
        m_stack->setCurrentWidget(m_start);
        m_sidebar->setCurrent(-1);
    } else if (isConnected && isStartShown()) {
        showPage(0);
    }
    if (m_timeBar->isVisibleTo(this) != isConnected) {
        m_timeBar->setVisible(isConnected);
        arrangePages(); // it takes of their height
    }
    m_veil->refresh();
}

void MainWindow::leave()
{
    withoutDrafts(tr("disconnect"), [this] { m_workspace.disconnectFromCluster(); });
}

void MainWindow::withoutDrafts(const QString& what, std::function<void()> run)
{
    const QList<QByteArray> keys = m_workspace.drafts().keys();
    if (keys.isEmpty() || m_isQuiet)
        return run();
    QStringList names;
    for (const QByteArray& key : keys.mid(0, 5))
        names << keyText(key);
    if (keys.size() > names.size())
        names << tr("and %1 more").arg(keys.size() - names.size());
    auto* sheet = new Sheet(tr("There are edits that aren't saved"), names.join(QLatin1Char('\n')), this);
    sheet->setObjectName(QStringLiteral("draftsQuestion"));
    sheet->addButton(tr("Discard and %1").arg(what), Sheet::Button::Danger, [this, run = std::move(run)] {
        m_workspace.drafts().clear();
        run();
    });
    sheet->open();
}

void MainWindow::resizeEvent(QResizeEvent* event)
{
    QWidget::resizeEvent(event);
    m_sidebar->setNarrow(width() < narrowBelow);
    arrangePages();
}

void MainWindow::arrangePages()
{
    layout()->activate();
    int room = m_stack->height();
    for (const QWidget* passing : {static_cast<QWidget*>(m_pastBand), static_cast<QWidget*>(m_undoBar)})
        room += passing->isVisible() ? passing->height() : 0; // they come and go; pages don't change their form with them
    for (Page* page : m_pages) {
        page->setShort(room < page->shortBelow());
        page->arrange(m_stack->width() < page->narrowBelow());
    }
    m_veil->setGeometry(m_stack->rect());
}

CommandPalette* MainWindow::openPalette()
{
    std::function<void(const QByteArray&)> openKey;
    if (m_workspace.hasPicture())
        openKey = [this](const QByteArray& key) {
            showPage(indexOf(m_keys));
            m_keys->openBytes(key);
        };
    auto* palette = new CommandPalette(m_workspace, paletteEntries(), std::move(openKey), this);
    palette->move(mapToGlobal(QPoint((width() - palette->width()) / 2, std::min(120, height() / 6))));
    palette->show();
    return palette;
}

std::vector<PaletteEntry> MainWindow::paletteEntries()
{
    std::vector<PaletteEntry> entries;
    const bool isConnected = m_workspace.hasPicture();
    if (isConnected)
        for (int i = 0; i < pageCount(); ++i)
            entries.push_back({tr("Page"), page(i)->title(), page(i)->iconName(), [this, i] { showPage(i); }});
    for (const NodeReport& node : m_workspace.live().nodes) {
        const QString name = QString::fromStdString(node.name);
        const NodeId id = node.id;
        entries.push_back({tr("Node"), name, QStringLiteral("nodes"), [this, id] {
                               m_workspace.selectNode(id);
                               showPage(2);
                           }});
        if (NodeProcess* process = m_workspace.isLive() ? m_workspace.processOf(id) : nullptr) {
            const bool isAlive = process->isAlive();
            entries.push_back({tr("Action"), isAlive ? tr("Restart %1").arg(name) : tr("Start %1").arg(name),
                               isAlive ? QStringLiteral("restart") : QStringLiteral("play"),
                               [this, id] {
                                   if (NodeProcess* now = m_workspace.processOf(id)) // it may have left meanwhile
                                       now->restart();
                               }});
            if (isAlive)
                entries.push_back({tr("Action"), tr("Stop %1").arg(name), QStringLiteral("stop"), [this, id] {
                                       if (NodeProcess* now = m_workspace.processOf(id))
                                           now->stop();
                                   }});
        }
    }
    if (isConnected && !m_workspace.isReadOnly())
        for (const KeyUndoStep& step : m_workspace.keyUndo().steps())
            entries.push_back({tr("Action"), tr("Undo: %1").arg(step.label), QStringLiteral("undo"),
                               [this, number = step.number] { m_workspace.keyUndo().undo(number); }});
    appendChangeEntries(entries);
    appendTimeEntries(entries);
    appendAlertEntries(entries);
    const auto theme = [&](const QString& text, const QString& icon, ThemeChoice choice) {
        entries.push_back({tr("Action"), text, icon, [this, choice] { m_workspace.setThemeChoice(choice); }});
    };
    theme(tr("Light theme"), QStringLiteral("sun"), ThemeChoice::Light);
    theme(tr("Dark theme"), QStringLiteral("moon"), ThemeChoice::Dark);
    theme(tr("Automatic theme"), QStringLiteral("automatic"), ThemeChoice::Automatic);
    if (m_workspace.isLive() && Tour::isFor(m_workspace.local(), m_workspace.live()))
        entries.push_back({tr("Action"), tr("Try it: kill a node under load"), QStringLiteral("play"), [this] {
                               showPage(indexOf(m_overview));
                               m_overview->tour()->offer();
                           }});
    if (isConnected)
        entries.push_back({tr("Action"), tr("Run a command"), m_terminal->iconName(), [this] { showPage(indexOf(m_terminal)); }});
    if (isConnected)
        entries.push_back({tr("Action"), tr("Disconnect"), QStringLiteral("power"), [this] { leave(); }});
    return entries;
}

void MainWindow::appendChangeEntries(std::vector<PaletteEntry>& entries)
{
    if (!m_workspace.hasPicture() || !m_workspace.isLive())
        return;
    const auto step = [&](const QString& text, ChangeStep::Kind kind, NodeId node) {
        entries.push_back({tr("Action"), text, QStringLiteral("changes"), [this, kind, node] {
                               showPage(indexOf(m_changes));
                               m_changes->prepare(kind, node);
                           }});
    };
    step(tr("Plan a change"), ChangeStep::Kind::Join, noNode);
    const auto local = [&](const QString& text, const QString& icon, auto run) {
        entries.push_back({tr("Action"), text, icon, [this, run] {
                               showPage(indexOf(m_nodes)); // where it is told how it goes
                               run();
                           }});
    };
    if (m_localNodes.whyNotAdd().isEmpty())
        local(tr("Add a local node"), QStringLiteral("plus"), [this] { m_localNodes.add(); });
    const auto pretend = [&](const QString& text, NodeId node) {
        entries.push_back({tr("Action"), text, QStringLiteral("ring"), [this, node] {
                               showPage(indexOf(m_ring));
                               m_ring->setPretending(true, node);
                           }});
    };
    pretend(tr("Pretend nodes down"), noNode);
    for (const NodeReport& node : m_workspace.live().nodes)
        pretend(tr("Pretend %1 down").arg(QString::fromStdString(node.name)), node.id);
    for (const NodeReport& node : m_workspace.live().nodes)
        if (m_localNodes.whyNotRemove(node.id).isEmpty())
            local(tr("Remove %1…").arg(QString::fromStdString(node.name)), QStringLiteral("trash"),
                  [this, id = node.id] { m_localNodes.remove(id); });
    for (const NodeReport& node : m_workspace.live().nodes) {
        const QString name = QString::fromStdString(node.name);
        step(tr("Plan that %1 leaves").arg(name), ChangeStep::Kind::Leave, node.id);
        if (node.state == NodeState::Down)
            step(tr("Plan a replacement of %1").arg(name), ChangeStep::Kind::Replace, node.id);
    }
}

void MainWindow::appendTimeEntries(std::vector<PaletteEntry>& entries)
{
    if (!m_workspace.hasPicture())
        return;
    const QString icon = QStringLiteral("clock");
    entries.push_back({tr("Action"), tr("Go back in time"), icon, [this] {
                           m_workspace.past().go(m_workspace.shownMs() - 60'000);
                           m_timeBar->track()->setFocus();
                       }});
    if (m_timeBar->track()->markFrom(false))
        entries.push_back({tr("Action"), tr("Go to the event before"), icon, [this] { m_timeBar->goToMark(false); }});
    if (m_timeBar->track()->markFrom(true))
        entries.push_back({tr("Action"), tr("Go to the next event"), icon, [this] { m_timeBar->goToMark(true); }});
    if (!m_workspace.isLive())
        entries.push_back({tr("Action"), tr("Back to now"), icon, [this] { m_workspace.past().goLive(); }});
}

void MainWindow::appendAlertEntries(std::vector<PaletteEntry>& entries)
{
    if (!m_workspace.hasPicture())
        return;
    const QString icon = QStringLiteral("alerts");
    for (const Alert& alert : m_workspace.alerts().active())
        entries.push_back({tr("Alert"), tr("Alert: %1").arg(alertText(alert)), icon, [this, number = alert.number] {
                               showPage(indexOf(m_alerts));
                               m_alerts->select(number);
                           }});
    if (m_workspace.alerts().waitingCount() > 0 && m_workspace.isLive())
        entries.push_back({tr("Action"), tr("Acknowledge all alerts"), icon,
                           [this] { m_workspace.alerts().acknowledgeAll(); }});
    entries.push_back({tr("Action"), tr("Set alert rules"), icon, [this] {
                           showPage(indexOf(m_alerts));
                           m_alerts->setRulesShown(true);
                       }});
}

void MainWindow::closeEvent(QCloseEvent* event)
{
    if (!m_workspace.drafts().isEmpty() && !m_isQuiet) {
        event->ignore();
        return withoutDrafts(tr("quit"), [this] { close(); });
    }
    LocalCluster* local = m_workspace.local();
    if (!local || !local->isAnyAlive())
        return event->accept();
    event->ignore();
    const auto stopAndClose = [this, local] {
        setEnabled(false);
        connect(local, &LocalCluster::allStopped, this, &QWidget::close, Qt::UniqueConnection);
        local->stopAll();
    };
    if (m_isQuiet)
        return stopAndClose();
    auto* sheet = new Sheet(tr("Stop the nodes on this machine?"),
                            tr("If they are stopped, their data stays, and they start again with it next time. If they are left "
                               "running, they serve without the console, and the next one takes them over."),
                            this);
    sheet->setObjectName(QStringLiteral("quitQuestion"));
    sheet->addButton(tr("Stop nodes and quit"), Sheet::Button::Primary, stopAndClose);
    if (local->state() == LocalCluster::State::Serving)
        sheet->addButton(tr("Leave them running and quit"), Sheet::Button::Plain, [this, local] {
            m_workspace.tour().abandon();
            local->leaveRunning(); // what can't be left is asked about again
            close();
        });
    sheet->open();
}

} // namespace quoit
