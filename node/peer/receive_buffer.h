// node/peer/receive_buffer.h - holds what a connection received and nobody has used yet, in one piece.
// It grows with what arrives, never with what a length declares.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

namespace quoit {

/// Read into writeSpace(), commit(), look at view(), consume(). Not thread-safe.
class ReceiveBuffer
{
public:
    /// Room for at least bytesMin bytes behind what is there; writeSpaceBytes() says how many. Invalidates view().
    char* writeSpace(std::size_t bytesMin);
    std::size_t writeSpaceBytes() const { return m_capacity - m_end; }
    void commit(std::size_t byteCount) { m_end += byteCount; }
    void append(std::string_view bytes);

    /// Valid until the next writeSpace() or append().
    std::string_view view() const { return {m_buffer.get() + m_begin, m_end - m_begin}; }
    /// Drops bytes from the front; gives a large buffer back once it is empty, at the next writeSpace().
    void consume(std::size_t byteCount);

private:
    static constexpr std::size_t keptBytesMax = 256 * 1024;

    std::unique_ptr<char[]> m_buffer;
    std::size_t m_capacity = 0;
    std::size_t m_begin = 0;
    std::size_t m_end = 0;
};

} // namespace quoit
