#include "console/desktop/verdict.h"

#include "console/desktop/alert_text.h"

#include <QCoreApplication>

namespace quoit {

namespace {

QString translated(const char* text)
{
    return QCoreApplication::translate("quoit::Verdict", text);
}

/// Health judges the same by the latest report, and such an alert goes on for some seconds after it is well again.
bool isJudgedByHealth(AlertRule rule)
{
    return rule == AlertRule::NoMajority || rule == AlertRule::StorageFull || rule == AlertRule::NodeDown ||
           rule == AlertRule::NodeSuspect || rule == AlertRule::BelowStrength;
}

} // namespace

Health verdictOf(Health health, const std::vector<Alert>& active)
{
    const Alert* worst = nullptr;
    int others = 0;
    int ending = 0;
    for (const Alert& alert : active) {
        if (alert.snoozedUntilMs != 0)
            continue;
        if (isJudgedByHealth(alert.subject.rule)) {
            ++ending;
            continue;
        }
        others += worst ? 1 : 0;
        if (!worst || alert.level() >= worst->level())
            worst = &alert;
    }
    const bool wasWell = health.level == Health::Level::Well;
    if (health.level == Health::Level::Unknown || (!worst && (!wasWell || ending == 0)))
        return health;
    if (!worst) {
        health.detail += QLatin1Char(' ') + translated("An alert ends once it has stayed so for ten seconds.");
        return health;
    }
    const bool isCritical = worst->level() == AlertLevel::Critical;
    if (isCritical || wasWell)
        health.level = isCritical ? Health::Level::Critical : Health::Level::Degraded;
    if (!wasWell) { // the ring comes first; what else there is stands behind it
        health.detail += QLatin1Char(' ') + alertText(*worst) + QLatin1Char('.');
        return health;
    }
    health.headline = alertText(*worst);
    if (others > 0)
        health.headline += others == 1 ? translated(", and 1 more alert") : translated(", and %1 more alerts").arg(others);
    return health;
}

} // namespace quoit
