#include "console/cluster/history.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quoit {

namespace {

constexpr float nothing = std::numeric_limits<float>::quiet_NaN();
constexpr int gapSeconds = 2;     // reports come about once a second: one may miss its second
constexpr int windowSteps = 1440; // of a stretch of the past: more than a chart has pixels

std::size_t slotOf(qint64 second)
{
    return std::size_t(second % History::secondsKept);
}

/// Joins samples, ascending, to at most two points a pixel.
class Line
{
public:
    Line(TimeRange range, int pixels)
        : m_range(range)
        , m_pixelMs(std::max(1.0, double(range.toMs - range.fromMs) / pixels))
    {}

    /// @param step how many seconds the sample stands for
    void add(qint64 second, int step, float low, float high)
    {
        const double ms = double(second) * 1000;
        const qint64 pixel = std::max<qint64>(0, qint64((ms - double(m_range.fromMs)) / m_pixelMs));
        const bool isAfterGap = m_end > 0 && second - m_end > gapSeconds;
        if (pixel != m_pixel || isAfterGap) {
            flush();
            if (isAfterGap)
                m_points << QPointF(double(m_end - 1 + second) * 500, std::numeric_limits<double>::quiet_NaN());
            m_pixel = pixel;
            m_low = QPointF(ms, double(low));
            m_high = QPointF(ms, double(high));
        } else {
            m_low = double(low) < m_low.y() ? QPointF(ms, double(low)) : m_low;
            m_high = double(high) > m_high.y() ? QPointF(ms, double(high)) : m_high;
        }
        m_end = second + step;
    }

    QVector<QPointF> take()
    {
        flush();
        return std::move(m_points);
    }

private:
    void flush()
    {
        if (m_pixel < 0)
            return;
        m_points << (m_low.x() <= m_high.x() ? m_low : m_high);
        if (m_low != m_high)
            m_points << (m_low.x() <= m_high.x() ? m_high : m_low);
    }

    const TimeRange m_range;
    const double m_pixelMs;
    QVector<QPointF> m_points;
    QPointF m_low;
    QPointF m_high;
    qint64 m_pixel = -1;
    qint64 m_end = 0; // of the last sample
};

} // namespace

History::History(QString fileName, QObject* parent)
    : QObject(parent)
{
    if (fileName.isEmpty())
        return;
    m_store = std::make_unique<HistoryStore>(std::move(fileName));
    connect(m_store.get(), &HistoryStore::read, this, &History::onRead);
    connect(m_store.get(), &HistoryStore::momentRead, this, [this](const QString& clusterId, const PastMomentPtr& moment) {
        if (clusterId == m_clusterId)
            Q_EMIT momentRead(moment);
    });
    connect(m_store.get(), &HistoryStore::timelineRead, this, [this](const QString& clusterId, const TimelinePtr& timeline) {
        if (clusterId == m_clusterId)
            Q_EMIT timelineRead(timeline);
    });
    connect(m_store.get(), &HistoryStore::troubleChanged, this, &History::troubleChanged);
}

History::~History()
{
    flush();
}

void History::add(const ClusterSnapshot& snapshot)
{
    const qint64 second = snapshot.receivedMs / 1000;
    if (second == 0 || second + secondsKept <= m_lastSecond)
        return;
    if (second < m_lastSecond)
        clear(); // the clock was set back: what lies in the future would stay there
    advanceTo(second);
    HistorySecond told;
    told.second = second;
    told.nodes.emplace_back(noNode, metricsOf(snapshot));
    for (const NodeReport& node : snapshot.nodes)
        told.nodes.emplace_back(node.id, metricsOf(node));
    for (const auto& [node, values] : told.nodes) {
        Tracks& tracks = tracksOf(node);
        for (int i = 0; i < metricCount; ++i)
            tracks.metrics[std::size_t(i)][slotOf(second)] = values[std::size_t(i)];
    }
    std::vector<ClusterEvent> events = newEvents(snapshot);
    if (!events.empty())
        Q_EMIT eventsTold(events);
    std::ranges::move(events, std::back_inserter(m_ownEvents));
    if (m_store && snapshot.map) {
        if (m_clusterId.isEmpty()) {
            m_clusterId = QString::fromStdString(snapshot.map->clusterId());
            m_store->ask(m_clusterId, second - secondsKept + 1, second, second, secondsKept);
            m_store->askTimeline(m_clusterId);
        }
        addRareThings(snapshot, told);
        m_pending.push_back(std::move(told));
        if (second - m_pending.front().second >= batchSeconds)
            flush();
    }
}

/// With the first second of each batch as well: a new file may have taken the place of a damaged one.
void History::addRareThings(const ClusterSnapshot& snapshot, HistorySecond& told)
{
    std::vector<NodePast> states = nodePastsOf(snapshot, m_lastStates);
    if (m_pending.empty() || snapshot.map != m_lastMap)
        told.map = snapshot.map;
    if (m_pending.empty() || states != m_lastStates)
        told.states = states;
    told.events = std::exchange(m_ownEvents, {});
    m_lastMap = snapshot.map;
    m_lastStates = std::move(states);
}

/// Snapshots have the last few hundred, and new ones come at the end.
std::vector<ClusterEvent> History::newEvents(const ClusterSnapshot& snapshot)
{
    const auto isLast = [this](const ClusterEvent& event) {
        return m_lastEvent && event.timeMs == m_lastEvent->timeMs && event.text == m_lastEvent->text;
    };
    const auto last = std::find_if(snapshot.events.rbegin(), snapshot.events.rend(), isLast);
    std::vector<ClusterEvent> events(last.base(), snapshot.events.end());
    if (!events.empty())
        m_lastEvent = events.back();
    return events;
}

void History::note(const ClusterEvent& event)
{
    constexpr std::size_t waitingMax = 1000; // until a report with a map comes
    if (m_ownEvents.size() < waitingMax)
        m_ownEvents.push_back(event);
    Q_EMIT eventsTold({event});
}

bool History::askMoment(qint64 second)
{
    if (!m_store || m_clusterId.isEmpty())
        return false;
    flush(); // where a gap ends is told with it
    m_store->askMoment(m_clusterId, second);
    return true;
}

void History::flush()
{
    if (m_store && !m_pending.empty())
        m_store->append(m_clusterId, std::exchange(m_pending, {}));
}

void History::clear()
{
    flush();
    m_tracks.clear();
    m_lastSecond = 0;
    m_firstSecond = 0;
    m_clusterId.clear();
    m_isRestored = false;
    m_keptSecond = 0;
    m_past.reset();
    m_asked.reset();
    m_lastMap.reset();
    m_lastStates.clear();
    m_lastEvent.reset();
    m_ownEvents.clear();
}

/// The right end comes from memory, so that a live view needs no new window for most of an hour.
void History::look(TimeRange range)
{
    const qint64 from = std::max(range.fromMs / 1000, m_lastSecond - historySeconds);
    if (!m_isRestored || from >= memorySecond())
        return;
    const qint64 to = range.toMs / 1000;
    const qint64 needed = std::min(to, m_lastSecond - secondsKept / 2);
    if (m_past && m_past->fromSecond <= from && m_past->toSecond >= needed &&
        m_past->toSecond - m_past->fromSecond <= 2 * (to - from))
        return;
    if (m_asked)
        return; // its answer makes the pages look again
    m_asked = Asked{from, to};
    flush();
    m_store->ask(m_clusterId, from, to, m_lastSecond, windowSteps);
}

void History::onRead(const QString& clusterId, const HistoryWindowPtr& window, qint64 firstSecond)
{
    if (clusterId != m_clusterId)
        return;
    m_keptSecond = firstSecond;
    if (!m_isRestored) {
        m_isRestored = true;
        if (window)
            restore(*window);
    } else {
        m_asked.reset();
        m_past = window ? window : std::make_shared<const HistoryWindow>();
    }
    Q_EMIT fetched();
}

/// What this object has heard itself stays.
void History::restore(const HistoryWindow& window)
{
    for (const auto& [node, bands] : window.nodes) {
        Tracks& tracks = tracksOf(node);
        for (std::size_t i = 0; i < bands.size(); ++i) { // one figure after the other, as they lie in the memory
            Track& track = tracks.metrics[i];
            for (std::size_t step = 0; step < window.steps(); ++step) {
                const qint64 second = window.fromSecond + qint64(step) * window.stepSeconds;
                if (second < memorySecond() || second > m_lastSecond || std::isnan(bands[i].high[step]))
                    continue;
                float& sample = track[slotOf(second)];
                sample = std::isnan(sample) ? bands[i].high[step] : sample;
                m_firstSecond = std::min(m_firstSecond, second);
            }
        }
    }
}

qint64 History::oldestMs() const
{
    return m_keptSecond > 0 ? std::min(m_keptSecond, m_firstSecond) * 1000 : firstMs();
}

QVector<QPointF> History::series(NodeId node, Metric metric, TimeRange range, int pixels) const
{
    if (range.toMs <= range.fromMs || pixels <= 0)
        return {};
    Line line(range, pixels);
    const qint64 from = range.fromMs / 1000;
    const qint64 to = std::min(range.toMs / 1000, m_lastSecond);
    const HistoryWindow::Band* past = m_past ? m_past->band(node, metric) : nullptr;
    if (past && from < memorySecond()) {
        const int step = m_past->stepSeconds;
        for (std::size_t i = 0; i < m_past->steps(); ++i) {
            const qint64 second = m_past->fromSecond + qint64(i) * step;
            if (second + step > from && second <= to && second < memorySecond() && !std::isnan(past->low[i]))
                line.add(second, step, past->low[i], past->high[i]);
        }
    }
    if (const auto found = m_tracks.find(node); found != m_tracks.end()) {
        const Track& track = found->second.metrics[std::size_t(metric)];
        for (qint64 second = std::max(from, memorySecond()); second <= to; ++second)
            if (const float value = at(track, second); !std::isnan(value))
                line.add(second, 1, value, value);
    }
    return line.take();
}

ValueBand History::bandAt(NodeId node, Metric metric, qint64 ms) const
{
    constexpr double none = std::numeric_limits<double>::quiet_NaN();
    const qint64 second = ms / 1000;
    if (second < memorySecond()) {
        const HistoryWindow::Band* past = m_past ? m_past->band(node, metric) : nullptr;
        if (!past || second < m_past->fromSecond || second >= m_past->toSecond)
            return {none, none};
        const auto step = std::size_t((second - m_past->fromSecond) / m_past->stepSeconds);
        return {double(past->low[step]), double(past->high[step])};
    }
    const auto found = m_tracks.find(node);
    if (found == m_tracks.end())
        return {none, none};
    const Track& track = found->second.metrics[std::size_t(metric)];
    for (qint64 each = second; each >= second - gapSeconds; --each)
        if (const float value = at(track, each); !std::isnan(value))
            return {double(value), double(value)};
    return {none, none};
}

int History::stepSecondsAt(qint64 ms) const
{
    return m_past && ms / 1000 < memorySecond() ? m_past->stepSeconds : 1;
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
