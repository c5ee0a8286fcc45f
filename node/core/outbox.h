// node/core/outbox.h - where the roles of one node put what they want done; keeps the order between disk and network.
// Pure. A message that speaks of something not yet durable waits here until persisted() says that it is.
#pragma once

#include "node/core/core.h"

#include <deque>
#include <span>
#include <utility>
#include <vector>

namespace quoit {

class Outbox
{
public:
    Outbox(NodeId self, Epoch epoch);
    void setEpoch(Epoch epoch) { m_epoch = epoch; }

    /// To a peer with the next effects; to oneself through the queue that nextLocal() empties.
    void send(NodeId to, MessageBody body);
    /// The same, but only once everything up to `after` is durable (0: at once). Messages that wait keep their order.
    void sendWhenDurable(PersistSequence after, NodeId to, MessageBody body);

    /// The batch that this turn fills; naming a sequence obliges the caller to add something to the batch.
    PersistBatch& batch() { return m_effects.persist; }
    PersistSequence batchSequence() const { return m_nextSequence; }
    /// Sets the newest state of a partition in the batch.
    void persistPartition(const PartitionState& state);
    void persisted(PersistSequence upTo);
    /// Drops what waits for the disk and this peer: its link is gone, as is whatever was under way on it.
    void dropHeld(NodeId peer);
    PersistSequence durable() const { return m_durable; }

    Effects& effects() { return m_effects; }
    Effects take();
    bool nextLocal(MessageBody& body);
    /// What nextLocal() will bring, in that order.
    std::span<const MessageBody> local() const { return std::span(m_local).subspan(m_localNext); }
    std::size_t heldCount() const { return m_held.size(); }

private:
    struct Held
    {
        PersistSequence after;
        NodeId to;
        MessageBody body;
    };

    NodeId m_self;
    Epoch m_epoch;
    Effects m_effects;
    PersistSequence m_nextSequence = 1;
    PersistSequence m_durable = 0;
    std::deque<Held> m_held; ///< ascending by `after`
    std::vector<MessageBody> m_local;
    std::size_t m_localNext = 0; ///< those before have been taken
    /// [P on demand] which batch holds a partition's newest state, and where.
    std::vector<std::pair<PersistSequence, std::size_t>> m_partitionPlace;
};

} // namespace quoit
