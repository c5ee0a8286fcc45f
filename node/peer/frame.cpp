#include "node/peer/frame.h"

#include "node/peer/message_codec.h"

#include <xxhash.h>

namespace quoit {

namespace {

constexpr std::size_t lengthBytes = 4;
constexpr std::size_t headerBytes = lengthBytes + 8;
constexpr std::size_t countBytes = 4;

void patch(std::string& bytes, std::size_t at, std::uint64_t value, int byteCount)
{
    for (int i = 0; i < byteCount; ++i)
        bytes[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (8 * i));
}

} // namespace

bool FrameWriter::add(const Message& message)
{
    std::string& bytes = m_writer.bytes;
    const bool isMap = std::holds_alternative<MapPush>(message.body);
    if (m_frameBegin != noFrame &&
        (bytes.size() - m_frameBegin > splitBytes || m_count == frameMessagesMax || (isMap && m_maps == frameMapsMax)))
        finish();
    const std::size_t before = bytes.size();
    const bool opened = m_frameBegin == noFrame;
    if (opened) {
        m_frameBegin = before;
        m_count = m_maps = 0;
        bytes.append(headerBytes + countBytes, '\0');
    }
    encodeMessage(m_writer, message);
    if (bytes.size() - m_frameBegin - headerBytes > frameBytesMax) {
        bytes.resize(before);
        if (opened) {
            m_frameBegin = noFrame;
            return false;
        }
        // It may fit into a frame of its own.
        finish();
        return add(message);
    }
    ++m_count;
    m_maps += isMap;
    return true;
}

void FrameWriter::finish()
{
    if (m_frameBegin == noFrame)
        return;
    std::string& bytes = m_writer.bytes;
    const std::size_t payloadBegin = m_frameBegin + headerBytes;
    const std::size_t payloadBytes = bytes.size() - payloadBegin;
    patch(bytes, payloadBegin, m_count, countBytes);
    patch(bytes, m_frameBegin, payloadBytes, lengthBytes);
    patch(bytes, m_frameBegin + lengthBytes, XXH3_64bits(bytes.data() + payloadBegin, payloadBytes), 8);
    m_frameBegin = noFrame;
}

void FrameWriter::clear()
{
    QUOIT_ENSURE(m_frameBegin == noFrame);
    if (m_writer.bytes.capacity() > keptBytesMax)
        m_writer.bytes = std::string();
    else
        m_writer.bytes.clear();
}

DecodeStatus decodeFrame(ReceiveBuffer& buffer, std::vector<Message>& messages, std::string& error)
{
    messages.clear();
    const std::string_view bytes = buffer.view();
    if (bytes.size() < lengthBytes)
        return DecodeStatus::NeedMore;
    ByteReader header(bytes);
    const std::size_t payloadBytes = header.u32();
    if (payloadBytes > frameBytesMax || payloadBytes < countBytes) {
        error = "a frame declares " + std::to_string(payloadBytes) + " bytes";
        return DecodeStatus::Error;
    }
    if (bytes.size() < headerBytes + payloadBytes)
        return DecodeStatus::NeedMore;
    const std::uint64_t checksum = header.u64();
    const std::string_view payload = bytes.substr(headerBytes, payloadBytes);
    if (checksum != XXH3_64bits(payload.data(), payload.size())) {
        error = "a frame has a wrong checksum";
        return DecodeStatus::Error;
    }
    ByteReader reader(payload);
    const std::uint32_t count = reader.u32();
    if (count > frameMessagesMax)
        reader.fail();
    std::uint32_t maps = 0;
    for (std::uint32_t i = 0; i < count && reader.ok(); ++i) {
        messages.push_back(decodeMessage(reader));
        maps += std::holds_alternative<MapPush>(messages.back().body);
        if (maps > frameMapsMax)
            reader.fail();
    }
    if (!reader.ok() || !reader.atEnd()) {
        messages.clear();
        error = "a frame holds a malformed message";
        return DecodeStatus::Error;
    }
    buffer.consume(headerBytes + payloadBytes);
    return DecodeStatus::Ready;
}

} // namespace quoit
