// console/cluster/key_browser.h - lists the keys of a cluster by prefix or pattern, a page at a time, with one request in flight.
#pragma once

#include "shared/client/cluster_client.h"

#include <QByteArray>
#include <QElapsedTimer>
#include <QList>
#include <QObject>
#include <QSet>
#include <QTimer>

#include <optional>

namespace quoit {

class KeyBrowser : public QObject
{
    Q_OBJECT

public:
    static constexpr int pageKeys = 200;
    static constexpr int wholePageKeys = 1000; ///< while all keys are wanted
    static constexpr int keysMax = 1'000'000; ///< then it says that it stopped; a longer prefix finds the rest

    /// @param client must outlive this
    explicit KeyBrowser(ClusterClient& client, QObject* parent = nullptr);

    /// Starts over.
    /// @param prefix of keys, or a pattern (`*`, `?`, `[a-z]`; `\` before one of them means itself); empty: all keys
    void browse(const QByteArray& prefix);
    static bool isPattern(const QByteArray& text);
    /// Looks for pageKeys more. Nothing happens while it is looking, or when there are no more.
    void fetchMore();
    /// Looks on until there are no more, with the same pauses.
    void fetchAll();
    /// Ends looking; fetchMore() and fetchAll() go on from here.
    void stop();

    const QByteArray& prefix() const { return m_prefix; }
    /// In the order in which they were found, each once.
    const QList<QByteArray>& keys() const { return m_keys; }
    bool isLooking() const { return m_requestId != 0 || m_pause.isActive(); }
    bool canFetchMore() const { return !m_isComplete && m_keys.size() < keysMax; }
    /// Every key was looked at.
    bool isComplete() const { return m_isComplete; }
    /// Keys in the whole cluster, with any prefix; nothing: not known yet.
    std::optional<qint64> keyCount() const { return m_keyCount; }
    /// Why it stopped, for people; empty: nothing is wrong.
    const QString& trouble() const { return m_trouble; }

    /// For what the user just wrote or deleted, so that the list needn't be loaded anew.
    void noteKey(const QByteArray& key);
    void forgetKey(const QByteArray& key);

Q_SIGNALS:
    void restarted();
    /// keys() has grown by so many at its end.
    void keysAdded(int count);
    /// keys()[index] is going to be removed; it is still there.
    void forgetting(int index);
    void forgotten();
    /// isLooking(), isComplete(), keyCount() or trouble().
    void progressed();

private:
    void fetchUntil(qsizetype keys);
    void askScan();
    void onScanned(const ClientReply& reply);
    void askKeyCount();

    ClusterClient& m_client;
    QByteArray m_prefix;
    std::string m_pattern;
    std::string m_cursor;
    QList<QByteArray> m_keys;
    QSet<QByteArray> m_known;
    qsizetype m_wanted = 0; // look until keys() has so many
    quint64 m_requestId = 0;
    bool m_isComplete = false;
    std::optional<qint64> m_keyCount;
    QString m_trouble;
    QTimer m_pause; // as long as the last request took: at most half of one connection's time
    QElapsedTimer m_sinceAsked;
};

} // namespace quoit
