#include "node/server/tcp_listener.h"

#include <sys/socket.h>

namespace quoit {

TcpListener::TcpListener(Accept accept)
    : m_accept(std::move(accept))
{
    setListenBacklogSize(1024);
}

Result<Address> TcpListener::start(const Address& address)
{
    const QHostAddress host = address.host == "localhost" ? QHostAddress(QHostAddress::LocalHost)
                                                          : QHostAddress(QString::fromStdString(address.host));
    if (listen(host, address.port))
        return Address{serverAddress().toString().toStdString(), serverPort()};
    const std::string reason = errorString().toStdString();
    std::string advice = "choose another address";
    if (serverError() == QAbstractSocket::AddressInUseError)
        advice = "another program uses it; stop that one or choose another port";
    else if (serverError() == QAbstractSocket::SocketAddressNotAvailableError)
        advice = "this machine has no such address; choose one of its own";
    else if (serverError() == QAbstractSocket::SocketAccessError)
        advice = "this user may not listen there; choose a port above 1023";
    return Error{ErrorCode::Unavailable, "can't listen on " + address.toText() + " (" + reason + "): " + advice};
}

void TcpListener::stop()
{
    const int descriptor = static_cast<int>(socketDescriptor());
    for (int accepted = 0; descriptor >= 0 && (accepted = ::accept4(descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
        m_accept(accepted);
    close();
}

} // namespace quoit
