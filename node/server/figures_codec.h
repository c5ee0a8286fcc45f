// node/server/figures_codec.h - what a heartbeat carries beside the beat: the sender's figures and the load of its
// partitions. Layout: version u8, program version as a blob, the figures as varints in their order in LoadFigures,
// flags u8 (1: storage full), count of partitions, each as varint distance to the one before and varint operations/s.
// Later versions may append.
#pragma once

#include "shared/admin/node_report.h"

#include <string>
#include <string_view>
#include <vector>

namespace quoit {

struct Gossip
{
    std::string programVersion;
    LoadFigures figures;
    std::vector<PartitionLoad> partitions; ///< whose home the sender is; only those with load, ascending
};

std::string encodeGossip(const Gossip& gossip);
/// @return false, and leaves it half changed, if the bytes are none of a version that this program knows.
bool decodeGossip(std::string_view bytes, Gossip& gossip);

} // namespace quoit
