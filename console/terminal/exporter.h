// console/terminal/exporter.h - reads all keys, values and TTLs out of a cluster: SCAN, and GET with PTTL pipelined
// behind it. A key that exists throughout is there at least once; one that comes or goes meanwhile may be there or not.
#pragma once

#include "console/terminal/record_writer.h"
#include "shared/client/cluster_client.h"

#include <QObject>

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace quoit::terminal {

struct ExportResult
{
    std::uint64_t exported = 0;
    std::uint64_t failed = 0;
    std::string firstError;     ///< of the failed
    std::string stoppedBecause; ///< why not all keys were read; empty: they were
};

class Exporter : public QObject
{
    Q_OBJECT

public:
    struct Limits
    {
        std::size_t keysMax = 256;               ///< asked for at the same time
        std::size_t bytesMax = 64 * 1024 * 1024; ///< of values expected in flight, judged by those that came
        Milliseconds deadline{30000};            ///< of one request, its repetitions included
    };
    /// Takes finished records. @return an error for people, or ""
    using Sink = std::function<std::string(std::string_view)>;

    /// @param client connected; must outlive the exporter. @param match a glob pattern; empty: all keys
    Exporter(ClusterClient& client, RecordWriter writer, std::string match, Limits limits, Sink sink);

    /// Begins; ends in finished(), which never comes before this returns.
    void start();
    /// Asks for no more, and finishes once what is in flight is answered.
    void stop(const std::string& because);

    const ExportResult& result() const { return m_result; }
    std::uint64_t bytesWritten() const { return m_bytesWritten; }

Q_SIGNALS:
    void finished();

private:
    struct Entry
    {
        std::string key;
        std::optional<std::string> value;
        std::int64_t ttlMs = 0; ///< as PTTL says it: -1 for ever, -2 gone
        int answersDue = 2;
        std::string error;
    };

    void scan();
    void onScanned(const ClientReply& reply);
    void pump();
    void fetch(std::string key);
    void onAnswer(const std::shared_ptr<Entry>& entry, const ClientReply& reply, bool isValue);
    void settle(const Entry& entry);
    void finishIfDone();
    bool isStopped() const { return !m_result.stoppedBecause.empty(); }
    std::size_t window() const;

    ClusterClient& m_client;
    const RecordWriter m_writer;
    const std::string m_match;
    const Limits m_limits;
    const Sink m_sink;
    ExportResult m_result;
    std::string m_cursor = "0";
    bool m_isScanning = false;
    bool m_isScanned = false;
    bool m_isFinished = false;
    std::deque<std::string> m_keys; ///< scanned, not asked for yet
    std::size_t m_inFlight = 0;
    std::uint64_t m_bytesWritten = 0;
};

} // namespace quoit::terminal
