#include "node/core/ballot.h"

#include <array>
#include <charconv>

namespace quoit {

std::string Version::toString() const
{
    return std::to_string(ballot.epoch) + '.' + std::to_string(ballot.round) + '.' + std::to_string(ballot.node) + '.' +
           std::to_string(sequence);
}

std::optional<Version> Version::fromString(std::string_view text)
{
    std::array<std::uint64_t, 4> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const char* const end = text.data() + text.size();
        const auto [next, error] = std::from_chars(text.data(), end, parts[i]);
        if (error != std::errc() || (i < 3 && (next == end || *next != '.')) || (i == 3 && next != end))
            return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(next - text.data()) + (i < 3 ? 1 : 0));
    }
    if (parts[2] > UINT32_MAX)
        return std::nullopt;
    return Version{{parts[0], parts[1], static_cast<NodeId>(parts[2])}, parts[3]};
}

void encode(ByteWriter& writer, const Ballot& ballot)
{
    writer.varint(ballot.epoch);
    writer.varint(ballot.round);
    writer.varint(ballot.node);
}

void encode(ByteWriter& writer, const Version& version)
{
    encode(writer, version.ballot);
    writer.varint(version.sequence);
}

void encode(ByteWriter& writer, const OperationId& id)
{
    writer.varint(id.coordinator);
    writer.varint(id.incarnation);
    writer.varint(id.counter);
}

Ballot decodeBallot(ByteReader& reader)
{
    Ballot ballot;
    ballot.epoch = reader.varint();
    ballot.round = reader.varint();
    const std::uint64_t node = reader.varint();
    if (node > UINT32_MAX)
        reader.fail();
    ballot.node = static_cast<NodeId>(node);
    return ballot;
}

Version decodeVersion(ByteReader& reader)
{
    Version version;
    version.ballot = decodeBallot(reader);
    version.sequence = reader.varint();
    return version;
}

OperationId decodeOperationId(ByteReader& reader)
{
    OperationId id;
    const std::uint64_t node = reader.varint();
    if (node > UINT32_MAX)
        reader.fail();
    id.coordinator = static_cast<NodeId>(node);
    id.incarnation = reader.varint();
    id.counter = reader.varint();
    return id;
}

} // namespace quoit
