#include "node/core/hints.h"

namespace quoit {

Hints::Hints(Context& context, Replica& replica, const std::vector<Hint>& stored)
    : m_context(context)
    , m_replica(replica)
{
    for (const Hint& hint : stored) {
        m_peers[hint.node].waiting[hint.key] = {hint.version, 0};
        ++m_count;
        m_keyBytes += hint.key.size();
    }
}

void Hints::add(NodeId node, const std::string& key, const Version& version)
{
    Peer& peer = m_peers[node];
    const auto found = peer.waiting.find(key);
    if (found == peer.waiting.end()) {
        if (m_count >= m_context.options.hintsMax || m_keyBytes + key.size() > m_context.options.hintBytesMax) {
            ++m_context.counters.hintsDropped;
            return;
        }
        ++m_count;
        m_keyBytes += key.size();
        peer.waiting.emplace(key, Waiting{version, 0});
    } else if (found->second.version < version) {
        // An answer to what is under way for the older version must not remove the newer one.
        if (found->second.tag != 0) {
            m_underWay.erase(found->second.tag);
            --peer.underWay;
        }
        found->second = {version, 0};
    } else {
        return;
    }
    ++m_context.counters.hintsStored;
    m_context.outbox.batch().hintsAdded.push_back({node, positionOf(key), key, version});
}

void Hints::drop(NodeId node, Peer& peer, std::map<std::string, Waiting>::iterator hint)
{
    m_context.outbox.batch().hintsRemoved.push_back({node, positionOf(hint->first), hint->first, hint->second.version});
    if (hint->second.tag != 0) {
        m_underWay.erase(hint->second.tag);
        --peer.underWay;
    }
    m_keyBytes -= hint->first.size();
    peer.waiting.erase(hint);
    --m_count;
}

std::size_t Hints::countFor(NodeId node) const
{
    const auto peer = m_peers.find(node);
    return peer == m_peers.end() ? 0 : peer->second.waiting.size();
}

void Hints::deliver()
{
    for (auto& [node, peer] : m_peers) {
        if (peer.waiting.empty() || !m_context.detector.isUp(node))
            continue;
        if (peer.underWay > 0 && m_context.now.monotonic - peer.lastProgress > m_context.options.roundTimeout)
            onPeerLost(node);
        deliverTo(node, peer);
    }
}

void Hints::deliverTo(NodeId node, Peer& peer)
{
    auto hint = peer.waiting.lower_bound(peer.next);
    for (std::size_t looked = peer.waiting.size(); looked > 0 && peer.underWay < windowMax; --looked) {
        if (peer.waiting.empty())
            return;
        if (hint == peer.waiting.end())
            hint = peer.waiting.begin();
        const auto current = hint++;
        if (current->second.tag != 0)
            continue;
        const RecordPtr record = m_replica.find(current->first);
        if (!record || record->version != current->second.version) {
            // Replaced meanwhile; whoever saw the newer one chosen has a hint of its own for it.
            drop(node, peer, current);
            continue;
        }
        current->second.tag = m_context.newTag();
        peer.lastProgress = m_context.now.monotonic;
        m_underWay[current->second.tag] = {node, current->first};
        ++peer.underWay;
        ++m_context.counters.learnsSent;
        m_context.outbox.send(node, LearnRequest{current->second.tag, m_context.map->partitionOf(positionOf(current->first)), record});
    }
    peer.next = hint == peer.waiting.end() ? std::string() : hint->first;
}

bool Hints::handle(NodeId from, const LearnReply& reply)
{
    const auto found = m_underWay.find(reply.tag);
    if (found == m_underWay.end() || found->second.first != from)
        return false;
    Peer& peer = m_peers[from];
    peer.lastProgress = m_context.now.monotonic;
    const auto hint = peer.waiting.find(found->second.second);
    QUOIT_ENSURE(hint != peer.waiting.end());
    if (reply.status == ReplicaStatus::StorageFull) { // again later
        m_underWay.erase(found);
        hint->second.tag = 0;
        --peer.underWay;
        return true;
    }
    if (reply.status == ReplicaStatus::Ok)
        ++m_context.counters.hintsDelivered;
    drop(from, peer, hint);
    if (peer.underWay < windowMax / 2 && m_context.strains.own().percent < busyPercent)
        deliverTo(from, peer);
    return true;
}

void Hints::onAdopted()
{
    for (auto peer = m_peers.begin(); peer != m_peers.end();) {
        onPeerLost(peer->first); // what is under way was said in another epoch
        if (m_context.map->member(peer->first)) {
            ++peer;
            continue;
        }
        while (!peer->second.waiting.empty())
            drop(peer->first, peer->second, peer->second.waiting.begin());
        peer = m_peers.erase(peer);
    }
}

void Hints::onPeerLost(NodeId node)
{
    const auto found = m_peers.find(node);
    if (found == m_peers.end())
        return;
    for (auto& [key, waiting] : found->second.waiting) {
        if (waiting.tag != 0)
            m_underWay.erase(waiting.tag);
        waiting.tag = 0;
    }
    found->second.underWay = 0;
}

} // namespace quoit
