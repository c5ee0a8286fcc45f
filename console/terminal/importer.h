// console/terminal/importer.h - writes the records of a file into a cluster: a window of SETs in flight, over all
// nodes. A SET may be repeated without harm, so the client repeats what a dying node has left open; a failed line is
// one that the cluster refused. Lines with the same key keep their order: the last one wins.
#pragma once

#include "console/terminal/import_source.h"
#include "console/terminal/input_file.h"
#include "shared/client/cluster_client.h"

#include <QObject>

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace quoit::terminal {

struct FailedLine
{
    std::uint64_t line = 0;
    std::string error; ///< for people
};

struct ImportResult
{
    std::uint64_t imported = 0;
    std::uint64_t failed = 0;
    std::vector<FailedLine> failedLines; ///< ascending, the first so many as were asked for
    std::string stoppedBecause;          ///< why not the whole file was read; empty: it was
};

class Importer : public QObject
{
    Q_OBJECT

public:
    struct Limits
    {
        std::size_t requestsMax = 256;
        std::size_t bytesMax = 32 * 1024 * 1024; ///< keys and values in flight
        std::size_t failedLinesMax = 20;         ///< that are remembered
        Milliseconds deadline{30000};            ///< of one SET, its repetitions included
    };

    /// @param client connected; @param input open. Both must outlive the importer.
    Importer(ClusterClient& client, InputFile& input, ImportSource source, Limits limits);

    /// Begins; ends in finished(), which never comes before this returns.
    void start();
    /// Reads no further, and finishes once what is in flight is answered.
    void stop(const std::string& because);

    const ImportResult& result() const { return m_result; }
    std::uint64_t bytesRead() const { return m_input.bytesRead(); }

Q_SIGNALS:
    void finished();

private:
    void pump();
    bool takeNext();
    bool readMore();
    void send(ImportItem item);
    void onReply(std::uint64_t line, const std::string& key, std::size_t bytes, const ClientReply& reply);
    void noteFailure(std::uint64_t line, const std::string& error);
    void finishIfDone();
    bool isStopped() const { return !m_result.stoppedBecause.empty(); }

    ClusterClient& m_client;
    InputFile& m_input;
    ImportSource m_source;
    const Limits m_limits;
    ImportResult m_result;
    std::optional<ImportItem> m_held; ///< read, and waiting for room or for the same key's earlier line
    std::unordered_set<std::string> m_keysInFlight;
    std::size_t m_bytesInFlight = 0;
    bool m_isAtEnd = false;
    bool m_isFinished = false;
};

} // namespace quoit::terminal
