// shared/resp/reply_parser.h - takes a server's bytes, gives values; the client's side of RESP2 and RESP3.
// Memory follows what has arrived, never what a length declares; nesting is counted, not recursed into.
#pragma once

#include "shared/resp/value.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// Cuts one connection's stream into values. Any split of the stream into chunks gives the same values and errors.
/// Attributes are read and dropped. Streamed strings and aggregates ("$?") aren't known. Not thread-safe.
class ReplyParser
{
public:
    struct Limits
    {
        std::size_t depthMax = 32; ///< aggregates within aggregates
        std::size_t lineBytesMax = 64 * 1024;
        std::size_t bulkBytesMax = 64 * 1024 * 1024;
        std::size_t elementsMax = 16 * 1024 * 1024;    ///< of one aggregate; a map's keys and values
        std::size_t valueBytesMax = 512 * 1024 * 1024; ///< all of one outermost value
    };

    ReplyParser()
        : ReplyParser(Limits())
    {}
    explicit ReplyParser(const Limits& limits)
        : m_limits(limits)
    {}

    /// Adds received bytes.
    void feed(std::string_view bytes);

    /// The next complete outermost value, or nothing: more bytes are needed, or failed().
    std::optional<RespValue> next();

    /// True once next() has met what isn't RESP or is past a limit; all later calls of next() return nothing.
    bool failed() const { return !m_error.empty(); }
    /// A sentence for people that says what was wrong; empty unless failed().
    const std::string& error() const { return m_error; }

private:
    /// An aggregate that isn't complete.
    struct Frame
    {
        RespValue value;
        std::size_t elementsLeft;
        bool isAttribute; // dropped when complete, and doesn't count as an element of what is around it
    };
    enum class Step { NeedMore, Value, Continue, Failed };

    Step parseOne(RespValue& value);
    Step parseLine(char type, std::string_view line, RespValue& value);
    Step startBulk(char type, std::string_view line, RespValue& value);
    Step takeBulk(RespValue& value);
    Step startAggregate(char type, std::string_view line, RespValue& value);
    bool settle(RespValue& value);
    std::optional<std::string_view> takeLine();
    Step fail(std::string message);

    const Limits m_limits;
    std::string m_buffer;
    std::size_t m_cursor = 0;       // parsed up to here
    std::size_t m_scannedBytes = 0; // behind m_cursor, known to hold no CR
    std::size_t m_valueBytes = 0;   // parsed of the outermost value so far
    std::vector<Frame> m_frames;    // outermost first
    char m_bulkType = 0;            // of the bulk whose length was read, 0 if none
    std::size_t m_bulkBytes = 0;
    std::string m_error;
};

} // namespace quoit
