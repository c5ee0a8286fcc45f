#include "console/cluster/change_log.h"

#include "shared/ring/change_plan.h"

#include <QCryptographicHash>
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
    case Outcome::Unknown:
        break;
    }
    return QStringLiteral("unknown");
}

Outcome outcomeOf(const QString& word)
{
    for (const Outcome outcome : {Outcome::Running, Outcome::Done, Outcome::Aborted})
        if (outcomeWord(outcome) == word)
            return outcome;
    return Outcome::Unknown;
}

/// The same for the same members with the same tokens, weights and zones, and as many replicas.
QString fingerprintOf(const std::vector<Member>& members, std::uint32_t replicaCount)
{
    QCryptographicHash hash(QCryptographicHash::Sha1);
    const auto add = [&hash](const QString& text) { hash.addData(text.toUtf8() + '\n'); };
    add(QString::number(replicaCount));
    for (const Member& member : members) {
        add(QStringLiteral("%1 %2 %3").arg(member.id).arg(member.weight).arg(QString::fromStdString(member.zone)));
        for (const PartitionIndex token : member.tokens)
            add(QString::number(token));
    }
    return QString::fromLatin1(hash.result().toHex());
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
    load();
}

void ChangeLog::follow(const ClusterMap& map, qint64 nowMs)
{
    const QString clusterId = QString::fromStdString(map.clusterId());
    if (clusterId == m_clusterId && map.epoch() <= m_epoch)
        return;
    m_clusterId = clusterId;
    m_epoch = map.epoch();
    bool isChanged = false;
    const ClusterMapParts& parts = map.parts();
    const QString members = fingerprintOf(parts.members, parts.replicaCount);
    for (KeptChange& kept : m_changes) {
        if (kept.outcome != Outcome::Running || kept.clusterId != clusterId || map.epoch() <= kept.epoch)
            continue;
        kept.outcome = members == kept.membersAfter    ? Outcome::Done
                       : members == kept.membersBefore ? Outcome::Aborted
                                                       : Outcome::Unknown;
        kept.endedMs = nowMs;
        isChanged = true;
    }
    const auto isKnown = [&](const KeptChange& kept) {
        return kept.clusterId == clusterId && parts.change && kept.number == parts.change->wanted.number;
    };
    if (parts.change && std::ranges::none_of(m_changes, isKnown)) {
        KeptChange kept;
        kept.clusterId = clusterId;
        kept.number = parts.change->wanted.number;
        kept.epoch = map.epoch();
        kept.text = QString::fromStdString(toText(map, parts.change->wanted.steps));
        kept.beganMs = nowMs;
        kept.membersBefore = members;
        kept.membersAfter = fingerprintOf(parts.change->members, parts.change->replicaCount);
        for (PartitionIndex partition = 0; partition < map.partitionCount(); ++partition)
            kept.partitions += newReplicas(map, partition).size();
        m_changes.push_back(std::move(kept));
        if (m_changes.size() > keptMax)
            m_changes.erase(m_changes.begin());
        isChanged = true;
    }
    if (!isChanged)
        return;
    save();
    Q_EMIT changed();
}

void ChangeLog::note(const ChangesReport& report, quint64 bytes)
{
    for (KeptChange& kept : m_changes)
        if (kept.outcome == Outcome::Running && kept.clusterId == m_clusterId && kept.number == report.number)
            kept.bytes = std::max(kept.bytes, bytes); // reaches the file with the end of the change
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
        kept.membersBefore = json.value(QLatin1String("before")).toString();
        kept.membersAfter = json.value(QLatin1String("after")).toString();
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
                                 {QStringLiteral("bytes"), QString::number(kept.bytes)},
                                 {QStringLiteral("before"), kept.membersBefore},
                                 {QStringLiteral("after"), kept.membersAfter}});
    m_file.write(array);
}

} // namespace quoit
