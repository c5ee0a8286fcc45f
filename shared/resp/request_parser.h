// shared/resp/request_parser.h - takes clients' bytes, gives requests: arrays of bulk strings, and inline commands.
// Memory follows what has arrived, never what a length declares. Source of rules and error texts: networking.c of
// Redis 7.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quoit {

/// Cuts one connection's stream into requests. Any split of the stream into chunks gives the same requests and errors.
/// Use: read into writeSpace(), commit(), then next() until it says NeedMore, and only then read on: what was read and
/// not yet asked for with next() isn't limited here. Not thread-safe.
class RequestParser
{
public:
    struct Limits
    {
        std::size_t bulkBytesMax = 16 * 1024 * 1024 + 64 * 1024; ///< the largest value, and some more
        std::size_t argumentsMax = 1024 * 1024;
        std::size_t inlineBytesMax = 64 * 1024;         ///< an inline command, and the line of a length
        std::size_t requestBytesMax = 64 * 1024 * 1024; ///< all of one request; < 4 GiB
        std::size_t keptBytesMax = 16 * 1024;           ///< a larger buffer is given back as soon as it is empty
    };
    enum class Status {
        NeedMore, ///< nothing complete is left
        Request,  ///< one request, at least one argument
        Error,    ///< for good; see error()
    };

    RequestParser()
        : RequestParser(Limits())
    {}
    explicit RequestParser(const Limits& limits);

    /// Room for bytesMin bytes or more behind what was received. Invalidates the views of earlier requests.
    /// @return [writeSpaceBytes()], valid until the next call of anything
    char* writeSpace(std::size_t bytesMin);
    /// How many bytes fit where writeSpace() pointed.
    std::size_t writeSpaceBytes() const { return m_capacity - m_end; }
    /// Says how many bytes were written there.
    void commit(std::size_t byteCount);
    /// writeSpace(), copy and commit() in one.
    void append(std::string_view bytes);

    /// The next request. Empty ones (blank lines, "*0", "*-1") are skipped, as in Redis.
    /// @param arguments is replaced; the views hold until the next call of next(), writeSpace(), append() or shrink().
    Status next(std::vector<std::string_view>& arguments);

    /// Why Status::Error, to be sent to the client behind "ERR ": "Protocol error: invalid bulk length".
    const std::string& error() const { return m_error; }
    /// Received, and not yet part of a request that next() has given.
    std::size_t bufferedBytes() const { return m_end - m_begin; }
    /// Memory held, for statistics.
    std::size_t heldBytes() const { return m_capacity + m_spans.capacity() * sizeof(Span); }
    /// Gives all memory back if nothing is buffered; for connections that have been silent for a while.
    void shrink();

private:
    enum class Step { NeedMore, Request, Skip, Error };
    enum class Line { Found, NeedMore, TooLong };
    /// One argument, counted from m_begin: the buffer may move before the request is complete.
    struct Span
    {
        std::uint32_t offset;
        std::uint32_t byteCount;
    };

    Step parseArray(std::vector<std::string_view>& arguments);
    Step parseInline(std::vector<std::string_view>& arguments);
    Step readArgumentCount();
    Step readBulkLength();
    Line findLineEnd(char terminator, std::size_t& length);
    Step fail(std::string_view reason);
    void finishRequest();

    const Limits m_limits;

    std::unique_ptr<char[]> m_buffer; // [m_capacity]
    std::size_t m_capacity = 0;
    std::size_t m_begin = 0; // of the request being parsed
    std::size_t m_end = 0;   // of what was received

    // The request being parsed; offsets from m_begin.
    std::size_t m_cursor = 0;       // parsed up to here
    std::size_t m_scannedBytes = 0; // behind m_cursor, known to hold no line end
    std::size_t m_argumentsLeft = 0;
    std::ptrdiff_t m_bulkBytes = -1; // of the argument at m_cursor; -1: its length wasn't read yet
    std::vector<Span> m_spans;
    std::vector<std::string> m_inlineArguments; // what the last inline request's views point to
    std::string m_error;
};

} // namespace quoit
