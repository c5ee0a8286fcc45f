// node/store/store.h - where a node keeps what it must not lose: takes batches, makes them durable in order, and looks
// records up. The SQLite store and the simulator's disk implement it; whoever drives the core sees only this. Design:
// resources/docs/protocol.md, "What a replica stores"; node/core/persistence.h is the contract with the core.
#pragma once

#include "node/core/persistence.h"
#include "node/store/cache_policy.h"
#include "shared/base/histogram.h"
#include "shared/base/result.h"

#include <cstdint>
#include <string_view>

namespace quoit {

/// What was read to find damage, since the store was opened.
struct ScrubStatistics
{
    std::uint64_t pagesVerified = 0;
    std::uint64_t passes = 0;     ///< over the whole file
    std::int64_t passEndedMs = 0; ///< of the last one, Unix time; 0 before the first, and without threads
};

/// Counters since the store was opened, and a few levels of this moment.
struct StoreStatistics
{
    std::uint64_t batches = 0;          ///< made durable
    std::uint64_t transactions = 0;     ///< commits that they took; batches / transactions is the group commit's gain
    std::uint64_t recordsSubmitted = 0; ///< in those batches
    std::uint64_t recordsWritten = 0;   ///< of them, after several of one key in one transaction became one
    std::uint64_t checkpoints = 0;
    Histogram commitLatency;           ///< µs from taking the waiting batches to their fsync's end, one a transaction
    Histogram syncLatency;             ///< µs, of them the fsync alone
    Histogram checkpointLatency;       ///< µs
    std::uint64_t fileBytes = 0;       ///< the database with its log, as of the last transaction
    std::uint64_t queuedBatches = 0;   ///< submitted and not yet durable
    std::uint64_t queuedBytes = 0;     ///< of them, about
    std::uint64_t unfoldedRecords = 0; ///< durable in the log, and not yet in their table
    std::uint64_t cacheHits = 0;       ///< lookups answered from memory, known absences included
    std::uint64_t cacheMisses = 0;
    std::uint64_t cacheBytes = 0; ///< about
    std::uint64_t cacheEntries = 0;
    std::uint64_t cacheEvictions = 0;
    CachePolicyKind cachePolicy = CachePolicyKind::TinyLfu;
    std::uint64_t filteredLookups = 0; ///< of the misses, known to be absent without asking the disk
    std::uint64_t filterBytes = 0;     ///< memory that knows it
    DiskSpace disk = DiskSpace::Ample;
    ScrubStatistics scrub;
};

/// Hears what became of the batches. Outlives the store. Calls come on the store's own thread unless said otherwise,
/// and must return quickly.
class StoreListener
{
public:
    virtual ~StoreListener() = default;
    /// All batches up to this sequence are on disk. Ascending.
    /// @param progress  of the commit that brought them; see StoredState. Ascending, over all starts
    virtual void durable(PersistSequence upTo, std::uint64_t progress) = 0;
    /// Whenever it changes. None: batches wait, nothing is lost, and the store tries again by itself. Short: they go through, and it is up
    /// to the owner to submit no more than it must.
    virtual void diskSpace(DiskSpace space) = 0;
    /// Final: the disk can't be trusted any more. Called once; nothing becomes durable after it, and the process must
    /// answer nothing and exit. A failed read calls it on the owner's thread, before the lookup returns.
    /// @param error  Corrupt: something stored is damaged, and the next start is refused; else Io
    virtual void failed(const Error& error) = 0;
};

/// One owner's thread calls everything here; see StoreListener for the way back.
class Store : public RecordSource
{
public:
    /// What was found at the start. setIdentity updates identity, map and counts; batches don't.
    virtual const StoredState& state() const = 0;

    /// Takes the batch and returns at once. Sequences ascend from call to call. The batch may be seen by find() from
    /// now on. Never refuses: whoever submits watches queuedBytes() and the disk-full state. After failed() batches are
    /// dropped.
    virtual void submit(PersistBatch batch) = 0;

    /// What waits to become durable, in bytes of memory, about.
    virtual std::uint64_t queuedBytes() const = 0;

    /// Makes this folder a member's: node id and first map in one step. Returns when it is durable, after all that was
    /// submitted before.
    /// @param map  not null
    /// @return AlreadyExists if it is another member's already; DiskFull, with nothing changed; Io after failed().
    virtual Result<void> setIdentity(NodeId node, ClusterMapPtr map) = 0;

    /// Returns when all that was submitted is durable. @return DiskFull if there is no space now (the batches go on
    /// waiting); Io after failed().
    virtual Result<void> flush() = 0;

    /// Like flush, then puts the files in order and closes them. After it only state() and statistics() may be called.
    virtual Result<void> close() = 0;

    virtual StoreStatistics statistics() const = 0;
};

} // namespace quoit
