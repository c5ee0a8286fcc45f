#include "console/cluster/key_record.h"

#include <QDateTime>
#include <QTimer>

#include <algorithm>

namespace quoit {

namespace {

/// Sorts a failure by what is known of its effect.
KeyOutcome failure(const ClientReply& reply)
{
    KeyOutcome outcome;
    outcome.text = QString::fromStdString(reply.errorText());
    if (reply.fate == RequestFate::MayHaveRun || outcome.text.startsWith(QLatin1String("UNKNOWN")))
        outcome.kind = KeyOutcome::Kind::Unknown;
    else if (outcome.text.startsWith(QLatin1String("CONFLICT")))
        outcome.kind = KeyOutcome::Kind::Conflict;
    return outcome;
}

} // namespace

std::optional<qint64> KeyRecord::ttlMs() const
{
    if (!expiresAtMs)
        return {};
    return std::max<qint64>(0, *expiresAtMs - QDateTime::currentMSecsSinceEpoch());
}

KeyStore::KeyStore(ClusterClient& client, QObject* parent)
    : QObject(parent)
    , m_client(client)
{}

void KeyStore::load(const QByteArray& key, Callback callback)
{
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"QUOIT.GETV", key.toStdString()}, options,
                     [this, key, callback = std::move(callback)](const ClientReply& reply) {
                         if (!reply.ok())
                             return callback(failure(reply));
                         KeyRecord record;
                         record.key = key;
                         if (reply.value.elements.size() != 2)
                             return callback({KeyOutcome::Kind::Done, {}, record});
                         record.isPresent = true;
                         record.value = QByteArray::fromStdString(reply.value.elements[0].text);
                         record.version = reply.value.elements[1].asText();
                         loadTtl(std::move(record), callback);
                     });
}

void KeyStore::loadTtl(KeyRecord record, Callback callback)
{
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    const std::string key = record.key.toStdString();
    m_client.request({"PTTL", key}, options, [record, callback = std::move(callback)](const ClientReply& reply) {
        if (!reply.ok())
            return callback(failure(reply));
        KeyOutcome outcome{KeyOutcome::Kind::Done, {}, record};
        if (const auto ttl = reply.value.asInteger(); ttl && *ttl >= 0)
            outcome.record.expiresAtMs = QDateTime::currentMSecsSinceEpoch() + *ttl;
        callback(outcome);
    });
}

void KeyStore::put(const QByteArray& key, const QByteArray& value, const std::string& version,
                   std::optional<qint64> expiresAtMs, Callback callback)
{
    KeyRecord record;
    record.expiresAtMs = expiresAtMs;
    const auto ttlMs = record.ttlMs();
    if (ttlMs && *ttlMs == 0)
        return fail(KeyOutcome::Kind::Expired, tr("It expired meanwhile."), std::move(callback));
    compareAndSet(key, value, version, ttlMs, std::move(callback));
}

void KeyStore::compareAndSet(const QByteArray& key, const QByteArray& value, const std::string& version,
                             std::optional<qint64> ttlMs, Callback callback)
{
    std::vector<std::string> arguments = {"QUOIT.CAS", key.toStdString(), version, value.toStdString()};
    if (ttlMs) {
        arguments.push_back("PX");
        arguments.push_back(std::to_string(std::max<qint64>(1, *ttlMs)));
    }
    change(arguments, std::move(callback));
}

void KeyStore::remove(const KeyRecord& shown, Callback callback)
{
    // There is no conditional delete: look again right before, so that only a change in between is missed.
    load(shown.key, [this, shown, callback = std::move(callback)](const KeyOutcome& now) {
        if (now.kind != KeyOutcome::Kind::Done)
            return callback(now);
        if (now.record.version != shown.version)
            return callback({KeyOutcome::Kind::Conflict, tr("It was changed since it was shown."), now.record});
        change({"DEL", shown.key.toStdString()}, callback);
    });
}

void KeyStore::setTtl(const KeyRecord& shown, std::optional<qint64> ttlMs, Callback callback)
{
    // PEXPIRE and PERSIST compare nothing, so they could set the life of a value that nobody here has seen.
    compareAndSet(shown.key, shown.value, shown.version, ttlMs, std::move(callback));
}

void KeyStore::exists(const QByteArray& key, std::function<void(std::optional<bool>)> answer)
{
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"EXISTS", key.toStdString()}, options, [answer = std::move(answer)](const ClientReply& reply) {
        answer(reply.ok() ? std::optional(reply.value.asInteger() > 0) : std::nullopt);
    });
}

void KeyStore::locate(const QByteArray& key, std::function<void(Result<LocateReport>)> callback)
{
    RequestOptions options;
    options.idempotent = true;
    options.context = this;
    m_client.request({"QUOIT.LOCATE", key.toStdString()}, options,
                     [callback = std::move(callback)](const ClientReply& reply) {
                         if (reply.ok())
                             callback(locateReportFromResp(reply.value));
                         else
                             callback(Error{ErrorCode::Unavailable, reply.errorText()});
                     });
}

void KeyStore::fail(KeyOutcome::Kind kind, const QString& text, Callback callback)
{
    QTimer::singleShot(0, this, [outcome = KeyOutcome{kind, text, {}}, callback = std::move(callback)] {
        callback(outcome);
    });
}

void KeyStore::change(const std::vector<std::string>& arguments, Callback callback)
{
    if (m_isReadOnly)
        return fail(KeyOutcome::Kind::Failed, m_whyReadOnly.isEmpty() ? tr("This cluster is set to read only.") : m_whyReadOnly, std::move(callback));
    RequestOptions options;
    options.context = this;
    m_client.request(arguments, options, [callback = std::move(callback)](const ClientReply& reply) {
        if (reply.ok())
            callback({KeyOutcome::Kind::Done, {}, {}});
        else
            callback(failure(reply));
    });
}

} // namespace quoit
