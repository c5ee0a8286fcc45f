#include "node/store/log_gather.h"

#include <sqlite3.h>

#include <algorithm>

namespace quoit {

namespace {
/// Bytes; with one page more it is less than the 128 KiB that SQLite's own layer writes at a time.
constexpr std::size_t waitingMax = 60 * 1024;
} // namespace

int LogGather::write(sqlite3_file* file, std::string_view bytes, std::int64_t at, bool more)
{
    const bool continues = m_waiting.empty() ? at >= m_end : at == m_end;
    if (!continues) {
        if (const int code = flush(file); code != SQLITE_OK)
            return code;
    }
    const auto end = at + static_cast<std::int64_t>(bytes.size());
    if (!continues && at < m_end) { // written once more, in place or after a rollback
        m_end = std::max(m_end, end);
        return put(file, bytes, at);
    }
    m_waiting += bytes;
    m_end = end;
    return more && m_waiting.size() < waitingMax ? SQLITE_OK : flush(file);
}

int LogGather::flush(sqlite3_file* file)
{
    if (m_waiting.empty())
        return SQLITE_OK;
    const std::int64_t begin = m_end - static_cast<std::int64_t>(m_waiting.size());
    const int code = put(file, m_waiting, begin);
    if (code != SQLITE_OK)
        m_end = begin;
    m_waiting.clear();
    return code;
}

int LogGather::put(sqlite3_file* file, std::string_view bytes, std::int64_t at)
{
    const int code = file->pMethods->xWrite(file, bytes.data(), static_cast<int>(bytes.size()), at);
    if (code != SQLITE_OK)
        m_lost = {at, at + static_cast<std::int64_t>(bytes.size())};
    return code;
}

} // namespace quoit
