#include "console/desktop/alert_text.h"

#include <QCoreApplication>
#include <QDateTime>
#include <QLocale>

#include <cmath>

namespace quoit {

namespace {

using Rule = AlertRule;

QString translated(const char* text)
{
    return QCoreApplication::translate("quoit::Alerts", text);
}

struct Words
{
    const char* title;
    const char* meaning;
    const char* advice;
};

const Words& wordsOf(Rule rule)
{
    static const Words words[alertRuleCount] = {
        {"Data out of reach", "A partition has no majority of replicas that are up.",
         "Requests for keys of these partitions fail. Bring back the nodes that are down; nothing is lost as long as "
         "their disks are well."},
        {"Disk full", "A node has no space left on its disk.",
         "Writes that need this node are refused, reads go on. Free space on its disk, or add a node."},
        {"Node down", "A node doesn't answer any more.",
         "Requests go to the other replicas. Look at the node's log and start it again; it catches up by itself. If it "
         "is lost for good, plan its replacement on the page Changes."},
        {"Requests refused", "A node answers BUSY to so many requests a second.",
         "More is asked of the node than it can do, and clients get errors. Spread clients over all nodes, slow them "
         "down, or add a node."},
        {"Node suspect", "A node is suspected of being down.",
         "Requests go round it. Look for load, long pauses or a bad network there. It counts as down if it stays silent."},
        {"Below full strength", "Partitions have fewer replicas that are up than they should.",
         "Every request succeeds, but fewer further failures are survived. Bring back the nodes that are down."},
        {"Disk nearly full", "The free share of what a node has for its data falls below the bound.",
         "Free space on its disk, give the node a smaller weight, or add a node: all on the page Changes."},
        {"Slow requests", "The p99 of requests that a node coordinates reaches the bound.",
         "Look at the commit times, the queue and the CPU of the node in the same minutes."},
        {"Slow disk", "The p99 of a node's fsync reaches the bound.",
         "Its disk is slow or shared with others. Every write waits until a majority of its replicas has synced it."},
        {"Long queue", "So many operations wait at a node.",
         "It gets more than it can do. Spread clients over all nodes, slow them down, or add a node."},
        {"Cache hits fell", "A node's cache hit ratio falls to this share of what is usual there.",
         "Clients ask for other keys than before, or for more than fit. Reads go to the disk; a larger cache helps if "
         "it stays so."},
        {"Keys evicted", "A node deletes so many keys a second because it holds all that it may.",
         "Keys that clients stored go. Raise the node's limit, give it a smaller weight, or add a node."},
        {"Nearly at its limit", "A node that may not evict every key holds this share of the bytes that it may.",
         "At the limit writes are answered OOM; reads go on. Raise the limit (CONFIG SET maxmemory), choose a policy that evicts "
         "(CONFIG SET maxmemory-policy), or add a node."},
        {"Imbalance", "The load of a node's partitions is so many times its fair share.",
         "A few partitions get most of the requests: look at the heat band on the page Ring. Weights can be changed on "
         "the page Changes."},
        {"Hot key", "One key gets this share of all requests.",
         "Its home does the work of many. Let clients cache it, or spread it over several keys if it is written often."},
        {"Clock skew", "A node's clock differs from this machine's by the bound.",
         "Times to live end by the nodes' clocks. Check the time synchronization there, and on this machine."},
        {"Tombstones wait", "So many deleted keys can't be forgotten before a node is back and the same as the others.",
         "Bring the node back, or remove it from the ring if it won't come back."},
    };
    return words[std::size_t(rule)];
}

QString clock(qint64 ms)
{
    const QDateTime time = QDateTime::fromMSecsSinceEpoch(ms);
    return time.date() == QDate::currentDate() ? time.toString(QStringLiteral("HH:mm:ss"))
                                               : QLocale().toString(time, QLocale::ShortFormat);
}

/// As text, if it is some.
QString keyName(const std::string& key)
{
    constexpr qsizetype shownMax = 60;
    QString name = QString::fromUtf8(key.data(), qsizetype(key.size()));
    for (QChar& each : name)
        if (!each.isPrint())
            each = QChar::ReplacementCharacter;
    return name.size() > shownMax ? name.left(shownMax) + QStringLiteral("…") : name;
}

QString partitions(double count)
{
    return count == 1 ? translated("1 partition") : translated("%1 partitions").arg(countText(std::uint64_t(count)));
}

} // namespace

QString alertRuleTitle(AlertRule rule)
{
    return translated(wordsOf(rule).title);
}

QString alertRuleMeaning(AlertRule rule)
{
    return translated(wordsOf(rule).meaning);
}

QString alertAdvice(AlertRule rule)
{
    return translated(wordsOf(rule).advice);
}

QString alertFigureText(AlertRule rule, double figure)
{
    switch (factsOf(rule).unit) {
    case AlertUnit::State:
        return {};
    case AlertUnit::Count:
        return numberText(figure);
    case AlertUnit::PerSecond:
        return numberText(figure, Unit::PerSecond);
    case AlertUnit::Microseconds:
        return numberText(figure, Unit::Microseconds);
    case AlertUnit::Milliseconds:
        return numberText(figure * 1000, Unit::Microseconds);
    case AlertUnit::Share:
        return numberText(figure, Unit::Ratio);
    case AlertUnit::Factor:
        return numberText(figure) + QStringLiteral(" ×");
    }
    return {};
}

QString alertText(const Alert& alert)
{
    const bool goesOn = alert.isActive() && (factsOf(alert.subject.rule).isFloor ? alert.figure <= alert.bound : alert.figure >= alert.bound);
    const double shown = goesOn ? alert.figure : alert.worst; // of what is well again, and about to end: why it is an alert
    const QString figure = alertFigureText(alert.subject.rule, shown);
    const QString& node = alert.nodeName;
    switch (alert.subject.rule) {
    case Rule::NoMajority:
        return translated("%1 without a majority of replicas").arg(partitions(shown));
    case Rule::StorageFull:
        return translated("The disk of %1 is full or nearly so").arg(node);
    case Rule::NodeDown:
        return alert.isActive() ? translated("%1 is down").arg(node) : translated("%1 was down").arg(node);
    case Rule::NodeSuspect: // a lost connection is suspicion before phi says anything
        if (shown <= 1)
            return translated("%1 is suspected of being down").arg(node);
        return translated("%1 is suspected of being down, phi %2").arg(node, shown >= 300 ? QStringLiteral("> 300") : numberText(shown));
    case Rule::BelowStrength:
        return translated("%1 below full strength").arg(partitions(shown));
    case Rule::DiskNearlyFull:
        return translated("%1 of the room for data is free at %2").arg(figure, node);
    case Rule::SlowRequests:
        return translated("Requests at %1 are slow: p99 %2").arg(node, figure);
    case Rule::SlowCommits:
        return translated("The disk of %1 is slow: fsync p99 %2").arg(node, figure);
    case Rule::Busy:
        return translated("%1 refuses requests: %2").arg(node, figure);
    case Rule::Evicting:
        return translated("%1 evicts keys: %2").arg(node, figure);
    case Rule::AtLimit:
        return translated("%1 holds %2 of what it may").arg(node, figure);
    case Rule::HotKey:
        return translated("“%1” gets %2 of all requests").arg(keyName(alert.subject.key), figure);
    case Rule::Queue:
        return translated("%1 operations wait at %2").arg(figure, node);
    case Rule::HitRatioFallen:
        return translated("Cache hits at %1 are at %2 of the usual").arg(node, figure);
    case Rule::Imbalance:
        return translated("%1 carries %2 its fair share").arg(node, figure);
    case Rule::ClockSkew:
        return translated("The clock of %1 is off by %2").arg(node, figure);
    case Rule::TombstonesWaiting:
        return translated("%1 tombstones wait for %2").arg(figure, node);
    }
    return {};
}

QString alertBoundText(const Alert& alert)
{
    const QString bound = alertFigureText(alert.subject.rule, alert.bound);
    return bound.isEmpty() ? QString() : translated("bound %1").arg(bound);
}

QString alertStateText(const Alert& alert)
{
    if (!alert.isActive())
        return alert.acknowledgedMs > 0 ? translated("Ended, acknowledged") : translated("Ended");
    const QString level =
        alert.level() == AlertLevel::Critical ? translated("Critical") : translated("Warning");
    if (alert.snoozedUntilMs > 0)
        return translated("%1, snoozed until %2").arg(level, clock(alert.snoozedUntilMs));
    return alert.acknowledgedMs > 0 ? translated("%1, acknowledged").arg(level) : level;
}

QString alertTimeText(const Alert& alert, qint64 nowMs)
{
    const qint64 end = alert.isActive() ? std::max(nowMs, alert.beganMs) : alert.endedMs;
    const QString lasted = durationText(end - alert.beganMs);
    return alert.isActive() ? translated("since %1, for %2").arg(clock(alert.beganMs), lasted)
                            : translated("%1, for %2").arg(clock(alert.beganMs), lasted);
}

StateMark markOf(const Alert& alert)
{
    if (!alert.isActive())
        return StateMark::Up;
    if (alert.snoozedUntilMs > 0)
        return StateMark::Unknown;
    return alert.level() == AlertLevel::Critical ? StateMark::Down : StateMark::Suspect;
}

Unit unitOf(Metric metric)
{
    switch (metric) {
    case Metric::OperationsPerSecond:
    case Metric::ReadsPerSecond:
    case Metric::WritesPerSecond:
    case Metric::ExpiredPerSecond:
    case Metric::EvictedPerSecond:
    case Metric::CacheEvictionsPerSecond:
    case Metric::BusyPerSecond:
    case Metric::ErrorsPerSecond:
        return Unit::PerSecond;
    case Metric::P50Us:
    case Metric::P99Us:
    case Metric::P999Us:
    case Metric::CommitP99Us:
    case Metric::FsyncP99Us:
        return Unit::Microseconds;
    case Metric::HitRatio:
    case Metric::LimitUsed:
        return Unit::Ratio;
    case Metric::MemoryBytes:
    case Metric::DiskBytes:
    case Metric::CacheBytes:
    case Metric::DiskFreeBytes:
    case Metric::QueuedBytes:
    case Metric::DataBytes:
        return Unit::Bytes;
    case Metric::CpuPermille:
        return Unit::Permille;
    case Metric::Keys:
    case Metric::Phi:
    case Metric::WaitingOperations:
    case Metric::Hints:
    case Metric::TombstonesWaiting:
    case Metric::Tombstones:
    case Metric::Connections:
    case Metric::RefusedForRoom:
    case Metric::Homes:
    case Metric::UptimeSeconds:
        break;
    }
    return Unit::Plain;
}

QString metricTitle(Metric metric)
{
    switch (metric) {
    case Metric::OperationsPerSecond:
        return translated("Operations");
    case Metric::ReadsPerSecond:
        return translated("Reads");
    case Metric::WritesPerSecond:
        return translated("Writes");
    case Metric::P50Us:
        return translated("Latency p50");
    case Metric::P99Us:
        return translated("Latency p99");
    case Metric::P999Us:
        return translated("Latency p99.9");
    case Metric::HitRatio:
        return translated("Cache hits");
    case Metric::MemoryBytes:
        return translated("Memory");
    case Metric::DiskBytes:
        return translated("On disk");
    case Metric::Keys:
        return translated("Keys");
    case Metric::Phi:
        return translated("Suspicion (phi)");
    case Metric::CpuPermille:
        return translated("CPU (100 %: one core)");
    case Metric::CacheBytes:
        return translated("Cache");
    case Metric::WaitingOperations:
        return translated("Operations that wait");
    case Metric::CommitP99Us:
        return translated("Commit p99");
    case Metric::Hints:
        return translated("Hints");
    case Metric::TombstonesWaiting:
        return translated("Tombstones that wait");
    case Metric::Tombstones:
        return translated("Tombstones");
    case Metric::DiskFreeBytes:
        return translated("Free on disk");
    case Metric::Connections:
        return translated("Clients");
    case Metric::ExpiredPerSecond:
        return translated("Keys expired");
    case Metric::EvictedPerSecond:
        return translated("Keys evicted");
    case Metric::CacheEvictionsPerSecond:
        return translated("Records that left the cache");
    case Metric::FsyncP99Us:
        return translated("Fsync p99");
    case Metric::QueuedBytes:
        return translated("Waits for the disk");
    case Metric::BusyPerSecond:
        return translated("Requests refused (BUSY)");
    case Metric::ErrorsPerSecond:
        return translated("Requests failed");
    case Metric::LimitUsed:
        return translated("Used of the limit");
    case Metric::RefusedForRoom:
        return translated("Writes refused for room (OOM)");
    case Metric::DataBytes:
        return translated("Data");
    case Metric::Homes:
        return translated("Home of partitions");
    case Metric::UptimeSeconds:
        return translated("Seconds since its start");
    }
    return {};
}

NotificationText notificationText(const std::vector<Alert>& raised)
{
    if (raised.size() == 1)
        return {alertRuleTitle(raised[0].subject.rule), alertText(raised[0])};
    constexpr std::size_t linesMax = 4;
    QStringList lines;
    for (std::size_t i = 0; i < std::min(raised.size(), linesMax); ++i)
        lines << alertText(raised[i]);
    if (raised.size() > linesMax)
        lines << translated("and %1 more").arg(raised.size() - linesMax);
    return {translated("%1 alerts").arg(raised.size()), lines.join(QLatin1Char('\n'))};
}

} // namespace quoit
