// console/cluster/tour.h - the guided tour on a cluster of local nodes: load sample keys, put load on, kill a node, start it again,
// see that nothing failed and nothing is lost. Every effect is real. Knows no widget and no words but those of troubles.
#pragma once

#include "console/cluster/cluster_snapshot.h"
#include "console/cluster/local_cluster.h"
#include "console/cluster/sample_batch.h"
#include "console/cluster/sample_load.h"

#include <QElapsedTimer>
#include <QObject>
#include <QPointer>
#include <QTimer>

#include <memory>

namespace quoit {

class Tour : public QObject
{
    Q_OBJECT

public:
    struct Options
    {
        int keyCount = 10'000; ///< ≤ 99,999
        SampleLoad::Options load;
    };

    /// What is going on, or what the next step waits for. Steps come in this order.
    enum class Stage {
        Idle,
        LoadingKeys,
        KeysLoaded,  ///< next: startLoad()
        UnderLoad,   ///< next: killNode()
        NodeKilled,  ///< next: startNode(), once canStartNode()
        CatchingUp,  ///< the node is being started, and gets what it has missed
        CaughtUp,    ///< next: finish()
        Checking,    ///< the load has ended; every sample key is read back
        Report,      ///< next: deleteKeys() or leave()
        DeletingKeys,
    };

    /// All that the steps have shown so far.
    struct Figures
    {
        int keysLoaded = 0;
        SampleLoad::Counts load;
        SampleLoad::Counts sinceKill;  ///< until it was started again
        SampleLoad::Counts sinceStart; ///< while it came back, until the load ended
        QString node; ///< the name of the one that is killed
        qint64 awayMs = 0;     ///< from its kill until it was up again
        qint64 catchUpMs = 0;  ///< from its start until it was the same as the others
        int keysChecked = 0;
        int keysWrong = 0;     ///< didn't have what was acknowledged last
        int keysUnread = 0;    ///< gave no answer
        int keysDeleted = 0;
        bool isStopped = false; ///< by stop(), before its end
    };

    explicit Tour(QObject* parent = nullptr);
    explicit Tour(Options options, QObject* parent = nullptr);
    ~Tour() override;

    /// It is one of enough nodes, all started from here. @param local nullptr: none
    static bool isFor(const LocalCluster* local, const ClusterSnapshot& snapshot);
    /// Why no tour can begin; empty: one can. A sentence for people.
    static QString whyNot(const LocalCluster* local, const ClusterSnapshot& snapshot);

    Stage stage() const { return m_stage; }
    Figures figures() const;
    /// 0 … 1 of LoadingKeys, CatchingUp, Checking and DeletingKeys; else 0.
    double progress() const;
    /// Of the partitions of the node that was away, how many are known to be the same again, and how many weren't. 0 of 0: not told yet.
    std::pair<quint64, quint64> partitionsTheSame() const;
    /// What went wrong with the last step; empty: nothing.
    const QString& trouble() const { return m_trouble; }
    /// The load was ended by its longest duration.
    bool isLoadOver() const { return m_isLoadOver; }
    bool canStartNode() const;

    /// From Idle: writes the sample keys. @param local must outlive the tour; whyNot() must be empty.
    void begin(LocalCluster& local, const ClusterSnapshot& snapshot);
    void startLoad();
    /// kill -9 of a member's process. @param avoidAddress a node that rather stays; "host:port"
    void killNode(const ClusterSnapshot& snapshot, const QString& avoidAddress);
    void startNode();
    void finish();
    void deleteKeys();
    /// Back to Idle; the sample keys stay.
    void leave();
    /// At any moment: ends the load, starts the killed node again, and goes to Report if there is anything to tell.
    void stop();
    /// The connection to the cluster is given up: everything ends at once. A killed node is started again.
    void abandon();

    /// What the cluster tells of itself.
    void follow(const ClusterSnapshot& snapshot);

Q_SIGNALS:
    /// Anything above; a few times a second while something goes on.
    void changed();

private:
    void setStage(Stage stage, const QString& trouble = {});
    void onKeysLoaded();
    void onLoadDrained();
    void check();
    /// Once no write of before is under way: one that came after the DEL of its key would bring it back.
    void deleteWhenQuiet();
    void watchNode(const NodeReport& node);
    void markStart();

    const Options m_options;
    ClusterClient m_client;
    SampleLedger m_ledger;
    SampleBatch m_batch;
    SampleLoad m_load;
    QPointer<LocalCluster> m_local;
    QPointer<NodeProcess> m_killed;
    bool m_hasEnded = false; ///< the killed process is gone
    Stage m_stage = Stage::Idle;
    Figures m_figures;
    QString m_trouble;
    QString m_firstProblem; // of the batch that runs
    bool m_isLoadOver = false;
    QTimer m_tick;
    QElapsedTimer m_sinceKill;
    QElapsedTimer m_sinceStart;
    quint64 m_incarnationBefore = 0;
    quint64 m_partitionsToCompare = 0; ///< the most that were seen
    quint64 m_partitionsLeft = 0;
};

} // namespace quoit
