// tests/cluster/register_load.h - many clients on few keys through the RESP port, and the history of each key for the
// simulator's checker: the simulator's workload, against real processes.
//
// A key lives for some hundred requests, then a fresh one takes its place; so each history is short enough to judge,
// and few requests in it have an unknown outcome. Some keys are asked rarely and live through many faults.
#pragma once

#include "tests/cluster/load_client.h"
#include "tests/sim/history.h"

#include <map>

namespace quoit::test {

struct RegisterLoadOptions
{
    std::string prefix; ///< of all keys; one that the cluster doesn't have yet
    std::uint64_t seed = 1;
    int clients = 16;
    int busyKeys = 3;
    int rareKeys = 3;
    double rareShare = 0.08; ///< of the requests go to rare keys
    int requestsPerKeyMax = 250;
    int unknownPerKeyMax = 5; ///< then the key rests
    int pauseMaxMs = 8;       ///< of a client between two requests
    bool arePatient = false;  ///< all clients wait for longer than any node takes to answer
};

struct LoadCounters
{
    std::uint64_t requests = 0;
    std::uint64_t unknown = 0;                   ///< of them, lost connections included
    std::uint64_t refused = 0;                   ///< of them; answered with an error that says that nothing was changed
    std::map<std::string, std::uint64_t> errors; ///< of both kinds, by their codes
    QString firstFailure;                        ///< what became of the first request that wasn't answered
};

class RegisterLoad
{
public:
    RegisterLoad(const RegisterLoadOptions& options, int nodeCount, LoadClient::AddressOf addressOf);

    void start();
    /// Lets every client finish its request. @return false if one doesn't in time
    bool stop(int milliseconds);
    /// Reads every key through every node, or these; to be called after stop(), when all nodes are well.
    /// @return which read wasn't answered; empty if all were
    QString readEverything(std::vector<int> nodes = {});
    /// Judges every key. @return the first violation; empty if there is none
    QString check() const;
    /// A line for each request on a key, by time, for people.
    QString trace(const std::string& key) const;
    /// Keys that check() found wrong.
    const std::vector<std::string>& wrongKeys() const { return m_wrongKeys; }

    const LoadCounters& counters() const { return m_counters; }
    std::size_t keyCount() const { return m_histories.size(); }

private:
    struct Slot
    {
        std::string key;
        int generation = 0;
        int left = 0; ///< requests until a fresh key takes its place
        int unknown = 0;
    };
    /// What a client saw last, for its next compare-and-set.
    struct Seen
    {
        std::string key;
        std::string value;
        std::string version; ///< "0": absent
    };
    struct Client
    {
        std::unique_ptr<LoadClient> connection;
        Seen seen;
        QTimer pause;
    };
    struct Reading
    {
        std::int64_t calledUs;
        std::int64_t returnedUs;
        std::string version;
    };
    struct KeyHistory
    {
        sim::History entries;
        std::vector<int> nodes;        ///< [entries] which coordinated them
        std::vector<Reading> readings; ///< of versions
        std::size_t slot = 0;
        int generation = 0;
    };

    void next(std::size_t client);
    void refresh(Slot& slot, std::size_t index);
    std::size_t drawSlot();
    sim::HistoryEntry drawEntry(Client& client, Slot& slot, std::vector<std::string>& request, bool& withVersion);
    void onDone(std::size_t client, sim::HistoryEntry entry, bool withVersion, const Outcome& outcome);
    void note(KeyHistory& history, sim::HistoryEntry entry, const Outcome& outcome);
    static std::string checkVersions(const KeyHistory& history);

    const RegisterLoadOptions m_options;
    const int m_nodeCount;
    const LoadClient::AddressOf m_addressOf;
    Random m_random;
    std::vector<std::unique_ptr<Client>> m_clients;
    std::vector<Slot> m_slots;
    std::map<std::string, KeyHistory> m_histories;
    std::uint64_t m_serial = 0;
    bool m_isRunning = false;
    LoadCounters m_counters;
    mutable std::vector<std::string> m_wrongKeys;
};

} // namespace quoit::test
