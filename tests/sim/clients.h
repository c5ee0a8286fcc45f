// tests/sim/clients.h - the simulated clients: what they ask, what they were told, and whether it can all be true.
#pragma once

#include "tests/sim/client_operations.h"
#include "tests/sim/history.h"
#include "tests/sim/world.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace quoit::sim {

class Clients final : public Answers
{
public:
    Clients(World& world, std::uint64_t seed);

    /// Writes the keys that stay, then lets the clients work until all operations are asked and answered.
    void begin();
    bool working() const { return m_left > 0 || !m_asked.empty(); }
    /// Once faults have stopped: every key is written once more, then read through every node, then some are deleted. All of it must succeed.
    void beginFinale();
    /// When all has been quiet for a while: every key is read once more through every node.
    void beginLastLook();
    bool finaleOver() const { return m_finale == Finale::Over && m_asked.empty(); }
    /// What was promised and not kept; empty if nothing was. Before the end: what is wrong already.
    std::string judge();

    const History& history() const { return m_history; }
    /// The key of one of the registers, as it is now.
    std::string someRegister() const { return keyOf(0); }
    std::uint64_t unknown() const { return m_unknown; }

    void completed(NodeId node, const Completion& completion) override;
    void scanned(NodeId node, const ScanPage& page) override;
    void lost(RequestId request) override;
    void evicted(const std::string& key, const std::string& value) override;

private:
    enum class Finale : std::uint8_t { NotYet, Writing, Reading, Deleting, LastLook, Over };
    struct Asked
    {
        std::size_t entry = 0; ///< in the history
        int client = 0;
        bool levelOne = false;
        bool final = false;
        int tries = 0; ///< of a final request, before this one
        std::int64_t ttlMs = 0;
    };
    /// One of the keys with all kinds of operations; another one follows when too much of it is unknown.
    struct RegisterSlot
    {
        int generation = 0;
        int unknown = 0;
        int endings = 0; ///< SETs with a time to live
        int evictions = 0;
    };
    struct Scan
    {
        std::set<std::string> found;
        Position next = 0;
    };

    void client(int number);
    void again(int number);
    HistoryEntry randomEntry(int client);
    void drawRegisterEntry(HistoryEntry& entry);
    void mayBecomeSequence(HistoryEntry& entry);
    void ask(NodeId node, HistoryEntry entry, Asked asked);
    void askScan(int client);
    void answer(const Asked& asked, const Completion& completion);
    void noteUnknown(const HistoryEntry& entry);
    void finaleStep();
    void writeEverything();
    void readEverything();
    void deleteSome();
    void askFinal(NodeId node, const std::string& key, Kind kind, const std::string& argument);
    void blame(const std::string& problem);
    std::string judgeGrowing() const;
    void judgeStaleSet(const std::string& value);
    std::string keyOf(int slot) const;
    std::set<std::string> keys() const;
    NodeId anyNode();

    World& m_world;
    const Parameters& m_parameters;
    History m_history;
    std::map<RequestId, Asked> m_asked;
    std::map<RequestId, Scan> m_scans;
    std::vector<RegisterSlot> m_registers;
    Random m_sequences; ///< by itself, so that seeds from before there were sequences keep their faults
    int m_left = 0;
    int m_stableLeft = 0;
    Finale m_finale = Finale::NotYet;
    std::uint64_t m_unknown = 0;
    std::uint64_t m_scansDone = 0;
    std::string m_problem;
};

} // namespace quoit::sim
