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
#include "console/cluster/tour.h"
#include "console/desktop/theme.h"

#include <QObject>
#include <QSettings>

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
    const ClusterSnapshot& snapshot() const { return *m_monitor.snapshot(); }
    History& history() { return m_history; }
    const History& history() const { return m_history; }
    KeyBrowser& browser() { return m_browser; }
    KeyStore& keys() { return m_keys; }
    /// Both of this connection; gone with it.
    KeyDrafts& drafts() { return m_drafts; }
    KeyUndo& keyUndo() { return m_keyUndo; }
    /// Whether keys() refuses to write; kept for each cluster.
    bool isReadOnly() const { return m_keys.isReadOnly(); }
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
    /// What the cluster tells and what is known of this machine's own processes, oldest first.
    std::vector<ClusterEvent> events() const;
    /// The snapshot's, but for nodes of this machine whose process has ended and whom the others haven't missed yet.
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
    QSettings& settings() { return m_settings; }

Q_SIGNALS:
    void themeChanged();
    void selectedNodeChanged();
    void readOnlyChanged();
    /// local(), or one of its nodes.
    void localChanged();
    /// A local node has left the ring. @param folder where its data lies now; empty: it couldn't be set aside
    void localNodeLeft(const QString& name, const QString& folder);

private:
    void applyClusterSettings(const std::string& clusterId);
    void remember(const QString& addresses);
    void onLocalNodeEnded(const QString& clientAddress, const QString& how);

    const Options m_options;
    QSettings m_settings;
    ThemeManager m_themes;
    ClusterMonitor m_monitor;
    History m_history;
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
    std::vector<ClusterEvent> m_localEvents; // [≤ localEventsMax] oldest first
    NodeId m_selectedNode = noNode;
    QString m_addresses; // of this connection, to be remembered once it works; empty: not to be
};

} // namespace quoit
