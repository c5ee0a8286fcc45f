// console/desktop/workspace.h - what all pages share: the cluster's picture, the selection, the theme, the settings.
// Pages know the workspace and not each other.
#pragma once

#include "console/cluster/alert_book.h"
#include "console/cluster/change_desk.h"
#include "console/cluster/change_log.h"
#include "console/cluster/cluster_monitor.h"
#include "console/cluster/command_session.h"
#include "console/cluster/history.h"
#include "console/cluster/key_browser.h"
#include "console/cluster/key_drafts.h"
#include "console/cluster/key_record.h"
#include "console/cluster/key_undo.h"
#include "console/cluster/local_cluster.h"
#include "console/cluster/past.h"
#include "console/cluster/settings.h"
#include "console/cluster/tour.h"
#include "console/desktop/theme.h"

#include <QObject>

#include <memory>

namespace quoit {

class Workspace : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        QString nodeProgram; ///< empty: looked for beside this program
        QString localFolder; ///< empty: the default one
        bool isMotionReduced = false;
        QString dataFolder; ///< for history, alerts and reports of changes; empty: the user's
    };

    explicit Workspace(Options options, QObject* parent = nullptr);
    ~Workspace() override;

    ClusterMonitor& monitor() { return m_monitor; }
    /// Which moment is shown, and those of the past.
    Past& past() { return m_past; }
    const Past& past() const { return m_past; }
    bool isLive() const { return m_past.isLive(); }
    /// Of the moment that is shown: now, or one of the past. What acts on the cluster asks live().
    const ClusterSnapshotPtr& picture() const { return m_past.snapshot() ? m_past.snapshot() : m_monitor.snapshot(); }
    const ClusterSnapshot& snapshot() const { return *picture(); }
    const ClusterSnapshot& live() const { return *m_monitor.snapshot(); }
    /// Whose figures are shown: of the picture, or, where no ring is kept of the moment, of now.
    const std::vector<NodeReport>& namedNodes() const { return snapshot().map ? snapshot().nodes : live().nodes; }
    /// The end of what is shown: the moment of the past, or the last report. Unix epoch; 0: nothing yet
    qint64 shownMs() const { return isLive() ? m_history.lastMs() : m_past.ms(); }
    /// Alerts of the moment that is shown.
    AlertBook::Then alertsShown() const;
    /// Why nothing may be changed now; empty: it may.
    QString whyNotChange() const;
    History& history() { return m_history; }
    const History& history() const { return m_history; }
    KeyBrowser& browser() { return m_browser; }
    KeyStore& keys() { return m_keys; }
    /// Both of this connection; gone with it.
    KeyDrafts& drafts() { return m_drafts; }
    KeyUndo& keyUndo() { return m_keyUndo; }
    /// Whether keys() refuses to write: somebody chose so, or the past is shown.
    bool isReadOnly() const { return m_keys.isReadOnly(); }
    /// Kept for each cluster.
    bool isReadOnlyChosen() const { return m_isReadOnlyChosen; }
    void setReadOnly(bool isReadOnly);
    /// What a person types on the page Terminal.
    CommandSession& commands() { return m_commands; }
    ChangeDesk& changes() { return m_changes; }
    const ChangeLog& changeLog() const { return m_changeLog; }
    AlertBook& alerts() { return m_alerts; }
    const AlertBook& alerts() const { return m_alerts; }
    /// Nodes on this machine; nullptr until startLocal().
    LocalCluster* local() { return m_local.get(); }
    /// The guided tour through what a cluster of local nodes can do.
    Tour& tour() { return m_tour; }
    /// The process of a member that this console started; nullptr: it isn't ours.
    NodeProcess* processOf(NodeId id) const;
    QString localFolder() const;
    /// There is something to show: a cluster has reported since connectTo(), however long ago.
    bool hasPicture() const;
    /// The verdict on the snapshot and its alerts, but while it is live for nodes of this machine whose process has ended and
    /// whom the others haven't missed yet.
    Health health() const;

    /// @param address "host:port"; several with commas. @return false, and nothing happens, if one isn't
    bool connectTo(const QString& addresses);
    /// @param nodeCount 1 … 9; of a new cluster. One that exists is started as it is.
    void startLocal(int nodeCount);
    void disconnectFromCluster();
    /// Connections that once worked, the latest first.
    QStringList recentConnections() const;

    const Theme& theme() const { return m_themes.theme(); }
    const ThemeManager& themes() const { return m_themes; }
    ThemeChoice themeChoice() const { return m_themes.choice(); }
    void setThemeChoice(ThemeChoice choice);
    bool isMotionReduced() const { return m_options.isMotionReduced; }

    NodeId selectedNode() const { return m_selectedNode; }
    /// @param id noNode: none
    void selectNode(NodeId id);
    Settings& settings() { return m_settings; }

Q_SIGNALS:
    void themeChanged();
    void selectedNodeChanged();
    /// picture(): a report came, or another moment of the past is shown.
    void pictureChanged();
    void readOnlyChanged(); ///< or whyNotChange()
    /// local(), or one of its nodes.
    void localChanged();
    /// A local node has left the ring. @param folder where its data lies now; empty: it couldn't be set aside
    void localNodeLeft(const QString& name, const QString& folder);

private:
    void applyClusterSettings(const std::string& clusterId);
    void remember(const QString& addresses);
    void connectPast();
    void applyReadOnly();
    void onLocalNodeEnded(const QString& clientAddress, const QString& how);

    const Options m_options;
    Settings m_settings;
    ThemeManager m_themes;
    ClusterMonitor m_monitor;
    History m_history;
    Past m_past;
    ClusterClient m_keyClient; // big values must not hold up the reports
    KeyBrowser m_browser;
    KeyStore m_keys;
    KeyDrafts m_drafts;
    KeyUndo m_keyUndo;
    CommandSession m_commands;
    std::string m_clusterId; // whose settings are in force; empty: not known yet
    ChangeDesk m_changes;
    ChangeLog m_changeLog;
    AlertBook m_alerts;
    std::unique_ptr<LocalCluster> m_local;
    Tour m_tour;
    bool m_isReadOnlyChosen = false;
    NodeId m_selectedNode = noNode;
    QString m_addresses; // of this connection, to be remembered once it works; empty: not to be
};

} // namespace quoit
