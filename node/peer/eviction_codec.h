// node/peer/eviction_codec.h - the bytes of eviction's messages. Inside this room only.
#pragma once

#include "node/core/eviction_messages.h"
#include "shared/base/bytes.h"

namespace quoit::codec {

void put(ByteWriter& writer, const UseRequest& body);
void get(ByteReader& reader, UseRequest& body);
void put(ByteWriter& writer, const UseReply& body);
void get(ByteReader& reader, UseReply& body);

} // namespace quoit::codec
