// Fuzzes maps of the cluster, which come from peers and from the disk: shared/ring/cluster_map.
// Input: flags u8 (1: the rest gets a right head and checksum; 2: of the present format, else the one before), then a map.
#include "shared/base/bytes.h"
#include "shared/ring/cluster_map.h"
#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <xxhash.h>

using namespace quoit;

namespace {

std::string sealed(std::string_view body, std::uint8_t version)
{
    ByteWriter writer;
    writer.raw("QMAP");
    writer.u8(version);
    writer.raw(body);
    writer.u64(XXH3_64bits(writer.bytes.data(), writer.bytes.size()));
    return std::move(writer.bytes);
}

void checkReplicas(const ClusterMap& map)
{
    const std::size_t expected = std::min<std::size_t>(map.replicaCount(), map.parts().members.size());
    const PartitionIndex step = std::max<PartitionIndex>(map.partitionCount() / 64, 1);
    for (PartitionIndex partition = 0; partition < map.partitionCount(); partition += step) {
        const auto replicas = map.replicas(partition);
        FUZZ_CHECK(map.before(partition).size() == expected && map.owner(partition) == replicas.front());
        FUZZ_CHECK(map.isChanging() ? replicas.size() >= expected : replicas.size() == expected);
        for (std::size_t i = 0; i < replicas.size(); ++i) {
            FUZZ_CHECK(map.member(replicas[i]) && map.isReplica(partition, replicas[i]));
            FUZZ_CHECK(std::find(replicas.begin(), replicas.begin() + static_cast<std::ptrdiff_t>(i), replicas[i]) ==
                       replicas.begin() + static_cast<std::ptrdiff_t>(i));
        }
    }
    FUZZ_CHECK(map.partitionOf(0) == 0 && map.partitionOf(UINT64_MAX) == map.partitionCount() - 1);
    FUZZ_CHECK(!map.member(noNode));
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t byteCount)
{
    fuzz::Input input(data, byteCount);
    const std::uint8_t flags = input.u8();
    const std::string bytes = flags % 2 != 0 ? sealed(input.rest(), (flags & 2) != 0 ? 3 : 2) : std::string(input.rest());

    const fuzz::MemoryMeter meter;
    const Result<ClusterMapPtr> map = ClusterMap::decode(bytes);
    FUZZ_CHECK(meter.peakBytes() <= 1'500'000 + 32 * bytes.size());
    if (!map) {
        FUZZ_CHECK(!map.error().message.empty());
        return 0;
    }
    checkReplicas(*map.value());
    const std::string encoded = map.value()->encode();
    const Result<ClusterMapPtr> again = ClusterMap::decode(encoded);
    FUZZ_CHECK(again && again.value()->parts() == map.value()->parts());
    FUZZ_CHECK(again.value()->encode() == encoded);
    return 0;
}
