#include "console/cluster/history.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr int gapSeconds = 2; // reports come about once a second: one may miss its second

std::size_t slotOf(qint64 second)
{
    return std::size_t(second % History::secondsKept);
}

} // namespace

History::History(QObject* parent)
    : QObject(parent)
{}

void History::add(const ClusterSnapshot& snapshot)
{
    const qint64 second = snapshot.receivedMs / 1000;
    if (second == 0 || second + secondsKept <= m_lastSecond)
        return;
    if (second < m_lastSecond)
        clear(); // the clock was set back: what lies in the future would stay there
    advanceTo(second);
    const auto note = [&](NodeId node, const MetricValues& values) {
        Tracks& tracks = tracksOf(node);
        for (int i = 0; i < metricCount; ++i)
            tracks.metrics[std::size_t(i)][slotOf(second)] = values[std::size_t(i)];
    };
    note(noNode, metricsOf(snapshot));
    for (const NodeReport& node : snapshot.nodes)
        note(node.id, metricsOf(node));
    Q_EMIT added();
}

void History::clear()
{
    m_tracks.clear();
    m_lastSecond = 0;
    m_firstSecond = 0;
}

QVector<QPointF> History::series(NodeId node, Metric metric, TimeRange range, int pixels) const
{
    QVector<QPointF> points;
    const auto found = m_tracks.find(node);
    if (found == m_tracks.end() || range.toMs <= range.fromMs || pixels <= 0)
        return points;
    const Track& track = found->second.metrics[std::size_t(metric)];
    const qint64 first = std::max(range.fromMs / 1000, m_lastSecond - secondsKept + 1);
    const qint64 last = std::min(range.toMs / 1000, m_lastSecond);
    const double pixelMs = std::max(1.0, double(range.toMs - range.fromMs) / pixels);

    QPointF low;
    QPointF high;
    qint64 pixel = -1;
    qint64 previous = 0; // second of the last sample
    const auto flush = [&] {
        if (pixel < 0)
            return;
        points << (low.x() <= high.x() ? low : high);
        if (low != high)
            points << (low.x() <= high.x() ? high : low);
    };
    for (qint64 second = first; second <= last; ++second) {
        const float value = at(track, second);
        if (std::isnan(value))
            continue;
        const QPointF point(double(second) * 1000, double(value));
        const qint64 mine = qint64(double(second * 1000 - range.fromMs) / pixelMs);
        const bool isAfterGap = previous > 0 && second - previous > gapSeconds + 1;
        if (mine != pixel || isAfterGap) {
            flush();
            if (isAfterGap)
                points << QPointF(double(previous + second) * 500, std::numeric_limits<double>::quiet_NaN());
            pixel = std::max<qint64>(mine, 0);
            low = high = point;
        } else {
            low = point.y() < low.y() ? point : low;
            high = point.y() > high.y() ? point : high;
        }
        previous = second;
    }
    flush();
    return points;
}

double History::valueAt(NodeId node, Metric metric, qint64 ms) const
{
    const auto found = m_tracks.find(node);
    if (found == m_tracks.end())
        return std::numeric_limits<double>::quiet_NaN();
    const Track& track = found->second.metrics[std::size_t(metric)];
    for (qint64 second = ms / 1000; second >= ms / 1000 - gapSeconds; --second)
        if (const float value = at(track, second); !std::isnan(value))
            return double(value);
    return std::numeric_limits<double>::quiet_NaN();
}

std::vector<NodeId> History::nodes() const
{
    std::vector<NodeId> ids;
    for (const auto& [id, tracks] : m_tracks)
        if (id != noNode)
            ids.push_back(id);
    return ids;
}

History::Tracks& History::tracksOf(NodeId node)
{
    Tracks& tracks = m_tracks[node];
    if (tracks.metrics.empty())
        tracks.metrics.assign(metricCount, Track(secondsKept, nothing));
    return tracks;
}

/// Empties the slots between the last second and this one: they hold what was an hour earlier.
void History::advanceTo(qint64 second)
{
    if (m_lastSecond == 0)
        m_firstSecond = second;
    const qint64 begin = std::max(m_lastSecond + 1, second - secondsKept + 1);
    for (auto& [id, tracks] : m_tracks)
        for (Track& track : tracks.metrics)
            for (qint64 each = begin; each <= second; ++each)
                track[slotOf(each)] = nothing;
    m_lastSecond = second;
    m_firstSecond = std::max(m_firstSecond, second - secondsKept + 1);
}

float History::at(const Track& track, qint64 second) const
{
    const bool isKept = second > m_lastSecond - secondsKept && second <= m_lastSecond && second >= 0;
    return isKept ? track[slotOf(second)] : nothing;
}

} // namespace quoit
