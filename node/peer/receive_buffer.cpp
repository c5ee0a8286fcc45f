#include "node/peer/receive_buffer.h"

#include "shared/base/result.h"

#include <algorithm>
#include <cstring>

namespace quoit {

char* ReceiveBuffer::writeSpace(std::size_t bytesMin)
{
    if (m_begin == m_end) {
        m_begin = m_end = 0;
        if (m_capacity > keptBytesMax) {
            m_buffer.reset();
            m_capacity = 0;
        }
    }
    if (m_capacity - m_end >= bytesMin)
        return m_buffer.get() + m_end;
    const std::size_t usedBytes = m_end - m_begin;
    if (usedBytes + bytesMin <= m_capacity && m_begin >= m_capacity / 2) {
        std::memmove(m_buffer.get(), m_buffer.get() + m_begin, usedBytes);
    } else {
        const std::size_t capacity = std::max({usedBytes + bytesMin, usedBytes * 2, std::size_t(4096)});
        auto larger = std::make_unique_for_overwrite<char[]>(capacity);
        if (usedBytes > 0)
            std::memcpy(larger.get(), m_buffer.get() + m_begin, usedBytes);
        m_buffer = std::move(larger);
        m_capacity = capacity;
    }
    m_begin = 0;
    m_end = usedBytes;
    return m_buffer.get() + m_end;
}

void ReceiveBuffer::append(std::string_view bytes)
{
    if (bytes.empty())
        return;
    std::memcpy(writeSpace(bytes.size()), bytes.data(), bytes.size());
    commit(bytes.size());
}

void ReceiveBuffer::consume(std::size_t byteCount)
{
    QUOIT_ENSURE(byteCount <= m_end - m_begin);
    m_begin += byteCount;
}

} // namespace quoit
