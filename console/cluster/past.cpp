#include "console/cluster/past.h"

#include <algorithm>

namespace quoit {

Past::Past(History& history, QObject* parent)
    : QObject(parent)
    , m_history(history)
{
    connect(&history, &History::momentRead, this, &Past::onRead);
    connect(&history, &History::timelineRead, this, [this](const TimelinePtr& timeline) {
        m_timeline.add(*timeline);
        Q_EMIT timelineChanged();
    });
    connect(&history, &History::eventsTold, this, [this](const std::vector<ClusterEvent>& events) {
        if (m_timeline.note(events))
            Q_EMIT timelineChanged();
    });
}

void Past::go(qint64 ms)
{
    if (ms >= m_history.lastMs() || m_history.lastMs() == 0)
        return goLive();
    const bool wasLive = isLive();
    m_ms = std::max(ms, m_history.oldestMs());
    if (wasLive)
        Q_EMIT liveChanged();
    Q_EMIT moved();
    ask();
}

void Past::goLive()
{
    if (isLive())
        return;
    m_ms = 0;
    m_moment.reset();
    m_snapshot.reset();
    Q_EMIT liveChanged();
    Q_EMIT moved();
    Q_EMIT shown();
}

void Past::follow(const ClusterSnapshot& snapshot)
{
    if (snapshot.receivedMs > 0)
        m_timeline.listen(snapshot.receivedMs);
}

void Past::clear()
{
    goLive();
    m_askedSecond = 0;
    m_timeline = Timeline();
    Q_EMIT timelineChanged();
}

void Past::ask()
{
    if (m_askedSecond == 0 && m_history.askMoment(m_ms / 1000))
        m_askedSecond = m_ms / 1000;
}

void Past::onRead(const PastMomentPtr& moment)
{
    const qint64 asked = std::exchange(m_askedSecond, 0);
    if (isLive() || asked == 0)
        return;
    m_moment = moment ? moment : std::make_shared<const PastMoment>();
    m_snapshot = snapshotOf(*m_moment, asked == m_ms / 1000 ? m_ms : asked * 1000);
    if (!moment) {
        ClusterSnapshot unread = *m_snapshot;
        unread.health.headline = tr("The past can't be read");
        unread.health.detail = m_history.trouble();
        m_snapshot = std::make_shared<const ClusterSnapshot>(std::move(unread));
    }
    Q_EMIT shown();
    if (asked != m_ms / 1000)
        ask();
}

} // namespace quoit
