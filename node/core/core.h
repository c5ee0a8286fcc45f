// node/core/core.h - one node's protocol: takes events, returns effects. Knows no socket, thread, file or clock.
// Pure; node/server and the simulator drive it. Design: resources/docs/protocol.md; ARCHITECTURE.md, "A request's way".
//
// A call, or all those of one turn, are followed by takeEffects(); the caller must make `persist` durable and report it with
// persisted(), send the messages in order, and hand the completions to the clients. Messages that speak of something not yet
// durable stay inside until persisted() says so.
#pragma once

#include "node/core/effects.h"
#include "node/core/eviction_policy.h"
#include "node/core/failure_detector.h"
#include "node/core/operation.h"
#include "node/core/peer_ledger.h"
#include "node/core/persistence.h"
#include "node/core/repair_options.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace quoit {

/// How fast expired keys are buried. See node/core/expirer.h.
struct ExpiryOptions
{
    std::size_t atOnceMax = 1024; ///< under way at a home
    std::size_t perLookMin = 256; ///< looked at in one go, those of other homes included
    /// For each key that was looked at, before the next round over all that have expired; half of it after a look that found none to bury.
    Microseconds pausePerKey{10};
};

/// Fixed when the core is made.
struct CoreOptions
{
    Milliseconds requestDeadline{5000};   ///< a client's request is answered by then, one way or the other
    Milliseconds attemptTimeout{2000};    ///< an unanswered attempt at a home that nobody suspects is followed by a retry
    Milliseconds roundTimeout{1000};      ///< a home waits as long for a majority before it gives up its ballot
    Milliseconds readHedge{20};           ///< an unanswered read asks the remaining replicas
    Milliseconds handBackAfter{5000};     ///< a preferred node must have been well for as long before it becomes home again
    Milliseconds memoryRetention{60000};  ///< how long a replica remembers operations
    Milliseconds bindingLifetime{5000};   ///< a coordinator's belief about a partition's ballot and versions is refreshed after this
    /// A change of the ring takes at least as long, so that no request outlives it: a replica that came in by it doesn't know what was carried out
    /// before, and a retry that has to ask it might end as unknown.
    Milliseconds changeTakes{5000};
    Milliseconds leavingTakes{10'000}; ///< a change that is done otherwise waits as long for who leaves to let its clients go
    std::size_t memoryOperationsMax = 200'000;
    std::size_t waitingPerPartitionMax = 10'000;
    /// Of keys and operations of clients' writes under way at this coordinator; a larger one that comes meanwhile waits for its turn.
    std::size_t writeBytesMax = 16 << 20;
    /// A reader that doesn't hold a larger value asks for versions first, and then one replica for the value, of so many bytes at a time.
    std::size_t valueAheadMax = 64 << 10;
    std::size_t fetchBytesMax = 16 << 20;
    /// What links and disks carry at least: whoever waits behind so many bytes waits as much longer before giving up.
    std::uint64_t bytesPerSecondMin = 8 << 20;
    std::size_t hintsMax = 200'000;
    std::size_t hintBytesMax = 64 << 20; ///< of their keys
    std::size_t mapFanOut = 4;           ///< to so many members a node passes a new map on; those that aren't up not counted
    /// A member that has been down for longer is removed from the ring, if enough nodes and zones remain; 0: never.
    Milliseconds autoRemoveAfter{0};
    /// A member whose data is lost is replaced by the empty node that waits at its address; see Core::emptyNodeAt.
    bool autoReplace = false;
    RoomLimit room; ///< at first; see Core::setRoom
    ExpiryOptions expiry;
    FailureDetectorOptions failureDetector;
    RepairOptions repair;

    /// @return what is wrong with them, for people; empty if nothing is.
    std::string problem() const;
};

/// Counters since the start; for statistics and for tests that want to know that a rare branch did run.
struct CoreCounters
{
    std::uint64_t takeovers = 0;       ///< partitions
    std::uint64_t readRounds = 0;
    std::uint64_t readsShared = 0;     ///< reads that joined another's round
    std::uint64_t readsDisagreed = 0;  ///< went on to all replicas
    std::uint64_t readsThroughHome = 0;
    std::uint64_t readsHedged = 0;     ///< rounds that asked further replicas because of a late one
    std::uint64_t readRequests = 0;    ///< to other nodes, those of hedges not counted
    std::uint64_t hedgeRequests = 0;
    std::uint64_t fetches = 0;         ///< of large values, by readers that know the version
    std::uint64_t fetchesQueued = 0;   ///< of them, those that waited for their turn
    std::uint64_t fetchesInVain = 0;   ///< of any value
    std::uint64_t writesQueued = 0;    ///< large ones that waited for their turn
    std::uint64_t refusedAlone = 0;    ///< requests at a replica whose others have been down for long
    std::uint64_t finds = 0;
    std::uint64_t findsUnchosen = 0;
    std::uint64_t confirms = 0;
    std::uint64_t settles = 0;
    std::uint64_t carriedOver = 0;
    std::uint64_t retries = 0;
    std::uint64_t interrupted = 0;
    std::uint64_t notBound = 0;
    std::uint64_t recallApplied = 0;
    std::uint64_t recallNew = 0;
    std::uint64_t recallRememberedButDead = 0;
    std::uint64_t recallThroughAncestors = 0; ///< versions whose fate the record itself didn't tell
    std::uint64_t recallUnknown = 0;
    std::uint64_t refusals = 0;
    std::uint64_t learnsSent = 0;
    std::uint64_t freedWhileShort = 0; ///< writes taken here for freeing space while there was little
    std::uint64_t hintsStored = 0;
    std::uint64_t hintsDelivered = 0;
    std::uint64_t hintsDropped = 0;
    std::uint64_t expired = 0;         ///< keys, found so by their home
    std::uint64_t expiryLooksInVain = 0; ///< by a home, that found none of its own to bury while there was more to look at
    std::uint64_t expiryRounds = 0;    ///< over all that have expired, which the one before had left a pause in front of
    std::uint64_t expiryCut = 0;       ///< looks that found more than may be under way
    std::uint64_t evicted = 0;         ///< keys, deleted by their home for room
    std::uint64_t evictedBytes = 0;    ///< of them; see RoomLimit
    std::uint64_t evictionsSpared = 0; ///< keys that were used or changed meanwhile
    std::uint64_t refusedForRoom = 0;  ///< writes
    std::uint64_t unknown = 0;
    std::uint64_t noQuorum = 0;
    std::uint64_t handovers = 0;
    std::uint64_t homesSpared = 0;      ///< partitions that this node offered to others because it was strained
    std::uint64_t autoRemovals = 0;     ///< members that had been down for too long
    std::uint64_t autoReplacements = 0; ///< members that had come back with an empty disk
    RepairCounters repair;
};

/// What a core keeps in memory at this moment, in entries; for tests that want to know that it goes away again.
struct CoreSizes
{
    std::size_t operations = 0; ///< clients' requests, reads, scans and counts in flight
    std::size_t keys = 0;       ///< a home's, with work
    std::size_t promises = 0;   ///< a home's rounds of asking for promises
    std::size_t keyRounds = 0;  ///< a home's rounds for one key
    std::size_t writes = 0;     ///< a home's records on their way
    std::size_t pending = 0;    ///< a replica's records that aren't durable yet
    std::size_t held = 0;       ///< messages that wait for the disk
    std::size_t timers = 0;
    std::size_t remembered = 0; ///< a replica's versions of recent operations
    std::size_t upkeep = 0;     ///< a replica's partitions with tombstones to drop
    std::size_t comparisons = 0; ///< a home's, of partitions; always some
    std::size_t repairKeys = 0; ///< of them, keys under way
    std::size_t evictions = 0;  ///< a home's, under way
};

/// How far a node is with what the change of its map asks of it.
struct CopyProgress
{
    std::uint64_t partitions = 0; ///< to copy, in all
    std::uint64_t copied = 0;     ///< of them, completely
    std::uint64_t records = 0;    ///< copied by this process
    std::uint64_t bytes = 0;      ///< of them: keys and values
};

/// Not thread-safe: one owner, one thread. Destroying it drops what is in flight.
class Core
{
public:
    /// @param stored what the store found; its identity names this node and its map lists it.
    /// @param records must outlive the core, as must logic. @param seed for pauses and choices, not for secrets.
    Core(const CoreOptions& options, const StoredState& stored, RecordSource& records, const OperationLogic& logic, std::uint64_t seed,
         Now now);
    ~Core();

    /// @param message  what the core keeps of it is moved from
    void receive(Now now, NodeId from, Message&& message);
    /// These messages come next, at least one. What the first of them will look up is looked up faster then; nothing else changes.
    /// @return how many these are: behind them it's worth calling again
    std::size_t expect(std::span<const Message> messages);
    /// A peer says who it is, before peerConnected.
    /// @return why it must not take part, a sentence for people; empty if it may.
    std::string peerIntroduced(Now now, NodeId peer, const PeerIntroduction& introduction);
    /// At the address of a member that isn't connected, a node with an empty disk waits for a cluster. To be told of again while it is so.
    /// @param newcomer as a map will list it, but without id and tokens
    void emptyNodeAt(Now now, NodeId member, Member newcomer);
    /// A link to a member is up: frames can be sent. A new incarnation of a peer implies a loss in between.
    void peerConnected(Now now, NodeId peer);
    /// Bytes came from it, be it a part of a message.
    void peerHeard(Now now, NodeId peer);
    /// The link is gone, and with it whatever was under way on it.
    void peerDisconnected(Now now, NodeId peer);
    /// All batches up to this one are durable and visible in the RecordSource. @param progress of this node's disk
    void persisted(Now now, PersistSequence upTo, std::uint64_t progress);
    /// What the disk still takes; reads go on in any case.
    void diskSpace(Now now, DiskSpace space);
    /// To be called at nextTick() at the latest; calling earlier does no harm.
    void tick(Now now);
    TimePoint nextTick() const;

    /// A change of one key. @param operation for OperationLogic.
    void submitWrite(Now now, RequestId request, std::string key, std::string operation, Level level);
    /// One key's record.
    void submitRead(Now now, RequestId request, std::string key, Level level);
    /// Living keys from a position on, at least one page of about `count` records or up to the ring's end.
    void submitScan(Now now, RequestId request, Position first, std::uint32_t count);
    void submitCount(Now now, RequestId request);
    void submitLocate(Now now, RequestId request, std::string key);
    /// The next map. @param builder makes it from the present one, whose revision it raises by one; run again if another map comes
    /// first. What it refuses is the problem that the completion tells.
    void submitMap(Now now, RequestId request, std::function<Result<ClusterMapPtr>(const ClusterMap&)> builder);

    Effects takeEffects();

    const ClusterMapPtr& map() const;
    NodeId self() const;
    const CoreCounters& counters() const;
    const PartitionCounts& countsOf(PartitionIndex partition) const;
    const Version& floorOf(PartitionIndex partition) const;
    /// How far the replicas are from being the same, as far as this node knows as a home.
    RepairState repairState() const;
    /// Clients' requests on keys at this node since the last call, per partition: [P], then reset.
    std::vector<std::uint32_t> takePartitionLoads();
    PeerHealth peerHealth(Now now, NodeId peer) const;
    std::uint64_t homeCount() const;
    std::uint64_t hintCount() const;
    std::uint64_t waitingOperations() const; ///< client requests in flight here
    /// Of this node's disk: what heartbeats tell.
    std::uint64_t progress() const;
    CoreSizes sizes() const;
    const CopyProgress& copyProgress() const;
    /// After CoreEvent::Leaving: no client is left here, and none will come. A map in which this node stays makes it void.
    void clientsGone();
    /// How fast a change of the ring may be copied to this node at most, beside what the map allows; bytes/s.
    void setCopyRate(std::uint64_t bytesPerSecond);
    /// How this node fares; see StrainBook.
    void setBusy(Now now, Busy busy);
    /// Takes effect at once, on what is held as well.
    void setRoom(Now now, const RoomLimit& room);
    const RoomLimit& room() const;
    /// What this node holds; see RoomLimit.
    std::uint64_t usedBytes() const;

private:
    struct Parts;
    std::unique_ptr<Parts> m_parts;
};

} // namespace quoit
