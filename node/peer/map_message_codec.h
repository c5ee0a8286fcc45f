// node/peer/map_message_codec.h - the messages about the map and its changes as bytes; see message_codec.cpp. Inside this room only.
#pragma once

#include "node/core/messages.h"

namespace quoit::codec {

void put(ByteWriter& writer, const MapPush& body);
void put(ByteWriter& writer, const MapRequest& body);
void get(ByteReader& reader, MapRequest& body);
void get(ByteReader& reader, MapPush& body);
void put(ByteWriter& writer, const MapPrepareRequest& body);
void get(ByteReader& reader, MapPrepareRequest& body);
void put(ByteWriter& writer, const MapPrepareReply& body);
void get(ByteReader& reader, MapPrepareReply& body);
void put(ByteWriter& writer, const MapAcceptRequest& body);
void get(ByteReader& reader, MapAcceptRequest& body);
void put(ByteWriter& writer, const MapAcceptReply& body);
void get(ByteReader& reader, MapAcceptReply& body);
void put(ByteWriter& writer, const ChangeReportRequest& body);
void get(ByteReader& reader, ChangeReportRequest& body);
void put(ByteWriter& writer, const ChangeReportReply& body);
void get(ByteReader& reader, ChangeReportReply& body);

} // namespace quoit::codec
