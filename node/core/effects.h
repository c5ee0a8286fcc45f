// node/core/effects.h - what a core wants done after an event: messages to send, a batch to persist, answers to requests. Pure values.
#pragma once

#include "node/core/messages.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace quoit {

/// Chosen by the caller of submit…(); comes back once, in a Completion.
using RequestId = std::uint64_t;

/// Consistency of one request.
enum class Level : std::uint8_t {
    One,    ///< reads only: the nearest replica's record, possibly stale
    Quorum, ///< linearizable
    All,    ///< every replica took part
};

enum class CompletionStatus : std::uint8_t {
    Done,
    Unknown,       ///< it may or may not have been carried out
    NoQuorum,      ///< surely not carried out: too few replicas answered in time
    Busy,          ///< surely not carried out: too much waits
    StorageFull,   ///< surely not carried out: the disks of its replicas are full, or it adds data and they nearly are
    NoRoom,        ///< surely not carried out: it adds data, and a replica holds all that it may
    NotEverywhere, ///< carried out on a majority, but not on every replica as level `all` asks
};

/// The end of a client's request.
struct Completion
{
    RequestId request = 0;
    CompletionStatus status = CompletionStatus::Done;
    std::string result; ///< of a write: RESP3 bytes
    RecordPtr record;   ///< of a read: a living record, or null for an absent (deleted, expired) key
};

/// One page of a scan over all keys in ring order.
struct ScanPage
{
    RequestId request = 0;
    CompletionStatus status = CompletionStatus::Done;
    std::vector<RecordSummary> records; ///< living ones, ascending by (position, key)
    Position next = 0; ///< where to go on; 0 when the ring's end was reached
};

/// Keys per partition, [P]; the figure that most replicas agree on.
struct CountResult
{
    RequestId request = 0;
    CompletionStatus status = CompletionStatus::Done;
    std::vector<std::uint64_t> keys;
};

/// What each replica holds of a key.
struct LocateResult
{
    RequestId request = 0;
    NodeId home = noNode; ///< believed
    std::vector<std::pair<NodeId, ReadReply>> replicas; ///< in preference order; those that answered
};

/// The end of a wish to change the map.
struct ChangeCompletion
{
    RequestId request = 0;
    CompletionStatus status = CompletionStatus::Done;
    std::string problem; ///< why it isn't changed, a sentence for people; empty: it is
};

struct Outgoing
{
    NodeId to = noNode;
    Message message;
};

/// Something that an operator wants to see.
struct CoreEvent
{
    enum class Kind {
        PeerUp,
        PeerSuspect,
        PeerDown,
        TookOver,
        HandedOver,
        StorageFull,
        StorageFree,
        MapAdopted, ///< count: its revision
        Leaving,    ///< the change that takes this node away is all but done: let the clients go, then call Core::clientsGone()
        Removed,    ///< this node is no member any more: it answers nothing from now on
    };
    Kind kind = Kind::PeerUp;
    NodeId node = noNode;
    std::uint64_t count = 0; ///< partitions, for TookOver and HandedOver
};

struct Effects
{
    std::vector<Outgoing> messages; ///< in order; never to oneself
    PersistBatch persist;           ///< empty() when there is nothing
    std::vector<Completion> completions;
    std::vector<ScanPage> scanPages;
    std::vector<CountResult> counts;
    std::vector<LocateResult> locations;
    std::vector<ChangeCompletion> changes;
    std::vector<CoreEvent> events;

    bool empty() const
    {
        return messages.empty() && persist.empty() && completions.empty() && scanPages.empty() && counts.empty() &&
               locations.empty() && changes.empty() && events.empty();
    }
};

} // namespace quoit
