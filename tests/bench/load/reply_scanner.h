// tests/bench/load/reply_scanner.h - finds the ends of RESP replies in a stream, keeping nothing but their first line.
// Far less than a parser: bodies of bulk strings are skipped, arrays and other aggregates are refused. No sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quoit::bench {

/// The first line of a complete reply.
struct ScannedReply
{
    char kind = 0;           ///< '+', '-', ':', '$' or '_', as on the wire
    std::int64_t number = 0; ///< ':' its value; '$' its body in bytes, -1 for nil; else 0
    std::string_view text;   ///< the line without its kind; valid until the next call of the scanner
};

/// One connection's stream of replies. Not thread-safe.
class ReplyScanner
{
public:
    enum class Step { Reply, NeedMore, Broken };

    /// Takes bytes off the front of @p bytes up to the end of the next reply.
    /// @return Reply: @p reply is filled, more may follow in @p bytes. NeedMore: @p bytes is used up. Broken: this is
    /// no
    ///         reply that the scanner knows; the stream can't be used any more.
    Step next(std::string_view& bytes, ScannedReply& reply);

private:
    static constexpr std::size_t lineBytesMax = 1024;

    Step finishLine(ScannedReply& reply);

    std::string m_line; ///< what came of the line so far; whole lines stay until the next call, for ScannedReply::text
    bool m_lineIsOver = false;
    std::uint64_t m_bodyLeft = 0; ///< bytes of the body and its CR LF that are still to come
    bool m_inBody = false;
    ScannedReply m_current;
};

} // namespace quoit::bench
