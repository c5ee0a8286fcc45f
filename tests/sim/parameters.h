// tests/sim/parameters.h - how bad the world of one run is. Drawn from the seed so that most seeds have only some of the faults, each with its own
// strength: different seeds look for different bugs ("swarm testing", Groce et al. 2012).
#pragma once

#include "node/core/core.h"

#include <cstdint>
#include <string>

namespace quoit::sim {

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
    double byHome = 0.1; ///< share of GETs that go through the home, as operations that change nothing
    double ttlShare = 0; ///< of SETs

    // network: shares of messages, unless said otherwise
    double loss = 0;
    double doubling = 0;
    double slow = 0.15;     ///< 20 … 120 ms
    double verySlow = 0.002; ///< 0.2 … 3.2 s
    double veryLate = 0;    ///< 3 … 30 s

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
    int needlessTakeover = 0;
    int silentTakeover = 0; ///< behind the back of a home that doesn't hear of it for a while
    int ringChange = 0;     ///< nodes join, leave, are replaced; weights and N change; changes are paused and aborted
    int clockJump = 0;
    std::int64_t clockJumpMaxMs = 0;
    double clockDrift = 0;  ///< at most, as a share

    // disks
    double diskSlow = 0.05; ///< share of commits that take up to 60 ms
    int diskStall = 0;      ///< nothing becomes durable for a while, and perhaps never
    int diskFull = 0;
    int fsyncError = 0;
    int bitFlip = 0;
    int lostDisk = 0;       ///< emptied, or gone back in time; only while the rest is a majority
    std::uint64_t cacheBytes = 1 << 20;
    std::uint64_t logBytes = 1 << 20;
    std::uint64_t walPagesMax = 4000;

    CoreOptions core;

    static Parameters draw(std::uint64_t seed);
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
