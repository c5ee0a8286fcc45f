#include "tests/bench/load/reply_scanner.h"

#include <algorithm>
#include <charconv>

namespace quoit::bench {

ReplyScanner::Step ReplyScanner::next(std::string_view& bytes, ScannedReply& reply)
{
    if (!m_inBody) {
        if (m_lineIsOver)
            m_line.clear();
        m_lineIsOver = false;
        const std::size_t end = bytes.find('\n');
        const std::size_t taken = end == std::string_view::npos ? bytes.size() : end + 1;
        if (m_line.size() + taken > lineBytesMax)
            return Step::Broken;
        m_line.append(bytes.substr(0, taken));
        bytes.remove_prefix(taken);
        if (end == std::string_view::npos)
            return Step::NeedMore;
        const Step step = finishLine(reply);
        if (step != Step::NeedMore)
            return step;
    }
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(m_bodyLeft, bytes.size()));
    bytes.remove_prefix(skipped);
    m_bodyLeft -= skipped;
    if (m_bodyLeft > 0)
        return Step::NeedMore;
    m_inBody = false;
    reply = m_current;
    return Step::Reply;
}

// The line is in m_line with its end. NeedMore: a body follows.
ReplyScanner::Step ReplyScanner::finishLine(ScannedReply& reply)
{
    if (m_line.size() < 3 || m_line[m_line.size() - 2] != '\r')
        return Step::Broken;
    m_lineIsOver = true;
    m_current = {m_line.front(), 0, {}};
    const std::string_view text(m_line.data() + 1, m_line.size() - 3);
    if (m_current.kind == ':' || m_current.kind == '$') {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), m_current.number);
        if (error != std::errc() || end != text.data() + text.size())
            return Step::Broken;
    }
    switch (m_current.kind) {
    case '$':
        if (m_current.number < -1)
            return Step::Broken;
        if (m_current.number >= 0) {
            m_bodyLeft = static_cast<std::uint64_t>(m_current.number) + 2;
            m_inBody = true;
            return Step::NeedMore;
        }
        break;
    case '+':
    case '-':
    case ':':
    case '_':
        break;
    default:
        return Step::Broken;
    }
    reply = m_current;
    reply.text = text;
    return Step::Reply;
}

} // namespace quoit::bench
