// node/server/peer_link.h - one connection to another node, from its hello to its end.
#pragma once

#include "node/peer/frame.h"
#include "node/server/tcp_stream.h"
#include "shared/base/time.h"

#include <memory>
#include <string>
#include <vector>

namespace quoit {

/// Never destroyed from within its owner's callbacks; PeerLinks clears closed ones away later.
class PeerLink final : private TcpStream::Owner
{
public:
    enum class State {
        Greeting, ///< our hello is on its way, theirs not here yet
        Looking,  ///< both have different maps: the other side was given this one if its own is older, else it may say farewell
        Adopting, ///< this node waits for a cluster; the other side is a member
        Behind,   ///< this node's map doesn't list the other side yet, which has a newer one
        Up,
        Closed,
    };

    class Owner
    {
    public:
        virtual ~Owner() = default;
        virtual void linkGreeted(PeerLink& link, Now now) = 0;
        virtual void linkRead(PeerLink&, Now) {} ///< bytes have come
        virtual void linkMessages(PeerLink& link, Now now, std::vector<Message>& messages) = 0;
        /// @param garbled true if the other side sent what it must not
        virtual void linkClosed(PeerLink& link, const std::string& reason, bool garbled) = 0;
    };

    /// Either takes over an accepted connection, or dials. @param expected whom a dialled link should reach
    PeerLink(Owner& owner, const Hello& own, qintptr descriptor);
    PeerLink(Owner& owner, const Hello& own, const Address& to, NodeId expected);

    State state() const { return m_state; }
    void enter(State state) { m_state = state; }
    bool isDialled() const { return m_dialled; }
    NodeId expected() const { return m_expected; }
    /// Valid once linkGreeted() was called.
    const Hello& hello() const { return m_hello; }
    const std::string& peerText() const { return m_peerText; }

    FrameWriter& frames() { return m_frames; }
    /// Everything that was added to frames(), in one write. @return bytes written
    std::size_t flush();
    std::size_t backlogBytes() const { return m_stream ? m_stream->backlogBytes() + m_frames.bytes().size() : 0; }
    /// Drops the connection with all that is unread and unsent; the owner isn't called.
    void abandon();

    /// Kept up by the owner, to notice silence.
    TimePoint lastReceived{};
    std::uint64_t receivedBytes = 0;

private:
    void streamConnected() override;
    void streamReadable() override;
    void streamClosed(const std::string& reason) override;
    void fail(const std::string& reason);
    bool decodeBuffered(Now now);

    Owner& m_owner;
    const std::string m_helloBytes;
    const NodeId m_expected;
    const bool m_dialled;
    State m_state = State::Greeting;
    bool m_greeted = false;
    std::unique_ptr<TcpStream> m_stream;
    std::string m_peerText;
    Hello m_hello;
    ReceiveBuffer m_buffer;
    FrameWriter m_frames;
    std::vector<Message> m_messages; ///< of the frame at hand; kept for its memory
};

} // namespace quoit
