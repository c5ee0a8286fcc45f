// console/desktop/main_window.h - sidebar, pages and status; start page while there is no cluster.
#pragma once

#include "console/desktop/alert_notifier.h"
#include "console/desktop/alerts_page.h"
#include "console/desktop/changes_page.h"
#include "console/desktop/charts_page.h"
#include "console/desktop/command_palette.h"
#include "console/desktop/keys_page.h"
#include "console/desktop/local_node_actions.h"
#include "console/desktop/nodes_page.h"
#include "console/desktop/overview_page.h"
#include "console/desktop/ring_page.h"
#include "console/desktop/sidebar.h"
#include "console/desktop/start_page.h"
#include "console/desktop/status_strip.h"
#include "console/desktop/terminal_page.h"
#include "console/desktop/time_bar.h"
#include "console/desktop/undo_bar.h"

#include <QStackedWidget>
#include <QWidget>

#include <functional>

namespace quoit {

class MainWindow : public QWidget
{
    Q_OBJECT

public:
    /// @param workspace must outlive the window
    explicit MainWindow(Workspace& workspace);

    int pageCount() const { return int(m_pages.size()); }
    Page* page(int index) const { return m_pages[std::size_t(index)]; }
    void showPage(int index);
    int currentPage() const;
    bool isStartShown() const;
    OverviewPage* overviewPage() const { return m_overview; }
    RingPage* ringPage() const { return m_ring; }
    NodesPage* nodesPage() const { return m_nodes; }
    ChartsPage* chartsPage() const { return m_charts; }
    KeysPage* keysPage() const { return m_keys; }
    ChangesPage* changesPage() const { return m_changes; }
    AlertsPage* alertsPage() const { return m_alerts; }
    TerminalPage* terminalPage() const { return m_terminal; }
    Sidebar* sidebar() const { return m_sidebar; }
    LocalNodeActions& localNodes() { return m_localNodes; }
    int indexOf(const Page* page) const;
    StaleVeil* veil() const { return m_veil; }
    TimeBar* timeBar() const { return m_timeBar; }
    PastBand* pastBand() const { return m_pastBand; }
    UndoBar* undoBar() const { return m_undoBar; }
    StatusStrip* status() const { return m_status; }
    /// @return the palette that was opened; it deletes itself
    CommandPalette* openPalette();
    /// Closing doesn't ask what is to become of local nodes: they are stopped.
    void setQuiet(bool isQuiet) { m_isQuiet = isQuiet; }

protected:
    void resizeEvent(QResizeEvent* event) override;
    void closeEvent(QCloseEvent* event) override;

private:
    void addPage(Page* page);
    void refreshState();
    void arrangePages();
    void refreshLocalNodes();
    void leave();
    /// Asks about edits that aren't saved, if there are any, and then does it.
    void withoutDrafts(const QString& what, std::function<void()> run);
    void addShortcuts();
    std::vector<PaletteEntry> paletteEntries();
    void appendChangeEntries(std::vector<PaletteEntry>& entries);
    void appendTimeEntries(std::vector<PaletteEntry>& entries);
    void appendAlertEntries(std::vector<PaletteEntry>& entries);
    void connectAlerts();
    void refreshAlertBadge();

    Workspace& m_workspace;
    LocalNodeActions m_localNodes;
    Sidebar* m_sidebar;
    QStackedWidget* m_stack;
    StartPage* m_start;
    OverviewPage* m_overview;
    RingPage* m_ring;
    NodesPage* m_nodes;
    ChartsPage* m_charts;
    KeysPage* m_keys;
    ChangesPage* m_changes;
    AlertsPage* m_alerts;
    TerminalPage* m_terminal;
    AlertNotifier m_notifier;
    std::vector<Page*> m_pages;
    StaleVeil* m_veil;
    PastBand* m_pastBand;
    TimeBar* m_timeBar;
    UndoBar* m_undoBar;
    StatusStrip* m_status;
    bool m_isQuiet = false;
};

} // namespace quoit
