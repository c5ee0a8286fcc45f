// node/peer/frame.h - messages for one peer in frames: many in one, checked as a whole.
// Layout, little-endian: length u32 of the payload, checksum u64 (XXH3-64 of the payload), payload: count u32, then the
// messages. Design: resources/docs/protocol.md, "Messages between nodes".
#pragma once

#include "node/core/messages.h"
#include "node/peer/hello.h"
#include "node/peer/receive_buffer.h"
#include "shared/base/bytes.h"

#include <string>
#include <vector>

namespace quoit {

/// A longer payload is refused.
inline constexpr std::size_t frameBytesMax = 64 * 1024 * 1024;
/// More messages in one frame are refused.
inline constexpr std::size_t frameMessagesMax = 65536;
/// More maps in one frame are refused: each takes far more memory than bytes.
inline constexpr std::uint32_t frameMapsMax = 4;

/// Gathers messages for one peer as bytes, in frames. Not thread-safe.
class FrameWriter
{
public:
    /// Adds a message to the open frame, or to a new one if that has grown large.
    /// @return false if the message alone is longer than a frame may be; it is then left out.
    bool add(const Message& message);
    /// Closes the open frame. Call it before using bytes().
    void finish();
    /// Complete frames once finish() was called; whatever is appended to it directly comes before the next frame.
    std::string& bytes() { return m_writer.bytes; }
    const std::string& bytes() const { return m_writer.bytes; }
    /// Empties it; keeps the memory unless it is much.
    void clear();

private:
    static constexpr std::size_t splitBytes = 1024 * 1024; // a frame that is longer is closed
    static constexpr std::size_t keptBytesMax = 1024 * 1024;
    static constexpr std::size_t noFrame = static_cast<std::size_t>(-1);

    ByteWriter m_writer;
    std::size_t m_frameBegin = noFrame; // of the open frame's header
    std::uint32_t m_count = 0;          // messages in it
    std::uint32_t m_maps = 0;           // of them
};

/// Takes one frame off the front of the buffer; any split of the stream gives the same frames.
/// @param messages is replaced by the frame's messages, in order. @param error a sentence for the log, set with
/// DecodeStatus::Error.
DecodeStatus decodeFrame(ReceiveBuffer& buffer, std::vector<Message>& messages, std::string& error);

} // namespace quoit
