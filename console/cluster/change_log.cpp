#include "console/cluster/change_log.h"

#include "shared/ring/change_plan.h"

#include <QJsonObject>

#include <algorithm>

namespace quoit {

namespace {

using Outcome = KeptChange::Outcome;

QString outcomeWord(Outcome outcome)
{
    switch (outcome) {
    case Outcome::Running:
        return QStringLiteral("running");
    case Outcome::Done:
        return QStringLiteral("done");
    case Outcome::Aborted:
        return QStringLiteral("aborted");
    case Outcome::Impossible:
        return QStringLiteral("impossible");
    case Outcome::Unknown:
        break;
    }
    return QStringLiteral("unknown");
}

Outcome outcomeOf(const QString& word)
{
    for (const Outcome outcome : {Outcome::Running, Outcome::Done, Outcome::Aborted, Outcome::Impossible})
        if (outcomeWord(outcome) == word)
            return outcome;
    return Outcome::Unknown;
}

Outcome outcomeOf(EndedChange::Outcome outcome)
{
    return outcomeOf(QString::fromStdString(toText(outcome)));
}

/// JSON's numbers are doubles: 64 bits go as text.
QString numberIn(const QJsonObject& json, const char* name)
{
    return json.value(QLatin1String(name)).toString();
}

} // namespace

ChangeLog::ChangeLog(QString fileName, QObject* parent)
    : QObject(parent)
    , m_file(std::move(fileName))
{
    connect(&m_file, &JsonFile::troubleChanged, this, &ChangeLog::changed);
    load();
}

void ChangeLog::follow(const ClusterMap& map, qint64 nowMs)
{
    const QString clusterId = QString::fromStdString(map.clusterId());
    if (clusterId == m_clusterId && map.revision() <= m_revision)
        return;
    m_clusterId = clusterId;
    m_revision = map.revision();
    bool isChanged = false;
    const ClusterMapParts& parts = map.parts();
    for (const EndedChange& ended : parts.ended)
        isChanged |= takeOver(ended, nowMs);
    const quint64 number = parts.change ? parts.change->wanted.number : 0;
    bool isKnown = false;
    for (KeptChange& kept : m_changes) {
        if (kept.clusterId != clusterId)
            continue;
        isKnown |= kept.number == number;
        if (kept.outcome != Outcome::Running || kept.number == number)
            continue;
        kept.outcome = Outcome::Unknown;
        kept.endedMs = nowMs;
        isChanged = true;
    }
    if (parts.change && !isKnown) {
        KeptChange kept;
        kept.clusterId = clusterId;
        kept.number = number;
        kept.epoch = map.epoch();
        kept.text = QString::fromStdString(toText(map, parts.change->wanted.steps));
        kept.beganMs = nowMs;
        for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
            kept.partitions += newReplicas(map, partition).size();
        add(std::move(kept));
        isChanged = true;
    }
    if (!isChanged)
        return;
    save();
    Q_EMIT changed();
}

void ChangeLog::note(const ChangesReport& report, quint64 bytes, qint64 nowMs)
{
    if (m_clusterId.isEmpty())
        return;
    for (KeptChange& kept : m_changes)
        if (kept.outcome == Outcome::Running && kept.clusterId == m_clusterId && kept.number == report.number)
            kept.bytes = std::max(kept.bytes, bytes); // reaches the file with the end of the change
    bool isChanged = false;
    for (const EndedChangeReport& each : report.ended) {
        EndedChange ended{each.number, EndedChange::Outcome::Done, each.epoch, static_cast<std::int64_t>(each.endedMs), each.partitionsToCopy, each.text};
        for (const auto outcome : {EndedChange::Outcome::Aborted, EndedChange::Outcome::Impossible})
            if (each.outcome == toText(outcome))
                ended.outcome = outcome;
        isChanged |= takeOver(ended, nowMs);
    }
    if (!isChanged)
        return;
    save();
    Q_EMIT changed();
}

bool ChangeLog::takeOver(const EndedChange& ended, qint64 nowMs)
{
    const auto kept = std::ranges::find_if(
        m_changes, [&](const KeptChange& each) { return each.clusterId == m_clusterId && each.number == ended.number; });
    const bool isKept = kept != m_changes.end();
    if (isKept && kept->outcome != Outcome::Running && kept->outcome != Outcome::Unknown)
        return false;
    KeptChange change = isKept ? *kept : KeptChange{};
    change.outcome = outcomeOf(ended.outcome);
    change.endedMs = std::max(ended.endedMs > 0 ? qint64(ended.endedMs) : nowMs, change.beganMs); // their clock may differ
    if (isKept) {
        *kept = std::move(change);
        return true;
    }
    change.clusterId = m_clusterId;
    change.number = ended.number;
    change.epoch = ended.epoch;
    change.text = QString::fromStdString(ended.text);
    change.partitions = ended.partitions;
    add(std::move(change));
    return true;
}

/// In the order of numbers among those of its cluster.
void ChangeLog::add(KeptChange kept)
{
    const auto next = std::ranges::find_if(
        m_changes, [&](const KeptChange& each) { return each.clusterId == kept.clusterId && each.number > kept.number; });
    m_changes.insert(next, std::move(kept));
    if (m_changes.size() > keptMax)
        m_changes.erase(m_changes.begin());
}

std::vector<KeptChange> ChangeLog::of(const std::string& clusterId) const
{
    std::vector<KeptChange> found;
    std::copy_if(m_changes.rbegin(), m_changes.rend(), std::back_inserter(found),
                 [id = QString::fromStdString(clusterId)](const KeptChange& kept) { return kept.clusterId == id; });
    return found;
}

void ChangeLog::load()
{
    for (const QJsonValue& value : m_file.read()) {
        const QJsonObject json = value.toObject();
        KeptChange kept;
        kept.clusterId = json.value(QLatin1String("cluster")).toString();
        kept.number = numberIn(json, "number").toULongLong();
        kept.epoch = numberIn(json, "epoch").toULongLong();
        kept.text = json.value(QLatin1String("text")).toString();
        kept.outcome = outcomeOf(json.value(QLatin1String("outcome")).toString());
        kept.beganMs = numberIn(json, "began-ms").toLongLong();
        kept.endedMs = numberIn(json, "ended-ms").toLongLong();
        kept.partitions = numberIn(json, "partitions").toULongLong();
        kept.bytes = numberIn(json, "bytes").toULongLong();
        if (!kept.clusterId.isEmpty() && m_changes.size() < keptMax)
            m_changes.push_back(std::move(kept));
    }
}

void ChangeLog::save()
{
    QJsonArray array;
    for (const KeptChange& kept : m_changes)
        array.append(QJsonObject{{QStringLiteral("cluster"), kept.clusterId},
                                 {QStringLiteral("number"), QString::number(kept.number)},
                                 {QStringLiteral("epoch"), QString::number(kept.epoch)},
                                 {QStringLiteral("text"), kept.text},
                                 {QStringLiteral("outcome"), outcomeWord(kept.outcome)},
                                 {QStringLiteral("began-ms"), QString::number(kept.beganMs)},
                                 {QStringLiteral("ended-ms"), QString::number(kept.endedMs)},
                                 {QStringLiteral("partitions"), QString::number(kept.partitions)},
                                 {QStringLiteral("bytes"), QString::number(kept.bytes)}});
    m_file.write(array);
}

} // namespace quoit
