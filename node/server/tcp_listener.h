// node/server/tcp_listener.h - a listening port that hands over raw descriptors.
#pragma once

#include "node/server/address.h"

#include <QTcpServer>
#include <functional>

namespace quoit {

class TcpListener : private QTcpServer
{
public:
    using Accept = std::function<void(qintptr descriptor)>;

    /// @param accept takes over each descriptor, or closes it
    explicit TcpListener(Accept accept);

    /// @param port 0: any free one. @return the bound address; Unavailable with a sentence that says what to do
    Result<Address> start(const Address& address);
    /// Whoever has connected already is accepted first.
    void stop();
    bool isListening() const { return QTcpServer::isListening(); }

protected:
    void incomingConnection(qintptr descriptor) override { m_accept(descriptor); }

private:
    Accept m_accept;
};

} // namespace quoit
