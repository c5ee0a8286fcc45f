// node/peer/message_codec.h - one message between nodes as bytes: type u8, epoch varint, body. See message_codec.cpp
// for the bodies. Pure. The bytes of every type are fixed by tests/golden/peer; changing them means raising
// peerProtocolVersion.
#pragma once

#include "node/core/messages.h"
#include "shared/base/bytes.h"

namespace quoit {

/// Appends. WriteRequest and LearnRequest must have a record, MapPush a map.
void encodeMessage(ByteWriter& writer, const Message& message);

/// Fails the reader on anything malformed; the result is then meaningless. Reads exactly one message.
Message decodeMessage(ByteReader& reader);

} // namespace quoit
