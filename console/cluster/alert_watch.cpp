#include "console/cluster/alert_watch.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace quoit {

namespace {

const AlertRuleSetting& settingOf(const AlertSettings& settings, AlertRule rule)
{
    return settings[std::size_t(rule)];
}

bool isBroken(const AlertRuleFacts& facts, double bound, double figure)
{
    return facts.isFloor ? figure <= bound : figure >= bound;
}

bool isWell(const AlertRuleFacts& facts, double bound, double figure)
{
    return facts.isFloor ? figure >= bound * (1 + AlertWatch::clearShare) : figure <= bound * (1 - AlertWatch::clearShare);
}

} // namespace

AlertWatch::Changes AlertWatch::follow(const ClusterSnapshot& snapshot)
{
    Changes changes;
    if (snapshot.receivedMs <= m_lastMs && m_lastMs - snapshot.receivedMs < 60'000)
        return changes; // the ring alone was told, or the clock was set back a little
    if (std::abs(snapshot.receivedMs - m_lastMs) > pauseMs)
        m_counts.clear();
    m_lastMs = snapshot.receivedMs;
    endWhatIsGone(snapshot, changes);
    std::vector<AlertReading> readings = alertReadings(snapshot);
    followKeys(snapshot, readings);
    for (const AlertReading& reading : readings)
        weigh(snapshot, reading, changes);
    return changes;
}

/// A key that isn't among the hottest any more has cooled down; nothing is remembered of the many that come and go.
void AlertWatch::followKeys(const ClusterSnapshot& snapshot, std::vector<AlertReading>& readings)
{
    if (!snapshot.hotKeys)
        return;
    const auto isRead = [&](const AlertSubject& subject) {
        return std::ranges::find(readings, subject, &AlertReading::subject) != readings.end();
    };
    std::vector<AlertReading> cooled;
    for (const Alert& alert : m_active)
        if (alert.subject.rule == AlertRule::HotKey && !isRead(alert.subject))
            cooled.push_back({alert.subject, 0, 0, false});
    std::erase_if(m_counts, [&](const auto& count) {
        return count.first.rule == AlertRule::HotKey && !isRead(count.first) && indexOf(count.first) == m_active.size();
    });
    readings.insert(readings.end(), cooled.begin(), cooled.end());
}

void AlertWatch::weigh(const ClusterSnapshot& snapshot, const AlertReading& reading, Changes& changes)
{
    const AlertRuleFacts& facts = factsOf(reading.subject.rule);
    const AlertRuleSetting& setting = settingOf(m_settings, facts.rule);
    const std::size_t index = indexOf(reading.subject);
    const bool isActive = index < m_active.size();
    if (!setting.isOn || reading.isSuperseded) {
        if (isActive)
            end(index, m_lastMs, changes);
        m_counts.erase(reading.subject);
        return;
    }
    double figure = reading.figure;
    if (facts.rule == AlertRule::HitRatioFallen && std::isfinite(figure))
        figure = shareOfUsual(reading.subject.node, figure);
    if (std::isnan(figure))
        return;
    Count& count = m_counts[reading.subject];
    if (!isBroken(facts, setting.bound, figure))
        count.brokenSinceMs = 0;
    else if (count.brokenSinceMs == 0)
        count.brokenSinceMs = m_lastMs - reading.forMs;
    if (!isWell(facts, setting.bound, figure))
        count.wellSinceMs = 0;
    else if (count.wellSinceMs == 0)
        count.wellSinceMs = m_lastMs;

    if (isActive) {
        Alert& alert = m_active[index];
        alert.figure = figure;
        alert.bound = setting.bound;
        alert.worst = facts.isFloor ? std::min(alert.worst, figure) : std::max(alert.worst, figure);
        if (count.wellSinceMs > 0 && m_lastMs - count.wellSinceMs >= clearMs)
            end(index, count.wellSinceMs, changes);
    } else if (count.brokenSinceMs > 0 && m_lastMs - count.brokenSinceMs >= qint64(facts.holdSeconds) * 1000) {
        AlertReading begun = reading;
        begun.figure = figure;
        begin(snapshot, begun, count.brokenSinceMs, changes);
    }
}

/// How much of the usual is left, where the usual follows slowly: a ratio that has always been low is nobody's alarm,
/// and one that fell for good becomes the usual after a while.
double AlertWatch::shareOfUsual(NodeId node, double hitRatio)
{
    Usual& usual = m_usual[node];
    usual.samples = std::min(usual.samples + 1, usualSamples);
    usual.hitRatio += (hitRatio - usual.hitRatio) / usual.samples;
    return usual.samples < usualSamplesMin || usual.hitRatio <= 0 ? std::nan("") : hitRatio / usual.hitRatio;
}

void AlertWatch::begin(const ClusterSnapshot& snapshot, const AlertReading& reading, qint64 sinceMs, Changes& changes)
{
    Alert alert;
    alert.number = ++m_lastNumber;
    alert.subject = reading.subject;
    if (const NodeReport* node = snapshot.node(reading.subject.node))
        alert.nodeName = QString::fromStdString(node->name);
    alert.figure = alert.worst = reading.figure;
    alert.bound = settingOf(m_settings, reading.subject.rule).bound;
    alert.beganMs = sinceMs;
    m_active.push_back(alert);
    changes.began.push_back(alert.number);
}

void AlertWatch::end(std::size_t index, qint64 ms, Changes& changes)
{
    Alert alert = m_active[index];
    m_active.erase(m_active.begin() + std::ptrdiff_t(index));
    alert.endedMs = std::max(ms, alert.beganMs);
    m_counts.erase(alert.subject);
    changes.ended.push_back(std::move(alert));
}

/// A node that has left the ring has no state any more.
void AlertWatch::endWhatIsGone(const ClusterSnapshot& snapshot, Changes& changes)
{
    for (std::size_t i = m_active.size(); i-- > 0;)
        if (m_active[i].subject.node != noNode && !snapshot.node(m_active[i].subject.node))
            end(i, m_lastMs, changes);
}

Alert* AlertWatch::find(quint64 number)
{
    const auto found = std::ranges::find(m_active, number, &Alert::number);
    return found == m_active.end() ? nullptr : &*found;
}

void AlertWatch::restore(std::vector<Alert> active, quint64 lastNumber)
{
    m_active = std::move(active);
    m_counts.clear();
    m_usual.clear();
    m_lastNumber = lastNumber;
    m_lastMs = 0;
}

std::size_t AlertWatch::indexOf(const AlertSubject& subject) const
{
    return std::size_t(std::ranges::find(m_active, subject, &Alert::subject) - m_active.begin());
}

} // namespace quoit
