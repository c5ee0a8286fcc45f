// node/core/ballot.h - the numbers that order homes (ballots), records (versions) and requests (operation ids).
// Pure. Design: resources/docs/protocol.md, "Terms".
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/ids.h"

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace quoit {

/// Who may order a partition's writes. Compared by epoch, then round, then node; the default is below every real one.
struct Ballot
{
    Epoch epoch = 0;
    std::uint64_t round = 0;
    NodeId node = noNode;

    auto operator<=>(const Ballot&) const = default;
    bool isNone() const { return epoch == 0; }
};

/// A record's place in the total order of its partition. The default is below every real one and means "never written".
struct Version
{
    Ballot ballot;
    std::uint64_t sequence = 0; ///< counts a home's records in one partition under one ballot, from 1 on

    auto operator<=>(const Version&) const = default;
    bool isNone() const { return ballot.isNone(); }
    /// "epoch.round.node.sequence", as clients see it.
    std::string toString() const;
    static std::optional<Version> fromString(std::string_view text);
};

/// Names one request of one client for as long as anybody may remember it.
struct OperationId
{
    NodeId coordinator = noNode;
    std::uint64_t incarnation = 0; ///< of the coordinator's process
    std::uint64_t counter = 0;

    auto operator<=>(const OperationId&) const = default;
};

void encode(ByteWriter& writer, const Ballot& ballot);
void encode(ByteWriter& writer, const Version& version);
void encode(ByteWriter& writer, const OperationId& id);
Ballot decodeBallot(ByteReader& reader);
Version decodeVersion(ByteReader& reader);
OperationId decodeOperationId(ByteReader& reader);

struct OperationIdHash
{
    std::size_t operator()(const OperationId& id) const
    {
        std::uint64_t h = id.counter * 0x9e3779b97f4a7c15ULL;
        h ^= (id.incarnation + (std::uint64_t(id.coordinator) << 32)) * 0xbf58476d1ce4e5b9ULL;
        return static_cast<std::size_t>(h ^ (h >> 29));
    }
};

} // namespace quoit
