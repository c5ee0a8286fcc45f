// console/cluster/history.h - the last hour of every figure, one sample a second, in memory of fixed bounds.
// Gaps stay gaps: a second that nobody told about is NaN, never 0. Where the samples lie is this class's own affair, so
// that a store on disk can be added behind it.
#pragma once

#include "console/cluster/metric.h"

#include <QObject>
#include <QPointF>
#include <QVector>

#include <map>
#include <vector>

namespace quoit {

/// A stretch of time, ms since the Unix epoch; from < to.
struct TimeRange
{
    qint64 fromMs = 0;
    qint64 toMs = 0;
    bool operator==(const TimeRange&) const = default;
};

class History : public QObject
{
    Q_OBJECT

public:
    static constexpr int secondsKept = 3600;

    explicit History(QObject* parent = nullptr);

    /// Notes what a report says, at the second in which it was received. Reports of one second replace each other.
    void add(const ClusterSnapshot& snapshot);
    void clear();

    /// The end of what is known: the last report's time in ms; 0: nothing yet.
    qint64 lastMs() const { return m_lastSecond * 1000; }
    qint64 firstMs() const { return m_firstSecond * 1000; }

    /// Samples as (ms since the Unix epoch, value), ascending; at most two a pixel (the smallest and the largest of
    /// those that fall on it) and, for each gap of more than two seconds, one with a NaN value.
    /// @param node noNode: the cluster
    /// @param pixels > 0
    QVector<QPointF> series(NodeId node, Metric metric, TimeRange range, int pixels) const;
    /// The sample of one second, or of one of the two before; NaN if there is none.
    double valueAt(NodeId node, Metric metric, qint64 ms) const;
    /// Every node that was ever reported, ascending.
    std::vector<NodeId> nodes() const;

Q_SIGNALS:
    void added();

private:
    /// One figure: [secondsKept], by second % secondsKept.
    using Track = std::vector<float>;
    struct Tracks
    {
        std::vector<Track> metrics; // [metricCount]
    };

    Tracks& tracksOf(NodeId node);
    void advanceTo(qint64 second);
    float at(const Track& track, qint64 second) const;

    std::map<NodeId, Tracks> m_tracks;
    qint64 m_lastSecond = 0;
    qint64 m_firstSecond = 0;
};

} // namespace quoit
