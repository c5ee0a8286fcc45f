// console/cluster/alert_rules.h - the rules for alerts that ship: what each looks at, and its bound. Pure.
// When a rule that is broken becomes an alert, and when the alert ends: console/cluster/alert_watch.h.
#pragma once

#include "console/cluster/metric.h"

#include <QString>

#include <array>
#include <optional>
#include <vector>

namespace quoit {

enum class AlertRule {
    NoMajority,
    StorageFull,
    NodeDown,
    Busy,
    NodeSuspect,
    BelowStrength,
    DiskNearlyFull,
    SlowRequests,
    SlowCommits,
    Queue,
    HitRatioFallen,
    Evicting,
    AtLimit,
    Imbalance,
    HotKey,
    ClockSkew,
    TombstonesWaiting,
};
inline constexpr int alertRuleCount = int(AlertRule::TombstonesWaiting) + 1;

enum class AlertLevel { Warning, Critical };

/// What a rule's figure counts. The base unit is in brackets.
enum class AlertUnit {
    State, ///< the rule has no bound to set
    Count,
    PerSecond,    ///< [1/s]
    Microseconds, ///< [µs]
    Milliseconds, ///< [ms]
    Share,        ///< [0 … 1]
    Factor,       ///< [× of what is fair]
};

struct AlertRuleFacts
{
    AlertRule rule;
    const char* id;      ///< lasting: names the rule in settings and files
    AlertLevel level;
    AlertUnit unit;
    bool isFloor;        ///< broken by a figure below the bound, not above it
    double bound;        ///< as shipped; broken at the bound itself
    double boundMin;     ///< what may be set
    double boundMax;
    int holdSeconds;     ///< broken for so long in a row before it is an alert
    std::optional<Metric> metric; ///< the chart that shows it
};

const AlertRuleFacts& factsOf(AlertRule rule);
/// @return nothing for a name that is none
std::optional<AlertRule> alertRuleOf(const QString& id);

/// What can be set of each rule; [alertRuleCount].
struct AlertRuleSetting
{
    bool isOn = true;
    double bound = 0;
    bool operator==(const AlertRuleSetting&) const = default;
};
using AlertSettings = std::array<AlertRuleSetting, alertRuleCount>;
/// As shipped.
AlertSettings defaultAlertSettings();

/// What an alert is about. At most one alert for each at a time.
struct AlertSubject
{
    AlertRule rule = AlertRule::NodeDown;
    NodeId node = noNode; ///< noNode: the whole cluster
    std::string key;      ///< of HotKey; empty: it is about no key
    auto operator<=>(const AlertSubject&) const = default;
};

/// What one report says of one subject.
struct AlertReading
{
    AlertSubject subject;
    double figure = 0;  ///< NaN: nobody told
    qint64 forMs = 0;   ///< it has been so for this long before the report, as the node says; 0: it doesn't say
    bool isSuperseded = false; ///< another rule says worse of it: an alert ends at once
};

/// Everything that the rules look at, broken or not, ascending by subject. [0] before the first report.
/// HitRatioFallen's figure is the hit ratio itself, infinite while there is too little load to judge; what is usual, and so how far
/// it fell, only AlertWatch knows.
std::vector<AlertReading> alertReadings(const ClusterSnapshot& snapshot);

} // namespace quoit
