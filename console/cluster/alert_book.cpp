#include "console/cluster/alert_book.h"

#include <QJsonObject>

#include <algorithm>

namespace quoit {

namespace {

QString settingKey(AlertRule rule, const char* what)
{
    return QStringLiteral("alerts/%1/%2").arg(QLatin1String(factsOf(rule).id), QLatin1String(what));
}

AlertSettings readSettings(const Settings& settings)
{
    AlertSettings read = defaultAlertSettings();
    for (int i = 0; i < alertRuleCount; ++i) {
        const AlertRuleFacts& facts = factsOf(AlertRule(i));
        AlertRuleSetting& each = read[std::size_t(i)];
        each.isOn = settings.value(settingKey(facts.rule, "on"), true).toBool();
        bool isNumber = false;
        const double bound = settings.value(settingKey(facts.rule, "bound"), facts.bound).toDouble(&isNumber);
        if (isNumber && bound >= facts.boundMin && bound <= facts.boundMax)
            each.bound = bound;
    }
    return read;
}

/// JSON's numbers are doubles: 64 bits go as text.
QJsonObject toJson(const QString& clusterId, const Alert& alert)
{
    return {{QStringLiteral("cluster"), clusterId},
            {QStringLiteral("number"), QString::number(alert.number)},
            {QStringLiteral("rule"), QLatin1String(factsOf(alert.subject.rule).id)},
            {QStringLiteral("node"), qint64(alert.subject.node)},
            {QStringLiteral("key"), QString::fromLatin1(QByteArray::fromStdString(alert.subject.key).toBase64())},
            {QStringLiteral("node-name"), alert.nodeName},
            {QStringLiteral("figure"), alert.figure},
            {QStringLiteral("worst"), alert.worst},
            {QStringLiteral("bound"), alert.bound},
            {QStringLiteral("began-ms"), QString::number(alert.beganMs)},
            {QStringLiteral("ended-ms"), QString::number(alert.endedMs)},
            {QStringLiteral("acknowledged-ms"), QString::number(alert.acknowledgedMs)},
            {QStringLiteral("snoozed-until-ms"), QString::number(alert.snoozedUntilMs)}};
}

/// @return an alert with number 0 for a rule that this program doesn't know
Alert alertFrom(const QJsonObject& json)
{
    const auto whole = [&](const char* name) { return json.value(QLatin1String(name)).toString().toLongLong(); };
    Alert alert;
    const auto rule = alertRuleOf(json.value(QLatin1String("rule")).toString());
    if (!rule)
        return alert;
    alert.number = quint64(whole("number"));
    const QByteArray key = QByteArray::fromBase64(json.value(QLatin1String("key")).toString().toLatin1());
    alert.subject = {*rule, NodeId(json.value(QLatin1String("node")).toInt()), key.toStdString()};
    alert.nodeName = json.value(QLatin1String("node-name")).toString();
    alert.figure = json.value(QLatin1String("figure")).toDouble();
    alert.worst = json.value(QLatin1String("worst")).toDouble();
    alert.bound = json.value(QLatin1String("bound")).toDouble();
    alert.beganMs = whole("began-ms");
    alert.endedMs = whole("ended-ms");
    alert.acknowledgedMs = whole("acknowledged-ms");
    alert.snoozedUntilMs = whole("snoozed-until-ms");
    return alert;
}

bool isWaiting(const Alert& alert)
{
    return alert.acknowledgedMs == 0 && alert.snoozedUntilMs == 0;
}

} // namespace

AlertBook::AlertBook(QString fileName, Settings& settings, QObject* parent)
    : QObject(parent)
    , m_file(std::move(fileName))
    , m_settings(settings)
{
    connect(&m_file, &JsonFile::troubleChanged, this, &AlertBook::changed);
    m_watch.setSettings(readSettings(settings));
    load();
}

void AlertBook::follow(const ClusterSnapshot& snapshot)
{
    if (!snapshot.map || snapshot.receivedMs == 0)
        return;
    const QString clusterId = QString::fromStdString(snapshot.map->clusterId());
    const bool isOther = clusterId != m_clusterId;
    if (isOther)
        open(clusterId);
    m_lastMs = snapshot.receivedMs;
    const AlertWatch::Changes changes = m_watch.follow(snapshot);
    std::vector<Alert> raised;
    for (const quint64 number : changes.began) {
        m_lastNumber = std::max(m_lastNumber, number);
        Alert& alert = *m_watch.find(number);
        inheritSnooze(alert);
        if (isWaiting(alert))
            raised.push_back(alert);
    }
    for (const Alert& alert : changes.ended)
        m_kept.push_back({m_clusterId, alert});
    if (m_kept.size() > endedMax)
        m_kept.erase(m_kept.begin(), m_kept.begin() + std::ptrdiff_t(m_kept.size() - endedMax));
    const bool isWoken = wake(raised);
    if (!changes.began.empty() || !changes.ended.empty() || isWoken)
        save();
    if (isOther || !changes.began.empty() || !changes.ended.empty() || isWoken)
        Q_EMIT changed();
    else if (!active().empty())
        Q_EMIT figuresChanged();
    if (!raised.empty())
        Q_EMIT this->raised(raised);
}

void AlertBook::leave()
{
    for (const Alert& alert : active())
        m_kept.push_back({m_clusterId, alert});
    m_watch.restore({}, m_lastNumber);
    m_clusterId.clear();
    save();
    Q_EMIT changed();
}

void AlertBook::open(const QString& clusterId)
{
    for (const Alert& alert : active())
        m_kept.push_back({m_clusterId, alert});
    std::vector<Alert> mine;
    std::erase_if(m_kept, [&](const Kept& kept) {
        const bool isMine = kept.clusterId == clusterId && kept.alert.isActive();
        if (isMine)
            mine.push_back(kept.alert);
        return isMine;
    });
    std::ranges::sort(mine, {}, &Alert::number);
    m_watch.restore(std::move(mine), m_lastNumber);
    m_clusterId = clusterId;
}

/// @return whether any snooze is over; @param raised gets those that nobody acknowledged either
bool AlertBook::wake(std::vector<Alert>& raised)
{
    bool isAny = false;
    for (const Alert& each : active()) {
        if (each.snoozedUntilMs == 0 || each.snoozedUntilMs > m_lastMs)
            continue;
        Alert& alert = *m_watch.find(each.number);
        alert.snoozedUntilMs = 0;
        isAny = true;
        if (isWaiting(alert))
            raised.push_back(alert);
    }
    return isAny;
}

/// Who doesn't want to hear of it for an hour doesn't, even if it ends and begins again within.
void AlertBook::inheritSnooze(Alert& alert) const
{
    for (const Kept& kept : m_kept)
        if (kept.clusterId == m_clusterId && kept.alert.subject == alert.subject && kept.alert.snoozedUntilMs > m_lastMs)
            alert.snoozedUntilMs = kept.alert.snoozedUntilMs;
}

std::vector<Alert> AlertBook::ended() const
{
    std::vector<Alert> found;
    for (const Kept& kept : m_kept)
        if (kept.clusterId == m_clusterId && !kept.alert.isActive())
            found.push_back(kept.alert);
    std::ranges::stable_sort(found, std::ranges::greater(), &Alert::endedMs);
    return found;
}

AlertBook::Then AlertBook::at(qint64 ms) const
{
    Then then;
    const auto take = [&](Alert alert) {
        if (alert.beganMs > ms)
            return;
        if (!alert.isActive() && alert.endedMs <= ms) {
            then.ended.push_back(std::move(alert));
            return;
        }
        alert.endedMs = 0;
        alert.figure = alert.worst;
        alert.acknowledgedMs = alert.acknowledgedMs <= ms ? alert.acknowledgedMs : 0;
        alert.snoozedUntilMs = 0; // since when isn't kept
        then.active.push_back(std::move(alert));
    };
    for (Alert& alert : ended())
        take(std::move(alert));
    for (const Alert& alert : active())
        take(alert);
    std::ranges::stable_sort(then.active, {}, &Alert::beganMs);
    return then;
}

int AlertBook::waitingCount() const
{
    return int(std::ranges::count_if(active(), isWaiting));
}

int AlertBook::shownCount() const
{
    return int(std::ranges::count(active(), 0, &Alert::snoozedUntilMs));
}

AlertLevel AlertBook::worstLevel() const
{
    AlertLevel worst = AlertLevel::Warning;
    for (const Alert& alert : active())
        if (alert.snoozedUntilMs == 0)
            worst = std::max(worst, alert.level());
    return worst;
}

void AlertBook::acknowledge(quint64 number)
{
    Alert* alert = m_watch.find(number);
    if (!alert || alert->acknowledgedMs > 0)
        return;
    alert->acknowledgedMs = m_lastMs;
    save();
    Q_EMIT changed();
}

void AlertBook::acknowledgeAll()
{
    for (const Alert& each : active())
        if (isWaiting(each))
            m_watch.find(each.number)->acknowledgedMs = m_lastMs;
    save();
    Q_EMIT changed();
}

void AlertBook::snooze(quint64 number, qint64 untilMs)
{
    Alert* alert = m_watch.find(number);
    if (!alert)
        return;
    alert->snoozedUntilMs = untilMs;
    save();
    Q_EMIT changed();
}

void AlertBook::setSetting(AlertRule rule, AlertRuleSetting setting)
{
    const AlertRuleFacts& facts = factsOf(rule);
    setting.bound = std::clamp(setting.bound, facts.boundMin, facts.boundMax);
    AlertSettings settings = m_watch.settings();
    if (settings[std::size_t(rule)] == setting)
        return;
    settings[std::size_t(rule)] = setting;
    m_watch.setSettings(settings);
    m_settings.setValue(settingKey(rule, "on"), setting.isOn);
    m_settings.setValue(settingKey(rule, "bound"), setting.bound);
    Q_EMIT changed();
}

void AlertBook::load()
{
    for (const QJsonValue& value : m_file.read()) {
        const QJsonObject json = value.toObject();
        Kept kept{json.value(QLatin1String("cluster")).toString(), alertFrom(json)};
        m_lastNumber = std::max(m_lastNumber, kept.alert.number);
        if (kept.alert.number > 0 && !kept.clusterId.isEmpty() && m_kept.size() < 2 * endedMax)
            m_kept.push_back(std::move(kept));
    }
}

void AlertBook::save()
{
    QJsonArray array;
    for (const Kept& kept : m_kept)
        array.append(toJson(kept.clusterId, kept.alert));
    for (const Alert& alert : active())
        array.append(toJson(m_clusterId, alert));
    m_file.write(array);
}

} // namespace quoit
