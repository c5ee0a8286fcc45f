// console/desktop/alert_text.h - alerts and their rules in words. Pure.
#pragma once

#include "console/cluster/alert_watch.h"
#include "console/desktop/number_text.h"
#include "console/desktop/theme.h"

namespace quoit {

QString alertRuleTitle(AlertRule rule);   ///< "Node down"
QString alertRuleMeaning(AlertRule rule); ///< what the rule looks at, in a sentence
QString alertAdvice(AlertRule rule);      ///< what it means, and what to do

/// "node-3 is down", "Slow requests at node-2: p99 is 240 ms"; of one that ended, with its worst figure.
QString alertText(const Alert& alert);
/// "240 ms"; empty for rules without a figure
QString alertFigureText(AlertRule rule, double figure);
/// "bound 100 ms"; empty for rules without one
QString alertBoundText(const Alert& alert);
/// "Critical", "Warning"; "Ended" once it has; followed by who has seen it: "Warning, acknowledged"
QString alertStateText(const Alert& alert);
/// "since 14:03:22, for 3 min"; of one that ended "14:03:22, for 3 min". The date too where it isn't today's.
QString alertTimeText(const Alert& alert, qint64 nowMs);
/// ✕ critical, ▲ warning, ◌ snoozed, ● ended
StateMark markOf(const Alert& alert);
/// The unit on axes and in fields.
Unit unitOf(Metric metric);
QString metricTitle(Metric metric); ///< of its chart: "Latency p99"

/// A desktop notification about alerts that want to be noticed: its title and text. @param raised not empty
struct NotificationText
{
    QString title;
    QString text;
};
NotificationText notificationText(const std::vector<Alert>& raised);

} // namespace quoit
