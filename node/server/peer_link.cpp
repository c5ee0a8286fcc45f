#include "node/server/peer_link.h"

#include "node/server/clocks.h"

namespace quoit {

namespace {

constexpr std::size_t readBytes = 64 * 1024;

std::string bytesOf(const Hello& hello)
{
    std::string bytes;
    encodeHello(bytes, hello);
    return bytes;
}

} // namespace

PeerLink::PeerLink(Owner& owner, const Hello& own, qintptr descriptor)
    : m_owner(owner)
    , m_helloBytes(bytesOf(own))
    , m_expected(noNode)
    , m_dialled(false)
    , m_stream(TcpStream::accepted(descriptor, *this))
{
    if (!m_stream) {
        m_state = State::Closed;
        return;
    }
    m_peerText = m_stream->peerText();
    m_stream->write(m_helloBytes);
}

PeerLink::PeerLink(Owner& owner, const Hello& own, const Address& to, NodeId expected)
    : m_owner(owner)
    , m_helloBytes(bytesOf(own))
    , m_expected(expected)
    , m_dialled(true)
    , m_stream(TcpStream::dialled(to, *this))
    , m_peerText(to.toText())
{}

std::size_t PeerLink::flush()
{
    m_frames.finish();
    const std::size_t byteCount = m_frames.bytes().size();
    if (m_stream && m_state != State::Closed)
        m_stream->write(m_frames.bytes());
    m_frames.clear();
    return byteCount;
}

void PeerLink::abandon()
{
    m_state = State::Closed;
    if (m_stream)
        m_stream->abort();
}

void PeerLink::streamConnected()
{
    m_stream->write(m_helloBytes);
}

void PeerLink::streamReadable()
{
    // A link is read in portions, so that one peer can't hold the others up; poll() brings the rest.
    char* const space = m_buffer.writeSpace(readBytes);
    const std::size_t byteCount = m_stream->read(space, m_buffer.writeSpaceBytes());
    m_buffer.commit(byteCount);
    receivedBytes += byteCount;
    const Now now = readClocks(); // for all that has come
    if (byteCount > 0)
        m_owner.linkRead(*this, now);
    while (m_state != State::Closed && decodeBuffered(now)) {
    }
}

bool PeerLink::decodeBuffered(Now now)
{
    std::string error;
    if (!m_greeted) {
        switch (decodeHello(m_buffer, m_hello, error)) {
        case DecodeStatus::NeedMore:
            return false;
        case DecodeStatus::Error:
            fail(error);
            return false;
        case DecodeStatus::Ready:
            m_greeted = true;
            m_owner.linkGreeted(*this, now);
            return true;
        }
    }
    switch (decodeFrame(m_buffer, m_messages, error)) {
    case DecodeStatus::NeedMore:
        return false;
    case DecodeStatus::Error:
        fail(error);
        return false;
    case DecodeStatus::Ready:
        m_owner.linkMessages(*this, now, m_messages);
        return true;
    }
    return false;
}

void PeerLink::streamClosed(const std::string& reason)
{
    if (m_state == State::Closed)
        return;
    m_state = State::Closed;
    m_owner.linkClosed(*this, reason, false);
}

void PeerLink::fail(const std::string& reason)
{
    abandon();
    m_owner.linkClosed(*this, reason, true);
}

} // namespace quoit
