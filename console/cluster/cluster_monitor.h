// console/cluster/cluster_monitor.h - keeps the live picture of one cluster and says how old it is.
// Asks for QUOIT.RING and QUOIT.WATCH through a ClusterClient, which replaces lost connections by itself.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "shared/client/cluster_client.h"

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include <optional>

namespace quoit {

class ClusterMonitor : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        Milliseconds staleAfter{2500}; ///< without a report
        Milliseconds lostAfter{30'000};
        int eventsMax = 300;
    };

    explicit ClusterMonitor(QObject* parent = nullptr);
    explicit ClusterMonitor(Options options, QObject* parent = nullptr);

    /// Forgets the old picture and begins to connect; keeps at it until disconnectFromCluster().
    /// @param seeds "host:port" of any members
    void connectTo(const QStringList& seeds);
    /// Keeps the last picture, as old.
    void disconnectFromCluster();

    /// Asks for the ring now, not only when a report names another epoch.
    void askForRing();

    /// Never null; replaced, not changed.
    const ClusterSnapshotPtr& snapshot() const { return m_snapshot; }
    PictureState state() const { return m_state; }
    /// Since the last report; 0 before the first.
    Milliseconds age() const;
    /// The node that tells, "host:port"; empty: none.
    QString address() const { return m_client.address(); }
    const QStringList& seeds() const { return m_seeds; }
    /// Members and seeds, for other clients of the same cluster.
    QStringList knownAddresses() const { return m_client.knownAddresses(); }
    /// Why there is no connection; empty while there is one.
    const QString& trouble() const { return m_trouble; }

Q_SIGNALS:
    void snapshotChanged(const quoit::ClusterSnapshotPtr& snapshot);
    /// state(), age() (once a second while stale), address() or trouble().
    void stateChanged();

private:
    void onConnected();
    void onDisconnected(const QString& reason);
    void askRing();
    void askWatch();
    void onRing(const ClientReply& reply);
    void askHotKeys();
    void onPush(const RespValue& push);
    void onReport(WatchReport report);
    void publish(ClusterSnapshot next);
    void updateState();

    const Options m_options;
    ClusterClient m_client;
    QStringList m_seeds;
    ClusterSnapshotPtr m_snapshot;
    PictureState m_state = PictureState::Disconnected;
    QString m_trouble;
    QElapsedTimer m_sinceReport; // invalid before the first
    QElapsedTimer m_sinceAsked;
    QTimer m_tick;
    bool m_isRingAsked = false;
    bool m_areHotKeysAsked = false;
    bool m_areHotKeysTold = true; ///< false: this node is too old for them
    std::optional<HotKeysReport> m_hotKeys;
};

} // namespace quoit
