#include "node/core/outbox.h"

#include <algorithm>

namespace quoit {

namespace {
constexpr std::size_t localKeptMax = 1024; ///< room for so many messages is not given back
} // namespace

Outbox::Outbox(NodeId self, Epoch epoch)
    : m_self(self)
    , m_epoch(epoch)
{
}

void Outbox::send(NodeId to, MessageBody body)
{
    if (to == m_self)
        m_local.push_back(std::move(body));
    else
        m_effects.messages.push_back({to, {m_epoch, std::move(body)}});
}

void Outbox::sendWhenDurable(PersistSequence after, NodeId to, MessageBody body)
{
    if (after <= m_durable) {
        send(to, std::move(body));
        return;
    }
    // Nearly always the newest sequence, so that the search ends at once.
    auto place = m_held.end();
    while (place != m_held.begin() && std::prev(place)->after > after)
        --place;
    m_held.insert(place, {after, to, std::move(body)});
}

void Outbox::persistPartition(const PartitionState& state)
{
    auto& partitions = m_effects.persist.partitions;
    if (m_partitionPlace.size() <= state.partition)
        m_partitionPlace.resize(state.partition + 1);
    auto& [sequence, index] = m_partitionPlace[state.partition];
    if (sequence == m_nextSequence) {
        partitions[index] = state;
        return;
    }
    sequence = m_nextSequence;
    index = partitions.size();
    partitions.push_back(state);
}

void Outbox::persisted(PersistSequence upTo)
{
    m_durable = std::max(m_durable, upTo);
    while (!m_held.empty() && m_held.front().after <= m_durable) {
        Held held = std::move(m_held.front());
        m_held.pop_front();
        send(held.to, std::move(held.body));
    }
}

void Outbox::dropHeld(NodeId peer)
{
    std::erase_if(m_held, [peer](const Held& held) { return held.to == peer; });
}

Effects Outbox::take()
{
    if (!m_effects.persist.empty())
        m_effects.persist.sequence = m_nextSequence++;
    return std::exchange(m_effects, {});
}

bool Outbox::nextLocal(MessageBody& body)
{
    if (m_localNext == m_local.size())
        return false;
    body = std::move(m_local[m_localNext++]);
    if (m_localNext == m_local.size()) {
        m_localNext = 0;
        if (m_local.size() > localKeptMax)
            m_local = {};
        else
            m_local.clear();
    }
    return true;
}

} // namespace quoit
