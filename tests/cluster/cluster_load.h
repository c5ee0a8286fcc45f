// tests/cluster/cluster_load.h - clients that keep a cluster busy and know what they were promised.
// Every connection writes keys of its own, each with the next number, and reads them back; so it knows what each must hold.
#pragma once

#include "shared/client/resp_connection.h"

#include <QElapsedTimer>
#include <QObject>
#include <QStringList>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace quoit {

class ClusterLoad : public QObject
{
    Q_OBJECT

public:
    /// @param addresses client addresses, "host:port"; connections are spread over them.
    ClusterLoad(const QStringList& addresses, int connectionCount, QObject* parent = nullptr);
    ~ClusterLoad() override;

    /// Connects, then sends one request after the other on each connection. @return false if not all connect within 5 s.
    bool start();
    /// Lets every connection finish its request. @return false if one doesn't within 10 s.
    bool stop();

    std::uint64_t successes() const { return m_successes; }
    /// Error replies, wrong values and lost connections; sentences for people, at most 100.
    const QStringList& failures() const { return m_failures; }
    /// Forgets the gaps of the past.
    void resetGap();
    /// The longest time between two successes since resetGap(), ms.
    double longestGapMs() const { return m_longestGapMs; }
    /// Every key and the value that it must hold now; after stop().
    std::vector<std::pair<std::string, std::string>> promised() const;

private:
    struct Worker
    {
        std::unique_ptr<RespConnection> connection;
        std::string address;
        std::vector<std::uint64_t> numbers; ///< [keys] last acknowledged
        std::size_t turn = 0;
        bool busy = false;
    };
    std::string keyOf(const Worker& worker, std::size_t key) const;
    void next(Worker& worker);
    void onReply(Worker& worker, std::size_t key, bool isWrite, const ClientReply& reply);
    void onSuccess();
    void fail(const QString& what);

    std::vector<std::unique_ptr<Worker>> m_workers;
    QElapsedTimer m_clock;
    qint64 m_lastSuccessNs = 0;
    double m_longestGapMs = 0;
    std::uint64_t m_successes = 0;
    QStringList m_failures;
    bool m_running = false;
};

} // namespace quoit
