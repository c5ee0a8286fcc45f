// console/cluster/alert_watch.h - when a rule that is broken becomes an alert, and when that ends. Pure: the only time
// it knows is that of the reports.
//
// An alert begins once its rule has been broken for AlertRuleFacts::holdSeconds without a break, and ends once the
// figure has been well clear of the bound for a while, so that a figure that wavers about it makes one alert and not
// fifty. What nobody tells is no sign of anything: it neither begins nor ends an alert.
#pragma once

#include "console/cluster/alert_rules.h"

#include <map>
#include <vector>

namespace quoit {

struct Alert
{
    quint64 number = 0; ///< 1 …; names it as long as this console keeps it
    AlertSubject subject;
    QString nodeName;   ///< empty: the whole cluster
    double figure = 0;  ///< the latest that was told
    double worst = 0;   ///< the farthest from well since it began
    double bound = 0;   ///< the latest
    qint64 beganMs = 0; ///< Unix epoch: when the rule was first broken
    qint64 endedMs = 0; ///< when it was first well again; 0: it goes on
    qint64 acknowledgedMs = 0; ///< 0: nobody has
    qint64 snoozedUntilMs = 0; ///< 0: it isn't

    bool isActive() const { return endedMs == 0; }
    AlertLevel level() const { return factsOf(subject.rule).level; }
};

class AlertWatch
{
public:
    static constexpr qint64 clearMs = 10'000;    ///< well for so long before an alert ends
    static constexpr double clearShare = 0.2;    ///< of the bound: how far from it is well
    static constexpr qint64 pauseMs = 5000;      ///< without a report for longer: what was counted towards beginning or end starts over
    static constexpr int usualSamplesMin = 60;   ///< with enough load, before there is a usual hit ratio
    static constexpr int usualSamples = 600;     ///< it follows the hit ratio over about so many

    struct Changes
    {
        std::vector<quint64> began; ///< numbers
        std::vector<Alert> ended;   ///< not in active() any more
    };

    void setSettings(const AlertSettings& settings) { m_settings = settings; }
    const AlertSettings& settings() const { return m_settings; }

    /// @param snapshot of a later report than the last one; others are ignored
    Changes follow(const ClusterSnapshot& snapshot);
    /// The latest begun last.
    const std::vector<Alert>& active() const { return m_active; }
    /// @return nullptr: there is none. Valid until the next call of another function.
    Alert* find(quint64 number);
    /// Of another cluster, or of the same one before a restart. @param lastNumber that was ever given
    void restore(std::vector<Alert> active, quint64 lastNumber);

private:
    /// How long something has been so.
    struct Count
    {
        qint64 brokenSinceMs = 0; ///< 0: it isn't
        qint64 wellSinceMs = 0;   ///< likewise
    };
    struct Usual
    {
        double hitRatio = 0;
        int samples = 0;
    };

    void weigh(const ClusterSnapshot& snapshot, const AlertReading& reading, Changes& changes);
    double shareOfUsual(NodeId node, double hitRatio);
    void begin(const ClusterSnapshot& snapshot, const AlertReading& reading, qint64 sinceMs, Changes& changes);
    void end(std::size_t index, qint64 ms, Changes& changes);
    void endWhatIsGone(const ClusterSnapshot& snapshot, Changes& changes);
    void followKeys(const ClusterSnapshot& snapshot, std::vector<AlertReading>& readings);
    std::size_t indexOf(const AlertSubject& subject) const;

    AlertSettings m_settings = defaultAlertSettings();
    std::vector<Alert> m_active;
    std::map<AlertSubject, Count> m_counts;
    std::map<NodeId, Usual> m_usual;
    quint64 m_lastNumber = 0;
    qint64 m_lastMs = 0;
};

} // namespace quoit
