// node/store/log_gather.h - what SQLite appends to its write-ahead log in pieces, the header and the page of one frame
// after the other, becomes one write to the file a transaction. Knows offsets, not what is in them.
//
// Nobody looks for a frame in the file before the last one of its transaction is written, but the connection that writes
// them: so that one ends the waiting, and whoever reads, syncs or measures the file calls flush() first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct sqlite3_file;

namespace quoit {

/// Of one connection. One thread. All codes are SQLite's.
class LogGather
{
public:
    /// Bytes of the file, from `begin` to before `end`.
    struct Range
    {
        std::int64_t begin = 0;
        std::int64_t end = 0;
    };

    /// What continues the log waits, everything else is written at once, behind what waits.
    /// @param file  where flush() writes as well
    /// @param more  the transaction goes on
    int write(sqlite3_file* file, std::string_view bytes, std::int64_t at, bool more);
    /// Writes what waits. After an error it is forgotten; SQLite rolls its transaction back then.
    int flush(sqlite3_file* file);
    /// The log begins anew. After flush().
    void beginAnew() { m_end = 0; }

    /// What the last call that failed left unwritten, or in no certain state.
    const Range& lost() const { return m_lost; }

private:
    int put(sqlite3_file* file, std::string_view bytes, std::int64_t at);

    std::string m_waiting;
    std::int64_t m_end = 0; ///< of all that was written, and of what waits
    Range m_lost;
};

} // namespace quoit
