// tests/cluster/promise_load.h - clients that collect promises for as long as faults last: elements of a set, entries
// of logs, counts. At the end everything that was acknowledged must be there once, what was refused must not, and what
// is unknown may be there once.
#pragma once

#include "tests/cluster/load_client.h"

#include <map>

namespace quoit::test {

struct PromiseLoadOptions
{
    std::string prefix; ///< of all keys; one that the cluster doesn't have yet
    std::uint64_t seed = 1;
    int clientsOfEach = 2; ///< for elements, logs and counters
    int pauseMaxMs = 20;
    bool arePatient = false; ///< all clients wait for longer than any node takes to answer
};

class PromiseLoad
{
public:
    PromiseLoad(const PromiseLoadOptions& options, int nodeCount, LoadClient::AddressOf addressOf);

    void start();
    /// Lets every client finish its request. @return false if one doesn't in time
    bool stop(int milliseconds);
    /// Reads everything, through all nodes or these, and compares it with what was promised; after stop(), when all nodes are well.
    /// @return what is wrong; empty if nothing is
    QString check(std::vector<int> nodes = {});

    std::uint64_t requests() const { return m_requests; }
    std::uint64_t acknowledged() const { return m_acknowledged; }
    /// What became of the first request that wasn't acknowledged; empty if all were.
    const QString& firstFailure() const { return m_firstFailure; }

private:
    enum class Kind { Element, Log, Counter };
    /// One request that was made on a key.
    struct Promise
    {
        Outcome::Fate fate;
        std::int64_t calledUs;
        std::int64_t returnedUs;
        std::string token;      ///< of an element its value, of a log its entry
        std::int64_t count = 0; ///< the answer of a counter
    };
    struct Client
    {
        Kind kind;
        std::unique_ptr<LoadClient> connection;
        QTimer pause;
    };
    using Promises = std::map<std::string, std::vector<Promise>>; ///< by key

    void next(Client& client);
    Promises& promisesOf(Kind kind) { return m_promises[static_cast<std::size_t>(kind)]; }
    static QString checkElement(const Promise& promise, const RespValue& value);
    static QString checkLog(const std::vector<Promise>& promises, const RespValue& value);
    static QString checkCounter(std::vector<Promise> promises, const RespValue& value);

    const PromiseLoadOptions m_options;
    const int m_nodeCount;
    const LoadClient::AddressOf m_addressOf;
    Random m_random;
    std::vector<std::unique_ptr<Client>> m_clients;
    Promises m_promises[3]; ///< [Kind]
    std::uint64_t m_serial = 0;
    std::uint64_t m_requests = 0;
    std::uint64_t m_acknowledged = 0;
    QString m_firstFailure;
    bool m_isRunning = false;
};

} // namespace quoit::test
