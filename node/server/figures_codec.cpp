#include "node/server/figures_codec.h"

#include "shared/base/bytes.h"

namespace quoit {

namespace {

constexpr std::uint8_t formatVersion = 6;
constexpr std::size_t partitionsMax = 16384;

/// The figures in the order of the wire.
template <typename Figures, typename Visit>
void eachFigure(Figures& f, Visit visit)
{
    for (auto* figure : {&f.readsPerSecond,
                         &f.writesPerSecond,
                         &f.p50Us,
                         &f.p99Us,
                         &f.p999Us,
                         &f.cacheHitsPerSecond,
                         &f.cacheMissesPerSecond,
                         &f.memoryBytes,
                         &f.cacheBytes,
                         &f.diskBytes,
                         &f.diskFreeBytes,
                         &f.keys,
                         &f.tombstones,
                         &f.dataBytes,
                         &f.connections,
                         &f.waitingOperations,
                         &f.hints,
                         &f.homes,
                         &f.commitP50Us,
                         &f.commitP99Us,
                         &f.fsyncP50Us,
                         &f.fsyncP99Us,
                         &f.queuedBytes,
                         &f.cpuPermille,
                         &f.uptimeSeconds,
                         &f.partitionsToCopy,
                         &f.partitionsCopied,
                         &f.copiedBytes,
                         &f.mapRevision,
                         &f.expiredPerSecond,
                         &f.evictedPerSecond,
                         &f.cacheEvictionsPerSecond,
                         &f.busyPerSecond,
                         &f.errorsPerSecond,
                         &f.usedBytes,
                         &f.bytesMax,
                         &f.evictedKeys,
                         &f.refusedForRoom})
        visit(*figure);
}

void encodeHotKeys(ByteWriter& writer, const HotKeyList& list)
{
    writer.varint(list.floor);
    writer.varint(list.keys.size());
    for (const HotKeyRate& rate : list.keys) {
        writer.blob(rate.key);
        writer.varint(rate.perSecond);
        writer.varint(rate.error);
    }
}

void decodeHotKeys(ByteReader& reader, HotKeyList& list)
{
    list.floor = reader.varint();
    list.keys.clear();
    const std::uint64_t count = reader.count(3);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        HotKeyRate& rate = list.keys.emplace_back();
        rate.key = reader.blob().substr(0, SpaceSaving::keyBytesMax);
        rate.perSecond = reader.varint();
        rate.error = reader.varint();
    }
    // Later versions may list more than this one shows.
    if (list.keys.size() > HotKeys::listedMax)
        list.keys.resize(HotKeys::listedMax);
}

} // namespace

std::string encodeGossip(const Gossip& gossip)
{
    ByteWriter writer;
    writer.u8(formatVersion);
    writer.blob(gossip.programVersion);
    eachFigure(gossip.figures, [&writer](const std::uint64_t& figure) { writer.varint(figure); });
    writer.blob(gossip.figures.evictionPolicy);
    writer.u8(gossip.figures.storageFull ? 1 : 0);
    writer.varint(gossip.partitions.size());
    PartitionIndex before = 0;
    for (const PartitionLoad& load : gossip.partitions) {
        writer.varint(load.partition - before);
        writer.varint(load.operationsPerSecond);
        before = load.partition;
    }
    writer.varint(gossip.standings.size());
    for (const ReplicaStanding& standing : gossip.standings)
        for (const std::uint64_t number :
             {std::uint64_t(standing.node), standing.uncompared, standing.differing, standing.tombstonesWaiting})
            writer.varint(number);
    encodeHotKeys(writer, gossip.hotReads);
    encodeHotKeys(writer, gossip.hotWrites);
    writer.varint(gossip.sentMs);
    return std::move(writer.bytes);
}

bool decodeGossip(std::string_view bytes, Gossip& gossip)
{
    ByteReader reader(bytes);
    if (reader.u8() != formatVersion)
        return false;
    gossip.programVersion = reader.blob();
    eachFigure(gossip.figures, [&reader](std::uint64_t& figure) { figure = reader.varint(); });
    gossip.figures.evictionPolicy = reader.blob();
    gossip.figures.storageFull = (reader.u8() & 1) != 0;
    const std::uint64_t count = reader.count(2);
    gossip.partitions.clear();
    std::uint64_t partition = 0;
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        const std::uint64_t distance = reader.varint();
        if (distance >= partitionsMax - partition) // said so that nothing wraps around
            return false;
        partition += distance;
        gossip.partitions.push_back({static_cast<PartitionIndex>(partition), reader.varint()});
    }
    const std::uint64_t standings = reader.count(4);
    gossip.standings.clear();
    for (std::uint64_t i = 0; i < standings && reader.ok(); ++i) {
        ReplicaStanding& standing = gossip.standings.emplace_back();
        standing.node = static_cast<NodeId>(reader.varint());
        standing.uncompared = reader.varint();
        standing.differing = reader.varint();
        standing.tombstonesWaiting = reader.varint();
    }
    decodeHotKeys(reader, gossip.hotReads);
    decodeHotKeys(reader, gossip.hotWrites);
    gossip.sentMs = reader.varint();
    return reader.ok();
}

} // namespace quoit
