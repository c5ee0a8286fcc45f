// console/cluster/past.h - which moment of a cluster is shown: now, or one of the past, as far as the history kept it.
// One question is under way at a time; whoever moves on before its answer came gets the answer for where they are then.
#pragma once

#include "console/cluster/history.h"
#include "console/cluster/timeline.h"

#include <QObject>

namespace quoit {

class Past : public QObject
{
    Q_OBJECT

public:
    /// @param history must outlive this
    explicit Past(History& history, QObject* parent = nullptr);

    bool isLive() const { return m_ms == 0; }
    /// The moment that is wanted, Unix epoch; 0: now.
    qint64 ms() const { return m_ms; }
    /// Of the latest moment that was answered; null: live, or nothing was answered yet.
    const ClusterSnapshotPtr& snapshot() const { return m_snapshot; }
    /// Likewise.
    const PastMomentPtr& moment() const { return m_moment; }
    /// @param ms clamped to what is kept; from the last report on it is now
    void go(qint64 ms);
    void goLive();

    /// Of this cluster, with what was kept from before.
    const Timeline& timeline() const { return m_timeline; }
    /// A live report came.
    void follow(const ClusterSnapshot& snapshot);
    /// For another cluster.
    void clear();

Q_SIGNALS:
    /// ms(); snapshot() follows.
    void moved();
    /// isLive(): from now on nothing can be changed, or it can again.
    void liveChanged();
    /// snapshot(), moment().
    void shown();
    void timelineChanged();

private:
    void ask();
    void onRead(const PastMomentPtr& moment);

    History& m_history;
    Timeline m_timeline;
    qint64 m_ms = 0;
    qint64 m_askedSecond = 0; ///< 0: nothing is under way
    PastMomentPtr m_moment;
    ClusterSnapshotPtr m_snapshot;
};

} // namespace quoit
