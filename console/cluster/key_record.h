// console/cluster/key_record.h - reads and changes single keys; every change is conditional on the version that was
// shown.
#pragma once

#include "shared/admin/node_report.h"
#include "shared/client/cluster_client.h"

#include <QByteArray>
#include <QObject>

#include <functional>
#include <optional>

namespace quoit {

/// What was read of a key.
struct KeyRecord
{
    QByteArray key;
    bool isPresent = false;
    QByteArray value;
    std::string version = "0";         ///< as QUOIT.CAS takes it; "0": absent
    std::optional<qint64> expiresAtMs; ///< Unix epoch, by this machine's clock; nothing: doesn't expire

    /// @return what remains, 0: nothing more; nothing: doesn't expire
    std::optional<qint64> ttlMs() const;
};

/// How a request on a key ended.
struct KeyOutcome
{
    enum class Kind {
        Done,
        Conflict, ///< somebody else changed it first; nothing was applied
        Expired,  ///< its time to live ran out before it could be written; nothing was applied
        Unknown,  ///< it may or may not have been applied: read again
        Failed,   ///< nothing was applied
    };
    Kind kind = Kind::Failed;
    QString text;     ///< for people; empty if Done
    KeyRecord record; ///< of load()
};

/// Callbacks come once, never before the call returns, and not at all once this is destroyed.
class KeyStore : public QObject
{
    Q_OBJECT

public:
    using Callback = std::function<void(const KeyOutcome&)>;

    /// @param client must outlive this
    explicit KeyStore(ClusterClient& client, QObject* parent = nullptr);

    /// What would write is refused with Failed.
    /// @param why for people; empty: because somebody set it so
    void setReadOnly(bool isReadOnly, const QString& why = {})
    {
        m_isReadOnly = isReadOnly;
        m_whyReadOnly = why;
    }
    bool isReadOnly() const { return m_isReadOnly; }

    void load(const QByteArray& key, Callback callback);
    /// @param version of the record that this is to replace; "0": only if the key is absent
    /// @param expiresAtMs of the record that was shown, so that saving doesn't lengthen its life; nothing: doesn't expire
    void put(const QByteArray& key, const QByteArray& value, const std::string& version,
             std::optional<qint64> expiresAtMs, Callback callback);
    /// Deletes what load() showed; a conflict if it was changed since.
    void remove(const KeyRecord& shown, Callback callback);
    /// Gives what load() showed another time to live; a conflict if it was changed since.
    /// @param ttlMs > 0, from now; nothing: for ever
    void setTtl(const KeyRecord& shown, std::optional<qint64> ttlMs, Callback callback);
    /// @param answer nothing: it couldn't be asked
    void exists(const QByteArray& key, std::function<void(std::optional<bool>)> answer);
    /// Where a key lies, and what each replica holds of it.
    void locate(const QByteArray& key, std::function<void(Result<LocateReport>)> callback);

private:
    void compareAndSet(const QByteArray& key, const QByteArray& value, const std::string& version,
                       std::optional<qint64> ttlMs, Callback callback);
    void change(const std::vector<std::string>& arguments, Callback callback);
    void loadTtl(KeyRecord record, Callback callback);

    void fail(KeyOutcome::Kind kind, const QString& text, Callback callback);

    ClusterClient& m_client;
    bool m_isReadOnly = false;
    QString m_whyReadOnly;
};

} // namespace quoit
