// node/peer/repair_codec.h - the bodies of node/core/repair_messages.h as bytes; a part of node/peer/message_codec.
// Pure. Layouts are in repair_codec.cpp.
#pragma once

#include "node/core/repair_messages.h"
#include "shared/base/bytes.h"

namespace quoit::codec {

void put(ByteWriter& writer, const TreeRequest& body);
void put(ByteWriter& writer, const TreeReply& body);
void put(ByteWriter& writer, const FloorRequest& body);
void put(ByteWriter& writer, const FloorReply& body);
void put(ByteWriter& writer, const FloorFact& body);
// These fail the reader on anything malformed; the result is then meaningless.
void get(ByteReader& reader, TreeRequest& body);
void get(ByteReader& reader, TreeReply& body);
void get(ByteReader& reader, FloorRequest& body);
void get(ByteReader& reader, FloorReply& body);
void get(ByteReader& reader, FloorFact& body);

} // namespace quoit::codec
