// node/peer/hello.h - the first bytes on a connection between nodes, in both directions: who speaks, and in which
// version. Layout: "QUOT", version u8, length u16 of the body, body, checksum u64 (XXH3-64 of the body). Body: cluster
// id, disk id, name, client, peer and HTTP address and program version as blobs, node id varint, incarnation u64, epoch
// u64, session u64, progress u64; later versions may append fields.
#pragma once

#include "node/peer/receive_buffer.h"
#include "shared/base/ids.h"

#include <string>

namespace quoit {

/// Raised when an older node could no longer understand a newer one.
inline constexpr std::uint8_t peerProtocolVersion = 1;

struct Hello
{
    std::string clusterId; ///< empty: waits for its cluster
    NodeId node = noNode;  ///< noNode: waits for its cluster
    std::string diskId;
    std::uint64_t incarnation = 0;
    std::uint64_t session = 0;  ///< see PeerIntroduction
    std::uint64_t progress = 0; ///< of its disk when the process started
    Epoch epoch = 0;
    std::string name;
    std::string clientAddress;
    std::string peerAddress;
    std::string httpAddress;
    std::string programVersion;

    bool operator==(const Hello&) const = default;
};

/// Appends it. Strings longer than 255 bytes are cut.
void encodeHello(std::string& out, const Hello& hello);

/// What came of looking at received bytes.
enum class DecodeStatus {
    NeedMore,
    Ready,
    Error, ///< for good; close the connection
};

/// Takes a hello off the front of the buffer. Speaks up at the first byte that can't be right.
/// @param error a sentence for the log, set with DecodeStatus::Error.
DecodeStatus decodeHello(ReceiveBuffer& buffer, Hello& hello, std::string& error);

} // namespace quoit
