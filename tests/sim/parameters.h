// tests/sim/parameters.h - how bad the world of one run is. Drawn from the seed so that most seeds have only some of the faults, each with its own
// strength: different seeds look for different bugs ("swarm testing", Groce et al. 2012).
#pragma once

#include "node/core/core.h"

#include <cstdint>
#include <string>
#include <vector>

namespace quoit::sim {

/// Messages that a run may have something against.
enum class MessageKind : std::uint8_t {
    Promise,
    Write,
    Written,
    Question, ///< reads and recalls, with a ballot or without
    Answer,   ///< to those
    Learn,
    Operation,
    OperationReply,
    Map,
    Upkeep, ///< of trees and floors, and facts
    Other,
};

/// What happens to messages of one kind, beside what happens to all: shares of them.
struct Nuisance
{
    MessageKind kind = MessageKind::Other;
    double loss = 0;
    double doubling = 0;
    double late = 0;
    std::int64_t lateUs = 0; ///< at most; at least a fifth
};

struct Parameters
{
    int nodes = 3;
    int replicas = 3;
    int clients = 4;
    int operations = 120;
    int registers = 2; ///< keys with all kinds of operations, judged for linearizability; one is replaced when its history gets too open
    int sets = 0;      ///< keys that only grow
    int counters = 0;
    int stableKeys = 0; ///< written before the faults; every scan must list them
    double hotRead = 0.3;
    std::int64_t thinkUs = 15'000; ///< at most, between two requests of a client
    std::int64_t turnUs = 0; ///< a process does at most for so long what comes, before anything leaves it; 0: one event a turn
    std::int64_t burstUs = 0; ///< clients work only at the beginning of every second, for as long; 0: all the time
    double byHome = 0.1; ///< share of GETs that go through the home, as operations that change nothing
    double ttlShare = 0; ///< of SETs
    double deleteShare = 0; ///< of operations on registers, beside those that are drawn anyway
    bool onePartition = false; ///< all registers are in one
    std::size_t valueBytes = 0; ///< of what is written to registers; 0: short numbers

    // network: shares of messages, unless said otherwise
    double loss = 0;
    double doubling = 0;
    double slow = 0.15;     ///< 20 … 120 ms
    double verySlow = 0.002; ///< 0.2 … 3.2 s
    double veryLate = 0;    ///< 3 … 30 s
    std::vector<Nuisance> nuisances; ///< a kind of message at most once

    // what happens to nodes: weights; 0: never
    std::int64_t nemesisPauseUs = 200'000;
    int crash = 0;          ///< anywhere
    int crashInTurn = 0;    ///< between two effects of one turn
    int crashInCommit = 0;  ///< at one of the next operations on its disk
    int crashMany = 0;      ///< most or all at once
    int crashTwice = 0;     ///< again soon after the restart
    int pause = 0;
    std::int64_t pauseMaxUs = 1'500'000;
    int cut = 0;            ///< one way between two
    int partition = 0;      ///< halves, ring, bridge
    int clog = 0;           ///< links stop one after the other, and go on in another order
    int disconnect = 0;
    std::int64_t disconnectMaxUs = 300'000;
    int needlessTakeover = 0;
    int silentTakeover = 0; ///< behind the back of a home that doesn't hear of it for a while
    int starve = 0;         ///< gets its turns 50 … 500 ms late for a while, again and again
    int starveAll = 0;      ///< all of them, as on an overloaded machine
    int forgottenPromise = 0; ///< a silent takeover, and the power of one that promised fails before the promise is on disk
    bool chaseHomes = false; ///< silent takeovers are of everything, brief, and aimed at whoever took over last
    bool resizeSets = false; ///< ring changes are mostly those of N, from 2 to 5
    bool leaveTogether = false; ///< ring changes take half of the members away, and then bring as many
    int ringChange = 0;     ///< nodes join, leave, are replaced; weights and N change; changes are paused and aborted
    bool hearsTraffic = false; ///< any message is a sign of life, as in the real node
    bool strains = false;   ///< nodes say now and then that they have too much to do
    int clockJump = 0;
    std::int64_t clockJumpMaxMs = 0;
    double clockDrift = 0;  ///< at most, as a share

    // disks
    double diskSlow = 0.05; ///< share of commits that take up to 60 ms
    int diskStall = 0;      ///< nothing becomes durable for a while, and perhaps never
    int diskFull = 0;
    int diskShort = 0; ///< of one or of all: only what frees space is taken
    int fsyncError = 0;
    int bitFlip = 0;
    int lostDisk = 0;       ///< emptied, or gone back in time; only while the rest is a majority
    std::uint64_t cacheBytes = 1 << 20;
    std::uint64_t logBytes = 1 << 20;
    std::uint64_t directBytes = 8 * 1024;
    std::uint64_t walPagesMax = 4000;

    CoreOptions core = [] {
        CoreOptions options;
        options.repair.floorsBeforeRetries = true; // floors that come early meet more
        return options;
    }();
    const char* profile = ""; ///< what the run was steered to; see profiles.h

    static Parameters draw(std::uint64_t seed);
    /// What the seed meant before there were profiles.
    static Parameters drawOrdinary(std::uint64_t seed);
    static Parameters drawWithoutRing(std::uint64_t seed);
    /// No fault that excuses a request which fails: only delays, doubling, and homes that change for no reason.
    bool calm() const;
    /// One node ends at a time, and comes back; the next one ends when all have been well for a while. Nobody but the clients of that node may notice.
    bool oneAtATime = false;
    /// How far two clocks can be apart, ms.
    std::int64_t clockErrorMs() const;
    std::string toText() const;
};

} // namespace quoit::sim
