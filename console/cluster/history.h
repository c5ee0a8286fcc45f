// console/cluster/history.h - every figure over time: the last hour in memory, one sample a second; what is older, and
// what was before a restart, from a file, ever coarser (console/cluster/history_file.h has the tiers).
// Gaps stay gaps: a time that nobody told about is NaN, never 0.
#pragma once

#include "console/cluster/history_store.h"

#include <QObject>
#include <QPointF>
#include <QVector>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace quoit {

/// The smallest and largest of a figure in one step of time; the same where each second is known. NaN: nobody told.
struct ValueBand
{
    double low;
    double high;
};

class History : public QObject
{
    Q_OBJECT

public:
    static constexpr int secondsKept = 3600; ///< in memory
    static constexpr qint64 batchSeconds = 15; ///< between two writes to the file

    /// @param fileName may not exist yet; empty: nothing is kept beyond this object
    explicit History(QString fileName = {}, QObject* parent = nullptr);
    /// Writes what isn't written yet.
    ~History() override;

    /// Notes what a report says, at the second in which it was received. Reports of one second replace each other.
    /// The first with a map says whose past is fetched from the file.
    void add(const ClusterSnapshot& snapshot);
    /// What this console noticed itself; kept with what the cluster tells.
    void note(const ClusterEvent& event);
    /// For another cluster. The file keeps what it has.
    void clear();
    /// Says which time is looked at. What isn't in memory is fetched, and fetched() tells when it is there.
    void look(TimeRange range);
    /// Answered by momentRead(). @return false: nothing is kept beyond this object, or no cluster is known yet
    bool askMoment(qint64 second);
    /// Something of the time that is looked at is being fetched.
    bool isFetching() const { return m_asked.has_value(); }

    /// The end of what is known: the last report's time in ms; 0: nothing yet.
    qint64 lastMs() const { return m_lastSecond * 1000; }
    /// The begin of what is in memory.
    qint64 firstMs() const { return m_firstSecond * 1000; }
    /// The begin of all that is kept.
    qint64 oldestMs() const;

    /// Samples as (ms since the Unix epoch, value), ascending; at most two a pixel (the smallest and the largest of
    /// those that fall on it) and, for each gap of more than two seconds, one with a NaN value.
    /// @param node noNode: the cluster
    /// @param pixels > 0
    QVector<QPointF> series(NodeId node, Metric metric, TimeRange range, int pixels) const;
    /// The sample of one second, or of one of the two before; of a time that isn't in memory, that of the step.
    ValueBand bandAt(NodeId node, Metric metric, qint64 ms) const;
    /// The largest of bandAt().
    double valueAt(NodeId node, Metric metric, qint64 ms) const { return bandAt(node, metric, ms).high; }
    /// How far samples lie apart at that time.
    int stepSecondsAt(qint64 ms) const;
    /// Every node that was ever reported, ascending.
    std::vector<NodeId> nodes() const;
    /// Why the past isn't kept, or what was lost of it; empty: all is well.
    QString trouble() const { return m_store ? m_store->trouble() : QString(); }

Q_SIGNALS:
    /// What look() asked for, or the last hour from before a restart, is there.
    void fetched();
    /// Of this cluster. @param moment null: it couldn't be read
    void momentRead(const quoit::PastMomentPtr& moment);
    /// What the file knows from before; once for each cluster.
    void timelineRead(const quoit::TimelinePtr& timeline);
    /// They are new.
    void eventsTold(const std::vector<quoit::ClusterEvent>& events);
    void troubleChanged();

private:
    /// One figure: [secondsKept], by second % secondsKept.
    using Track = std::vector<float>;
    struct Tracks
    {
        std::vector<Track> metrics; // [metricCount]
    };
    struct Asked
    {
        qint64 fromSecond;
        qint64 toSecond;
        bool operator==(const Asked&) const = default;
    };

    Tracks& tracksOf(NodeId node);
    void advanceTo(qint64 second);
    float at(const Track& track, qint64 second) const;
    qint64 memorySecond() const { return m_lastSecond - secondsKept + 1; }
    void flush();
    void addRareThings(const ClusterSnapshot& snapshot, HistorySecond& told);
    std::vector<ClusterEvent> newEvents(const ClusterSnapshot& snapshot);
    void onRead(const QString& clusterId, const HistoryWindowPtr& window, qint64 firstSecond);
    void restore(const HistoryWindow& window);

    std::unique_ptr<HistoryStore> m_store; ///< nullptr: no file
    std::map<NodeId, Tracks> m_tracks;
    qint64 m_lastSecond = 0;
    qint64 m_firstSecond = 0;
    QString m_clusterId;                  ///< empty: not told yet
    std::vector<HistorySecond> m_pending; ///< to be written
    bool m_isRestored = false;            ///< the file's last hour is in memory
    qint64 m_keptSecond = 0;              ///< the oldest in the file; 0: none
    HistoryWindowPtr m_past;              ///< of the time that was looked at last; may be null
    std::optional<Asked> m_asked;
    ClusterMapPtr m_lastMap;            ///< that m_pending has
    std::vector<NodePast> m_lastStates; ///< likewise
    std::optional<ClusterEvent> m_lastEvent;
    std::vector<ClusterEvent> m_ownEvents; ///< to be written with the next second
};

} // namespace quoit
